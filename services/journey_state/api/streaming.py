"""The live stream: one reader of PostgreSQL for everybody who listens."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from time import monotonic

import structlog

from services.contracts.times import SECOND_US
from services.journey_state import stream_queries as queries
from services.journey_state.api.stream_events import (
    Event,
    Wanted,
    beat,
    events_of,
    frame,
    greeting,
    notice,
    status_values,
)
from services.journey_state.database import Database, DatabaseAwayError
from services.journey_state.places import Place, Snapshot

AWAY_TIMES = 5  # a look is so much rarer while PostgreSQL does not answer

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Bounds:
    """How often and how much; the names are those of docs/api.md."""

    look_seconds: float = 1.0
    status_seconds: float = 5.0
    heartbeat_seconds: float = 15.0
    clients_max: int = 200
    queue_events_max: int = 8000  # of one client: whoever is further behind is dropped
    look_events_max: int = 2000  # of one look, of each kind; more: `reset`
    replay_events_max: int = 5000
    replay_seconds_max: int = 3600
    replays_at_once: int = 2
    retry_milliseconds: int = 2000  # at least; up to twice as much, so that not all come at once
    chunk_bytes: int = 65536


class TooManyReadersError(Exception):
    """As many as may listen do, or the process stops: come again later."""


class Reader:
    """One client: what waits to be sent to it."""

    def __init__(self, stream: Stream, wanted: Wanted, start: Place) -> None:
        self.wanted = wanted
        self._stream = stream
        self._start = start
        self._frames: deque[bytes] = deque()
        self._more = asyncio.Event()
        self._ended = False
        self.came: Place | None = None
        self.reset: str | None = None

    def offer(self, framed: bytes) -> bool:
        """Have it sent; False, and no more will be, where too much waits already."""
        if len(self._frames) >= self._stream.bounds.queue_events_max:
            self._frames.clear()
            self.end()
            return False
        self._frames.append(framed)
        self._more.set()
        return True

    def end(self) -> None:
        """Nothing more is sent than what waits."""
        self._ended = True
        self._more.set()

    def leave(self) -> None:
        """The client is gone."""
        self._stream.forget(self)

    async def chunks(self) -> AsyncIterator[bytes]:
        """All that is to be sent, until the end."""
        bounds = self._stream.bounds
        least = bounds.retry_milliseconds
        yield greeting(random.randint(least, 2 * least))  # noqa: S311 - no secret
        async for chunk in self._replayed():
            yield chunk
        while True:
            while self._frames:
                yield self._joined(bounds.chunk_bytes)
            if self._ended:
                return
            self._more.clear()
            try:
                async with asyncio.timeout(bounds.heartbeat_seconds):
                    await self._more.wait()
            except TimeoutError:
                if not self._frames:  # all up to there was sent
                    yield beat(self._stream.place)

    def _joined(self, bytes_max: int) -> bytes:
        chunk = bytearray()
        while self._frames and len(chunk) < bytes_max:
            chunk += self._frames.popleft()
        return bytes(chunk)

    async def _replayed(self) -> AsyncIterator[bytes]:
        """What was written from where the client had come to where the live events begin."""
        missed: Sequence[bytes] = ()
        try:
            if self.came is not None:
                missed = await self._stream.replay(self.came, self._start, self.wanted)
        except _TooMuchError:
            self.reset = "too_many"
        except DatabaseAwayError:
            self._frames.clear()
            self.end()  # it comes again by itself, and asks for the same
            return
        if self.reset is None:
            yield b"".join(missed) + notice("ready", self._start, replayed=len(missed))
        else:
            yield notice("reset", self._start, reason=self.reset)
        if "status" in self.wanted.topics and self._stream.status is not None:
            yield self._stream.status


class _TooMuchError(Exception):
    """More was written than is replayed."""


class Stream:
    """Looks at what was written while anybody listens, and hands it to each of them."""

    def __init__(
        self,
        database: Database,
        clock: Callable[[], int],
        bounds: Bounds | None = None,
        *,
        on_dropped: Callable[[], None] = lambda: None,
    ) -> None:
        self.bounds = bounds or Bounds()
        self.status: bytes | None = None  # the newest figures
        self.place = Place(0, Snapshot(0, 0, frozenset()))
        self._on_dropped = on_dropped
        self._database = database
        self._clock = clock
        self._open: set[Reader] = set()  # until the answer ends
        self._listening: set[Reader] = set()
        self._looking = asyncio.Lock()
        self._looked_at = float("-inf")
        self._replaying = asyncio.Semaphore(self.bounds.replays_at_once)
        self._counted: deque[tuple[float, int]] = deque(maxlen=3)
        self._task: asyncio.Task[None] | None = None
        self._closed = False

    @property
    def readers(self) -> int:
        """How many listen or are being let go."""
        return len(self._open)

    async def join(self, wanted: Wanted, last: Place | str | None) -> Reader:
        """Someone listens from behind `last` on, or from now on; a text is no place at all.

        Raises TooManyReadersError and DatabaseAwayError.
        """
        self._admit()
        asked_at = monotonic()
        async with self._looking:
            # What is live from here on is behind whatever place was given out; one look does for
            # all who come at the same time.
            if self._looked_at <= asked_at:
                await self._look()
            self._admit()
            reader = Reader(self, wanted, self.place)
            self._begin(reader, last)
            self._open.add(reader)
            self._listening.add(reader)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._run(), name="stream")
        return reader

    def _admit(self) -> None:
        if self._closed or len(self._open) >= self.bounds.clients_max:
            raise TooManyReadersError

    def _begin(self, reader: Reader, last: Place | str | None) -> None:
        if isinstance(last, str):
            reader.reset = "unreadable"
        elif last is not None and last.newest.end > self.place.seen.end:
            reader.reset = "other_database"
        elif last is not None and self._clock() - last.at > (
            self.bounds.replay_seconds_max * SECOND_US
        ):
            reader.reset = "too_old"
        else:
            reader.came = last

    def forget(self, reader: Reader) -> None:
        """It is not sent anything any more."""
        self._open.discard(reader)
        self._listening.discard(reader)

    async def close(self) -> None:
        """Every answer ends with what waited to be sent; nobody is let in any more."""
        self._closed = True
        for reader in self._listening:
            reader.end()
        self._listening.clear()
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def replay(self, came: Place, to: Place, wanted: Wanted) -> list[bytes]:
        """What is between two places. Raises _TooMuchError and DatabaseAwayError."""
        most = self.bounds.replay_events_max
        async with self._replaying, self._database.reading() as connection:
            written = await queries.written_since(connection, came.seen, to.seen, limit=most + 1)
        if max(len(written.changes), len(written.signals)) > most:
            raise _TooMuchError
        frames = []
        before: list[Event] = []
        after: list[Event] = []
        for event in events_of(written):
            read = came.reading is not None and came.reading.sees(event.written_by)
            (before if read else after).append(event)
        for events, seen, reading in (
            (before, came.seen, came.newest),
            (after, came.newest, to.seen),
        ):
            for event in events:
                if not came.has(event.written_by, event.key) and wanted.takes(event):
                    place = Place(came.at, seen, reading, event.key)
                    frames.append(frame(event, place))
        return frames

    async def _run(self) -> None:
        """Until nobody listens."""
        try:
            await self._keep_looking()
        except Exception:  # noqa: BLE001 - whoever listens would wait for ever
            _log.exception("stream_failed")
        finally:
            self.status = None
            self._counted.clear()
            for reader in self._listening:
                reader.end()
            self._listening.clear()

    async def _keep_looking(self) -> None:
        away = False
        next_status = monotonic()
        while self._listening:
            try:
                async with self._looking:
                    await self._look()
                if monotonic() >= next_status:
                    next_status = monotonic() + self.bounds.status_seconds
                    await self._tell_status()
                away = False
            except DatabaseAwayError as error:
                if not away:
                    _log.warning("stream_waits_for_database", reason=str(error))
                away = True
            await asyncio.sleep(self.bounds.look_seconds * (AWAY_TIMES if away else 1))

    async def _look(self) -> None:
        """Whoever listens has what was committed before this was called; one at a time."""
        looked_at = monotonic()
        most = self.bounds.look_events_max
        before = self.place
        written = queries.Written([], [])
        async with self._database.reading() as connection:
            now = await queries.snapshot(connection)
            if self._listening and now != before.seen:
                seen = before.seen
                written = await queries.written_since(connection, seen, now, limit=most + 1)
        self.place = Place(self._clock(), now)
        if now.end < before.seen.end:  # a standby has taken over that was not as far
            self._tell_all(notice("reset", self.place, reason="other_database"))
        elif max(len(written.changes), len(written.signals)) > most:
            self._tell_all(notice("reset", self.place, reason="too_many"))
        else:
            self._tell(before, now, events_of(written))
        self._looked_at = looked_at

    def _tell(self, before: Place, now: Snapshot, events: Sequence[Event]) -> None:
        for event in events:
            takers = [one for one in self._listening if one.wanted.takes(event)]
            framed = frame(event, Place(before.at, before.seen, now, event.key))
            for reader in takers:
                self._offer(reader, framed)

    def _tell_all(self, framed: bytes, topic: str | None = None) -> None:
        for reader in list(self._listening):
            if topic is None or topic in reader.wanted.topics:
                self._offer(reader, framed)

    def _offer(self, reader: Reader, framed: bytes) -> None:
        if not reader.offer(framed):
            self._listening.discard(reader)
            self._on_dropped()
            _log.info("stream_client_dropped", reason="reads too slowly")

    async def _tell_status(self) -> None:
        async with self._database.reading() as connection:
            progress = await queries.progress(connection)
        began = self._counted[0] if self._counted else None
        self._counted.append((monotonic(), progress.touchpoints))
        rate = None
        if began is not None:
            rate = max(0, progress.touchpoints - began[1]) / (self._counted[-1][0] - began[0])
        values = status_values(progress, rate, self._clock())
        self.status = notice("status", **values)
        self._tell_all(notice("status", self.place, **values), "status")
