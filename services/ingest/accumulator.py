"""Records gathered per partition into batches, one produce request per broker at a time.

The client library pays for each record a future, a hash and a wake-up; here a record is bytes
appended to an open batch, and a request waits once for all of its batches.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine, Iterable, Sequence
from typing import Any, Protocol

from services.contracts.touchpoint import partition_of
from services.ingest.errors import UnavailableError

# What a record costs beside its key and value while it waits, about.
RECORD_OVERHEAD_BYTES = 128
# One turn reads what has arrived, the next runs the requests: after these turns all that was
# there when a batch was opened is in it. Rounds twice as large cost half as much per record.
GATHER_TURNS = 3
# Who was answered mostly sends again at once. A round that waits this long at most for as many
# requests as there were costs a third less per record than two half rounds by turns.
RETURN_SECONDS_MAX = 0.002

Headers = list[tuple[str, bytes]]
NO_HEADERS: Headers = []


class Builder(Protocol):
    """A batch in the making; `append` returns None when the record does not fit any more."""

    def append(
        self, *, timestamp: int | None, key: bytes | None, value: bytes | None, headers: Headers
    ) -> object: ...


class Waiter:
    """One request's wait: done when every batch that holds a record of it is acknowledged.

    A future of its own and not one shared by the batch, so that a cancelled request cancels
    nobody else's.
    """

    __slots__ = ("append_time_ms", "future", "pending")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.future: asyncio.Future[None] = loop.create_future()
        self.pending = 0
        self.append_time_ms = -1


class Batch:
    """Records of one partition and the requests that wait for them."""

    __slots__ = ("builder", "lane", "opened_at", "size", "waiters")

    def __init__(self, lane: Lane, builder: Builder, opened_at: float) -> None:
        self.lane = lane
        self.builder = builder
        self.opened_at = opened_at
        self.size = 0
        self.waiters: list[Waiter] = []


class Lane:
    """One partition: the batch that takes records now, and full ones before it, in order."""

    __slots__ = ("full", "open", "partition", "topic")

    def __init__(self, topic: str, partition: int) -> None:
        self.topic = topic
        self.partition = partition
        self.open: Batch | None = None
        self.full: deque[Batch] = deque()

    def next_batch(self) -> Batch | None:
        """Takes the oldest batch out."""
        if self.full:
            return self.full.popleft()
        batch, self.open = self.open, None
        return batch


Deliver = Callable[[list[Batch]], Coroutine[Any, Any, None]]


class Accumulator:
    """All lanes of one producer.

    `deliver` sends one batch of each of some lanes that share a broker and settles them; its next
    round starts when it returns, so batches grow under load without waiting when there is none.
    """

    def __init__(
        self,
        new_builder: Callable[[], Builder],
        leader_of: Callable[[Lane], int],
        deliver: Deliver,
        return_seconds_max: float = RETURN_SECONDS_MAX,
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._new_builder = new_builder
        self._leader_of = leader_of
        self._deliver = deliver
        self._return_seconds_max = return_seconds_max
        self._waiting: dict[Lane, None] = {}
        self._rounds: dict[int, tuple[asyncio.Task[None], list[Batch]]] = {}
        self._scheduled = False
        self._later: asyncio.TimerHandle | None = None
        self._gathered = 0  # requests that came since the last round began
        self._answered = 0
        self._expected = 0
        self._expected_until = 0.0
        self.paused = True
        self.bytes = 0

    def extend(
        self, lanes: Sequence[Lane], records: Iterable[tuple[bytes, bytes]], waiter: Waiter
    ) -> None:
        """Each record, a key and a value, is appended to the lane that its key belongs to."""
        count = len(lanes)
        taken = 0
        for key, value in records:
            lane = lanes[partition_of(key, count)]
            batch = lane.open or self._open(lane)
            append = batch.builder.append
            if append(timestamp=None, key=key, value=value, headers=NO_HEADERS) is None:
                self.append(lane, key, value, waiter)
                continue
            size = RECORD_OVERHEAD_BYTES + len(value)
            batch.size += size
            taken += size
            waiters = batch.waiters
            if not waiters or waiters[-1] is not waiter:
                waiters.append(waiter)
                waiter.pending += 1
        self.bytes += taken

    def append(
        self,
        lane: Lane,
        key: bytes | None,
        value: bytes,
        waiter: Waiter,
        headers: Headers = NO_HEADERS,
    ) -> None:
        """The record is in the lane's last batch and `waiter` waits for it."""
        batch = lane.open
        if batch is None:
            batch = self._open(lane)
        append = batch.builder.append
        if append(timestamp=None, key=key, value=value, headers=headers) is None:
            lane.full.append(batch)
            batch = self._open(lane)
            batch.builder.append(timestamp=None, key=key, value=value, headers=headers)
        size = RECORD_OVERHEAD_BYTES + len(value)
        batch.size += size
        self.bytes += size
        waiters = batch.waiters
        if not waiters or waiters[-1] is not waiter:
            waiters.append(waiter)
            waiter.pending += 1

    def gathered(self) -> None:
        """One request has appended all of its records."""
        self._gathered += 1
        if self._later is not None and self._gathered >= self._expected:
            self._later.cancel()
            self._later = None
            self._loop.call_soon(self._flush, 0)

    def _open(self, lane: Lane) -> Batch:
        batch = lane.open = Batch(lane, self._new_builder(), self._loop.time())
        self._waiting[lane] = None
        self.schedule()
        return batch

    def schedule(self) -> None:
        """What gathers within a few turns of the loop is sent after them."""
        if not self._scheduled and not self.paused:
            self._scheduled = True
            self._loop.call_soon(self._flush, GATHER_TURNS)

    def _flush(self, turns_left: int) -> None:
        if turns_left:
            self._loop.call_soon(self._flush, turns_left - 1)
            return
        missing = self._gathered < self._expected
        if missing and (seconds := self._expected_until - self._loop.time()) > 0:
            self._later = self._loop.call_later(seconds, self._flush, 0)
            return
        self._later = None
        self._scheduled = False
        if self.paused:
            return
        by_leader: dict[int, list[Lane]] = {}
        for lane in self._waiting:
            leader = self._leader_of(lane)
            if leader not in self._rounds:
                by_leader.setdefault(leader, []).append(lane)
        if by_leader:
            self._expected = self._gathered = 0
        for leader, lanes in by_leader.items():
            batches = [batch for lane in lanes if (batch := self._take(lane)) is not None]
            task = self._loop.create_task(self._round(leader, batches))
            self._rounds[leader] = task, batches

    def _take(self, lane: Lane) -> Batch | None:
        batch = lane.next_batch()
        if lane.open is None:
            del self._waiting[lane]
        return batch

    async def _round(self, leader: int, batches: list[Batch]) -> None:
        try:
            await self._deliver(batches)
        finally:
            self._rounds.pop(leader, None)
            self._expected = self._gathered + self._answered
            self._expected_until = self._loop.time() + self._return_seconds_max
            self._answered = 0
            if self._waiting:
                self.schedule()

    def settle(self, batch: Batch, append_time_ms: int) -> None:
        """The batch is acknowledged; requests that waited for it alone go on."""
        self.bytes -= batch.size
        for waiter in batch.waiters:
            waiter.pending -= 1
            if append_time_ms > waiter.append_time_ms:  # noqa: PLR1730  # a call costs more
                waiter.append_time_ms = append_time_ms
            if waiter.pending == 0 and not waiter.future.done():
                waiter.future.set_result(None)
                self._answered += 1
        batch.waiters = []
        batch.size = 0

    def fail(
        self, batch: Batch, reason: str, kind: type[UnavailableError] = UnavailableError
    ) -> None:
        """Everyone who waits for the batch is told that it did not become durable."""
        self.bytes -= batch.size
        for waiter in batch.waiters:
            if not waiter.future.done():
                waiter.future.set_exception(kind(reason))
        batch.waiters = []
        batch.size = 0

    def oldest_in_flight(self) -> float | None:
        """When the oldest batch that was sent and not acknowledged was opened, by the loop."""
        sent = (b.opened_at for _, batches in self._rounds.values() for b in batches if b.waiters)
        return min(sent, default=None)

    async def abort_rounds(self, reason: str) -> None:
        """No batch is in flight any more; requests waiting for those that were are answered."""
        rounds = list(self._rounds.values())
        for task, batches in rounds:
            task.cancel()
            for batch in batches:
                self.fail(batch, reason)
        if rounds:
            await asyncio.wait([task for task, _ in rounds])
        # A task cancelled before its first step never ran the end of its round.
        self._rounds.clear()

    def fail_waiting(self, reason: str, opened_before: float) -> None:
        """Batches not sent yet and opened before then are dropped, their requests answered."""
        for lane in list(self._waiting):
            while lane.full and lane.full[0].opened_at < opened_before:
                self.fail(lane.full.popleft(), reason)
            if not lane.full and lane.open and lane.open.opened_at < opened_before:
                self.fail(lane.open, reason)
                lane.open = None
                del self._waiting[lane]

    async def drained(self) -> None:
        """Returns when nothing is waiting or in flight."""
        while self._rounds or (self._waiting and not self.paused):
            if self._rounds:
                await asyncio.wait([task for task, _ in self._rounds.values()])
            await asyncio.sleep(0)
