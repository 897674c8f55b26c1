"""A worker in this process, records put on its topic, and what came of them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import msgspec
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from services.contracts import heartbeat, touchpoint
from services.contracts.heartbeat import Heartbeat
from services.contracts.times import SECOND_US, format_time
from services.contracts.touchpoint import Touchpoint, partition_of, record_key
from services.journey_state.active import activate
from services.journey_state.definition import Definition, shipped
from services.journey_state.store.pool import Store
from services.journey_state.worker import Worker, serve
from services.settings import DatabaseSettings, KafkaSettings, Settings, WorkerSettings

T = TypeVar("T")

START_US = 1_790_000_000 * SECOND_US
WAIT_SECONDS_MAX = 90.0


def settings_for(kafka: KafkaSettings, url: str, **groups: Any) -> Settings:
    """Settings of a worker with quick looks and the test's own group."""
    worker = WorkerSettings(
        group=kafka.topic_prefix, poll_milliseconds=20, tick_milliseconds=20, metrics_port=0
    )
    return Settings(kafka=kafka, database=DatabaseSettings(url=url), worker=worker, **groups)


def a_touchpoint(event: str, *, at: float, user: str | None = None, **fields: Any) -> Touchpoint:
    """An event `at` seconds after START_US, by a user or an anonymous id."""
    identifiers = dict(fields.pop("identifiers", {}))
    if user is not None:
        identifiers["user_id"] = user
    when = START_US + int(at * SECOND_US)
    received = START_US + int(fields.pop("received", at) * SECOND_US)
    properties = fields.pop("properties", {})
    fields.setdefault("message_id", f"{event}-{at}-{sorted(identifiers.items())}")
    fields.setdefault("type", "track")
    return Touchpoint(
        event=event,
        occurred_at=format_time(when),
        received_at=format_time(received),
        identifiers=identifiers,
        source=fields.pop("source", "shop"),
        channel=fields.pop("channel", "website"),
        properties=msgspec.Raw(msgspec.json.encode(properties)),
        **fields,
    )


@asynccontextmanager
async def a_producer(kafka: KafkaSettings) -> AsyncIterator[AIOKafkaProducer]:
    """A plain producer, as ingest's stand in the log."""
    producer = AIOKafkaProducer(**kafka.client_options(), acks="all")
    await producer.start()
    try:
        yield producer
    finally:
        await producer.stop()


async def publish(
    kafka: KafkaSettings, touchpoints: Sequence[Touchpoint], *, partition: int | None = None
) -> None:
    """Put touchpoints on the topic, each in its partition or all in the given one."""
    async with a_producer(kafka) as producer:
        for one in touchpoints:
            key = record_key(one.identifiers)
            await producer.send(
                kafka.topics.touchpoints,
                touchpoint.encode(one),
                key,
                partition=partition_of(key, kafka.partitions) if partition is None else partition,
            )


async def publish_raw(kafka: KafkaSettings, *values: bytes, partition: int = 0) -> None:
    """Put any bytes on the topic."""
    async with a_producer(kafka) as producer:
        for value in values:
            await producer.send_and_wait(kafka.topics.touchpoints, value, partition=partition)


async def beat(kafka: KafkaSettings, at: float, *, instance: str = "i1", **said: Any) -> None:
    """A heartbeat in every partition: all is durable up to `at` seconds after START_US."""
    said.setdefault("phase", "hello" if at == 0 else "beat")
    low_watermark = START_US + int(at * SECOND_US)
    message = Heartbeat(instance=instance, seq=time.time_ns(), low_watermark=low_watermark, **said)
    async with a_producer(kafka) as producer:
        for partition in range(kafka.partitions):
            await producer.send(
                kafka.topics.touchpoints,
                heartbeat.encode(message),
                partition=partition,
                headers=[heartbeat.HEADER],
            )


@asynccontextmanager
async def a_worker(
    settings: Settings, definition: Definition | None = None
) -> AsyncIterator[Worker]:
    """A worker that runs until the end of the block."""
    store = await Store.connect(settings.database.url)
    await activate(store, definition, shipped())
    worker = Worker(settings, store)
    stopping = asyncio.Event()
    running = asyncio.create_task(worker.run(stopping))
    try:
        yield worker
    finally:
        stopping.set()
        await running
        await store.close()


@asynccontextmanager
async def a_worker_role(settings: Settings) -> AsyncIterator[None]:
    """The whole role `worker`, as `milepost worker` runs it, until the end of the block."""
    stopping = asyncio.Event()
    running = asyncio.create_task(serve(settings, None, shipped(), stopping))
    try:
        yield
    finally:
        stopping.set()
        await running


async def until(ask: Callable[[], Awaitable[T]], is_so: Callable[[T], bool]) -> T:
    """The answer once it is so; the last answer is shown when it never is."""
    deadline = asyncio.get_running_loop().time() + WAIT_SECONDS_MAX
    while True:
        answer = await ask()
        if is_so(answer):
            return answer
        assert asyncio.get_running_loop().time() < deadline, f"still {answer!r}"
        await asyncio.sleep(0.02)


async def read_topic(kafka: KafkaSettings, topic: str, count: int) -> list[Any]:
    """The first `count` records of an output topic."""
    consumer = AIOKafkaConsumer(topic, **kafka.client_options(), auto_offset_reset="earliest")
    await consumer.start()
    try:
        async with asyncio.timeout(WAIT_SECONDS_MAX):
            return [await consumer.getone() for _ in range(count)]
    finally:
        await consumer.stop()


async def read_all(kafka: KafkaSettings, topic: str) -> list[Any]:
    """Every value that an output topic holds now, per partition in its order."""
    consumer = AIOKafkaConsumer(topic, **kafka.client_options(), auto_offset_reset="earliest")
    await consumer.start()
    try:
        ends = await consumer.end_offsets(consumer.assignment())
        values = []
        for partition, end in ends.items():
            while await consumer.position(partition) < end:
                found = await consumer.getmany(partition, timeout_ms=500)
                values += [
                    record.value and msgspec.json.decode(record.value)
                    for record in found.get(partition, [])
                ]
        return values
    finally:
        await consumer.stop()
