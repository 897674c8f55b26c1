"""Events to Kafka, and into the disk spool while Kafka does not take them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress

import msgspec
import structlog

from services.contracts.heartbeat import Spool as SpoolState
from services.ingest.accumulator import Headers
from services.ingest.errors import RefusedError, UnavailableError
from services.ingest.frames import Frame
from services.ingest.group_commit import GroupCommit, report_end
from services.ingest.inflight import InFlight
from services.ingest.rejection import RejectionRecord
from services.ingest.sink import KafkaSink, Record, RejectedRecord
from services.ingest.spool import READ_TRIES_MAX, Chunk, Spool, StampedPayload

_log = structlog.get_logger(__name__)

# What is wrong with a record itself.
_UNSENDABLE = (RefusedError, msgspec.MsgspecError)
DRAIN_BYTES_MAX = 256 << 10
DRAIN_POLL_SECONDS = 0.1
DRAIN_BACKOFF_SECONDS = 0.5
# Each attempt may leave copies behind: Kafka may take a part of it again and again.
DRAIN_BACKOFF_SECONDS_MAX = 8.0
# So few are sent at once: new events wait for them instead of lengthening the queue for ever.
LAST_RECORDS_MAX = 2000


class _Entry(msgspec.Struct, array_like=True):
    """What a frame holds: a touchpoint with its key, or a rejected record with its headers."""

    key: bytes | None
    value: bytes
    headers: Headers = []


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(_Entry).decode


class SpoolingSink:
    """An `EventSink`: what Kafka cannot acknowledge now is on disk, and follows in order.

    While anything is in the spool, new events queue behind it, so that no customer's later event
    overtakes an earlier one.
    """

    def __init__(
        self,
        kafka: KafkaSink,
        spool: Spool,
        inflight: InFlight,
        *,
        bytes_max: int,
        waiting_bytes_max: int,
    ) -> None:
        self._kafka = kafka
        self._spool = spool
        self._inflight = inflight
        self._bytes_max = bytes_max
        self._writer = GroupCommit(spool, bytes_max=bytes_max, waiting_bytes_max=waiting_bytes_max)
        self._is_direct = not spool.held.records
        self._pending = asyncio.Event()
        if not self._is_direct:
            self._pending.set()
        self._gate: asyncio.Event | None = None
        self._backoff_seconds = DRAIN_BACKOFF_SECONDS
        self._singly = 0  # so many records are sent one by one: one of them is refused
        self.refused = 0

    @property
    def takes(self) -> bool:
        """Whether an event can be made durable now."""
        return self._writer.takes or (self._is_direct and self._kafka.is_up)

    @property
    def state(self) -> SpoolState:
        """As heartbeats tell it."""
        if not self._is_empty:
            return "pending"
        return "empty" if self._bytes_max else "none"

    @property
    def oldest(self) -> int | None:
        """Nothing in the spool was received before then; None: nothing is in it."""
        stamps = (self._spool.held.oldest, self._writer.oldest)
        return min((stamp for stamp in stamps if stamp is not None), default=None)

    @property
    def bytes(self) -> int:
        return self._spool.held.bytes

    @property
    def kept(self) -> int:
        """How many records went into the spool."""
        return self._writer.records

    @property
    def failures(self) -> int:
        """How often the disk failed."""
        return self._writer.failures

    @property
    def damaged_segments(self) -> int:
        """How many files were set aside because bytes of them cannot be read."""
        return self._spool.damaged_segments

    def start(self) -> None:
        """The spool is written and emptied until `stop`. The loop that ends by itself is told."""
        self._writer.start()
        self._drainer = asyncio.create_task(self._drain())
        self._drainer.add_done_callback(report_end)

    async def send(
        self, touchpoints: Sequence[Record], rejected: Sequence[RejectedRecord] = ()
    ) -> None:
        if self._gate is not None:
            await self._gate.wait()
        if self._is_direct:
            try:
                waiter = self._kafka.take(touchpoints, rejected)
                if waiter.pending:
                    await waiter.future
            except RefusedError:
                raise  # it would be refused again and again
            except UnavailableError:
                if not self._bytes_max:
                    raise
            else:
                return
        await self._keep(touchpoints, rejected)

    async def settle(self, seconds_max: float) -> bool:
        """Whether the spool is empty, after waiting for that while Kafka takes it."""
        await self._writer.settled()
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds_max):
                while self._kafka.is_up and not self._is_empty:  # noqa: ASYNC110  # two ends
                    await asyncio.sleep(DRAIN_POLL_SECONDS)
        return self._is_empty

    async def stop(self) -> None:
        """Nothing more is sent or written, and the folder is as the next process needs it."""
        self._drainer.cancel()
        await self._writer.stop()

    @property
    def _is_empty(self) -> bool:
        return self._writer.is_idle and not self._spool.held.records

    async def _keep(
        self, touchpoints: Sequence[Record], rejected: Sequence[RejectedRecord]
    ) -> None:
        # Those who send hold a ticket: what they received is not older than this.
        stamp = self._inflight.low_watermark()
        entries = [_Entry(key, value) for key, value in touchpoints]
        entries += [_Entry(None, record.value, record.headers) for record in rejected]
        records: list[StampedPayload] = [(stamp, _encode(entry)) for entry in entries]
        if not records:
            return
        self._is_direct = False
        self._pending.set()
        await self._writer.append(records)

    async def _drain(self) -> None:
        while True:
            await self._pending.wait()
            try:
                await self._empty()
                self._pending.clear()
                self._is_direct = True
            except Exception:  # noqa: BLE001  # whatever it is, what is there must be tried again
                _log.exception("spool_not_sent")
                self._open_gate()
                await asyncio.sleep(DRAIN_BACKOFF_SECONDS)
            finally:
                self._open_gate()

    async def _empty(self) -> None:
        """Returns when Kafka has all of it, with no turn of the loop in between."""
        is_proven = False
        while not self._is_empty:
            if is_proven and self._spool.held.records <= LAST_RECORDS_MAX:
                self._close_gate()
            is_proven = self._kafka.is_up and await self._send_chunk()
            if not is_proven:
                self._open_gate()
                await asyncio.sleep(DRAIN_POLL_SECONDS)

    def _close_gate(self) -> None:
        if self._gate is None:
            self._gate = asyncio.Event()

    def _open_gate(self) -> None:
        if self._gate is not None:
            self._gate.set()
            self._gate = None

    async def _send_chunk(self) -> bool:
        """Whether Kafka has the oldest records; they are behind then."""
        chunk = await self._read(1 if self._singly else DRAIN_BYTES_MAX)
        if chunk is None:
            await self._writer.settled()
            return True
        try:
            await self._send(chunk.frames)
        except _UNSENDABLE as error:
            if not await self._part_from(chunk, error):
                return False
        except UnavailableError as error:
            _log.debug("spool_waits", reason=error.message)
            self._open_gate()
            await asyncio.sleep(self._backoff_seconds)
            self._backoff_seconds = min(2 * self._backoff_seconds, DRAIN_BACKOFF_SECONDS_MAX)
            return False
        self._backoff_seconds = DRAIN_BACKOFF_SECONDS
        self._singly = max(0, self._singly - 1)
        await self._writer.in_thread(lambda: self._spool.advance(chunk))
        return True

    async def _part_from(self, chunk: Chunk, error: Exception) -> bool:
        """Whether what cannot be sent is set aside; of several each is tried by itself next."""
        if len(chunk.frames) == 1:
            return await self._set_aside(chunk.frames[0], error)
        self._singly = len(chunk.frames)
        return False

    async def _send(self, frames: Sequence[Frame]) -> None:
        entries = [_decode(frame.payload) for frame in frames]
        touchpoints = [(entry.key, entry.value) for entry in entries if entry.key is not None]
        rejected = [RejectionRecord(e.value, e.headers) for e in entries if e.key is None]
        await self._kafka.send(touchpoints, rejected)

    async def _set_aside(self, frame: Frame, error: Exception) -> bool:
        try:
            await self._writer.in_thread(lambda: self._spool.set_aside(frame))
        except OSError as failure:
            _log.error("spooled_event_not_set_aside", reason=str(error), error=str(failure))
            await asyncio.sleep(DRAIN_BACKOFF_SECONDS)
            return False
        self.refused += 1
        _log.error(
            "spooled_event_refused",
            reason=str(error),
            fix="it is in the file *.refused of the spool; does the topic take records this large?",
        )
        return True

    async def _read(self, bytes_max: int) -> Chunk | None:
        for _ in range(READ_TRIES_MAX):
            try:
                return await self._writer.in_thread(lambda: self._spool.read(bytes_max))
            except OSError as error:
                _log.error("spool_unreadable", error=str(error))
                await asyncio.sleep(DRAIN_BACKOFF_SECONDS)
        await self._writer.in_thread(self._spool.skip_segment)
        return await self._read(bytes_max)
