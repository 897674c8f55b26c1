"""Where accepted events become durable; `KafkaSink` is the only part of ingest that knows Kafka."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Protocol

import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError, MessageSizeTooLargeError, RecordListTooLargeError
from aiokafka.structs import TopicPartition

from services.ingest.accumulator import Accumulator, Batch, Builder, Headers, Lane, Waiter
from services.ingest.errors import RefusedError, UnavailableError
from services.settings import KafkaSettings

_log = structlog.get_logger(__name__)

BATCH_BYTES_MAX = 256 << 10
TICK_SECONDS = 0.1
START_SECONDS_MAX = 4.0
START_BACKOFF_SECONDS_MAX = 1.0
STOP_SECONDS_MAX = 2.0
# Longer than any request waits: the supervisor, not the library, decides that Kafka is stuck.
REQUEST_TIMEOUT_MS = 15_000

# What Kafka has against a batch itself: sent again it is refused again.
REFUSALS = (MessageSizeTooLargeError, RecordListTooLargeError)

Record = tuple[bytes, bytes]  # (key, value)


class RejectedRecord(Protocol):
    """A record of the rejected topic."""

    @property
    def value(self) -> bytes: ...
    @property
    def headers(self) -> Headers: ...


class EventSink(Protocol):
    """Makes events durable. A second one can stand before Kafka and keep them on disk."""

    async def send(
        self, touchpoints: Sequence[Record], rejected: Sequence[RejectedRecord] = ()
    ) -> None:
        """All are durable on return. Raises UnavailableError when that cannot be said in time.

        What was refused may still have been written: senders retry and repeats are known again.
        """


class KafkaSink:
    """Events to Kafka: acks=all, idempotent, replaced when the producer is broken or stuck.

    With `gives_way` nothing waits for another producer: who sends has another place for it, and
    what is written there must not overtake what waited here.
    """

    def __init__(
        self,
        settings: KafkaSettings,
        *,
        ack_seconds_max: float,
        inflight_bytes_max: int,
        gives_way: bool = False,
    ) -> None:
        self._settings = settings
        self._ack_seconds_max = ack_seconds_max
        self._inflight_bytes_max = inflight_bytes_max
        self._gives_way = gives_way
        self._loop = asyncio.get_running_loop()
        self._producer: AIOKafkaProducer | None = None
        self._accumulator = Accumulator(self._new_builder, self._leader_of, self._deliver)
        self._lanes: list[Lane] = []
        self._rejected_lane = Lane(settings.topics.rejected, 0)
        self._tasks: list[asyncio.Task[None]] = []
        self._broken = asyncio.Event()
        self._started = asyncio.Event()
        self._reason = "Kafka has not answered yet"
        self.is_up = False
        self.rebuilds = 0

    @property
    def bytes_in_flight(self) -> int:
        """What has been taken and is not acknowledged yet."""
        return self._accumulator.bytes

    def start(self) -> None:
        """A producer is being started, and replaced whenever it must be, until `stop`."""
        self._tasks = [
            self._loop.create_task(self._supervise()),
            self._loop.create_task(self._tick()),
        ]

    async def started(self) -> None:
        """Returns when the first producer has met Kafka."""
        await self._started.wait()

    async def send(
        self, touchpoints: Sequence[Record], rejected: Sequence[RejectedRecord] = ()
    ) -> None:
        waiter = self.take(touchpoints, rejected)
        if waiter.pending:
            await waiter.future

    def take(
        self, touchpoints: Sequence[Record], rejected: Sequence[RejectedRecord] = ()
    ) -> Waiter:
        """They are on their way; `send` is this and the wait. Raises UnavailableError."""
        self._require_room()
        waiter = Waiter(self._loop)
        self._accumulator.extend(self._lanes, touchpoints, waiter)
        for record in rejected:
            self._accumulator.append(
                self._rejected_lane, None, record.value, waiter, record.headers
            )
        self._accumulator.gathered()
        return waiter

    async def broadcast(self, value: bytes, headers: Headers) -> int:
        """The record is in every partition of the touchpoint topic.

        Returns the newest append time, in microseconds by the brokers' clocks.
        """
        if not self.is_up:
            raise UnavailableError(self._reason)
        waiter = Waiter(self._loop)
        for lane in self._lanes:
            self._accumulator.append(lane, None, value, waiter, headers)
        await waiter.future
        return waiter.append_time_ms * 1000

    async def stop(self, seconds_max: float) -> None:
        """What was taken is acknowledged or refused in `seconds_max`, and the producer gone."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds_max):
                await self._accumulator.drained()
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)
        self._accumulator.paused = True
        self.is_up = False
        await self._accumulator.abort_rounds("ingest is stopping")
        self._accumulator.fail_waiting("ingest is stopping", float("inf"))
        if self._producer is not None:
            await _close(self._producer)

    def _require_room(self) -> None:
        if not self.is_up:
            raise UnavailableError(self._reason)
        if self._accumulator.bytes > self._inflight_bytes_max:
            raise UnavailableError("too much is waiting for Kafka already")

    def _new_builder(self) -> Builder:
        assert self._producer is not None
        builder: Builder = self._producer.create_batch()
        return builder

    def _leader_of(self, lane: Lane) -> int:
        assert self._producer is not None
        cluster = self._producer.client.cluster
        leader = cluster.leader_for_partition(TopicPartition(lane.topic, lane.partition))
        return -1 if leader is None else int(leader)

    async def _deliver(self, batches: list[Batch]) -> None:
        producer = self._producer
        assert producer is not None
        batch = batches[0]
        try:
            futures = [
                await producer.send_batch(b.builder, b.lane.topic, partition=b.lane.partition)
                for b in batches
            ]
            for batch, future in zip(batches, futures, strict=True):
                metadata = await future
                self._accumulator.settle(batch, metadata.timestamp if metadata else -1)
        except Exception as error:  # noqa: BLE001  # whatever it is, requests must be answered
            reason = f"Kafka refused a batch: {error!r}"
            if isinstance(error, REFUSALS):
                self._accumulator.fail(batch, reason, RefusedError)
            for batch in batches:
                self._accumulator.fail(batch, reason)
            # A batch that failed has taken its sequence numbers: this producer is of no more use.
            self._break(reason)

    def _break(self, reason: str) -> None:
        self._reason = reason
        self._accumulator.paused = True
        self._broken.set()
        if self._gives_way:
            self.is_up = False
            self._accumulator.fail_waiting(reason, float("inf"))

    async def _supervise(self) -> None:
        while True:
            await self._start_producer()
            self._broken.clear()
            self._accumulator.paused = False
            self._accumulator.schedule()
            self.is_up = True
            self._started.set()
            await self._broken.wait()
            _log.warning("producer_replaced", reason=self._reason)
            self.rebuilds += 1
            await self._accumulator.abort_rounds(self._reason)
            assert self._producer is not None
            await _abandon(self._producer)

    async def _tick(self) -> None:
        """No request waits longer than it may, whatever state the producer is in."""
        while True:
            await asyncio.sleep(TICK_SECONDS)
            limit = self._loop.time() - self._ack_seconds_max
            self._accumulator.fail_waiting("Kafka is too slow", limit)
            if self._accumulator.paused:
                continue
            oldest = self._accumulator.oldest_in_flight()
            if oldest is not None and oldest < limit:
                self._break(f"Kafka acknowledged nothing for {self._ack_seconds_max:g} s")
            elif _sender_ended(self._producer):
                self._break("the producer's sender has ended")

    async def _start_producer(self) -> None:
        """Tries until there is a producer; from the first failure on requests are refused."""
        backoff = TICK_SECONDS
        while True:
            producer = self._new_producer()
            try:
                async with asyncio.timeout(START_SECONDS_MAX):
                    await producer.start()
                    await self._read_partitions(producer)
            except (KafkaError, OSError, TimeoutError) as error:
                await _abandon(producer)
                self._refuse(
                    f"Kafka at {self._settings.bootstrap} does not answer, or its topics are not"
                    f" made yet by `milepost topics`: {error!r}"
                )
            else:
                self._producer = producer
                return
            await asyncio.sleep(backoff)
            backoff = min(backoff * 2, START_BACKOFF_SECONDS_MAX)

    def _refuse(self, reason: str) -> None:
        if self.is_up or not self._started.is_set():
            _log.warning("kafka_away", reason=reason)
        self.is_up = False
        self._reason = reason
        self._accumulator.fail_waiting(reason, float("inf"))

    async def _read_partitions(self, producer: AIOKafkaProducer) -> None:
        topic = self._settings.topics.touchpoints
        count = len(await producer.partitions_for(topic))
        await producer.partitions_for(self._settings.topics.rejected)
        if not self._lanes:
            self._lanes = [Lane(topic, partition) for partition in range(count)]
        elif len(self._lanes) != count:
            # Keys would change their partition in mid stream, and with it their order.
            _log.error("partitions_changed", now=count, used=len(self._lanes), fix="restart ingest")

    def _new_producer(self) -> AIOKafkaProducer:
        return AIOKafkaProducer(
            **self._settings.client_options(),
            acks="all",
            enable_idempotence=True,
            max_batch_size=BATCH_BYTES_MAX,
            request_timeout_ms=REQUEST_TIMEOUT_MS,
            metadata_max_age_ms=60_000,
        )


def _sender_ended(producer: Any) -> bool:
    task = producer._sender.sender_task
    return task is None or task.done()


async def _close(producer: AIOKafkaProducer) -> None:
    """The producer is gone, by its own way where that does not hang."""
    try:
        async with asyncio.timeout(STOP_SECONDS_MAX):
            await producer.stop()
    except (TimeoutError, KafkaError, OSError):
        await _abandon(producer)


async def _abandon(producer: Any) -> None:
    """The producer is gone and writes nothing more.

    Its own `stop` waits for brokers that are away and leaves its sender running, which would
    write old events when they are back.
    """
    producer._closed = True
    sender = producer._sender.sender_task
    while sender is not None and not sender.done():
        sender.cancel()
        await asyncio.wait([sender], timeout=TICK_SECONDS)
    if sender is not None and not sender.cancelled():
        sender.exception()
    with suppress(KafkaError, OSError, TimeoutError):
        async with asyncio.timeout(STOP_SECONDS_MAX):
            await producer.client.close()
