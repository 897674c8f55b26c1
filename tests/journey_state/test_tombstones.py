"""The newest record of an erased person's keys is a tombstone, whatever relays did (8.3)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence

import httpx2
import pytest_asyncio
from aiokafka import AIOKafkaConsumer

from services.contracts.times import SECOND_US
from services.contracts.touchpoint import partition_of
from services.journey_state.burying import AGAIN_SECONDS, bury_again
from services.journey_state.metrics import WorkerMetrics
from services.journey_state.relay import Relay
from services.settings import KafkaSettings
from tests.journey_state.applying import Applying, applying
from tests.journey_state.asking import serving
from tests.journey_state.lives import Life
from tests.journey_state.running import START_US, a_producer, until

ERASED_US = START_US + 20_000 * SECOND_US


@pytest_asyncio.fixture
async def worker(database_url: str) -> AsyncIterator[Applying]:
    async with applying(database_url) as worker:
        yield worker


@pytest_asyncio.fixture
async def client(database_url: str) -> AsyncIterator[httpx2.AsyncClient]:
    async with serving(database_url, clock=lambda: ERASED_US) as client:
        yield client


async def send(kafka: KafkaSettings, worker: Applying) -> None:
    """All that is queued, by a relay of its own."""
    metrics = WorkerMetrics()
    relay = Relay(kafka.client_options(), kafka.topics, worker.store, metrics, batch_max=100)
    stopping = asyncio.Event()
    running = asyncio.create_task(relay.run(stopping))
    await until(lambda: worker.execute("SELECT 1 FROM outbox"), lambda left: not left)
    stopping.set()
    await running


async def newest(kafka: KafkaSettings) -> dict[bytes, bytes | None]:
    """The newest record of each key of the compacted topic."""
    options = {**kafka.client_options(), "auto_offset_reset": "earliest"}
    consumer = AIOKafkaConsumer(kafka.topics.customers, **options)
    await consumer.start()
    found: dict[bytes, bytes | None] = {}
    try:
        for partition, end in (await consumer.end_offsets(consumer.assignment())).items():
            while await consumer.position(partition) < end:
                records = await consumer.getmany(partition, timeout_ms=500)
                found |= {one.key: one.value for one in records.get(partition, [])}
    finally:
        await consumer.stop()
    return found


def holding(records: dict[bytes, bytes | None], wanted: Sequence[bytes]) -> list[bytes]:
    return [key for key, value in records.items() if any(one in (value or b"") for one in wanted)]


async def test_what_a_lost_relay_sends_late_is_buried_again(
    kafka_settings: KafkaSettings, worker: Applying, client: httpx2.AsyncClient
) -> None:
    life = Life(worker, client)
    await life.before_the_cut()
    await send(kafka_settings, worker)
    sent = await newest(kafka_settings)
    assert holding(sent, life.wanted())
    answer = await client.delete("/v1/customers/user_id:ann-4711")
    receipt = answer.json()
    await send(kafka_settings, worker)
    assert holding(await newest(kafka_settings), life.wanted()) == []

    ids = [receipt["customer_id"], *receipt["merged_ids"]]
    assert await worker.execute("SELECT 1 FROM outbox") == []
    key = receipt["customer_id"].encode()
    async with a_producer(kafka_settings) as lost:
        # In its own partition, as relays do: only there is one record newer than another.
        partition = partition_of(key, kafka_settings.partitions)
        await lost.send_and_wait(
            kafka_settings.topics.customers, sent[key], key, partition=partition
        )
    assert holding(await newest(kafka_settings), life.wanted()) == [key]

    again = ERASED_US + int(AGAIN_SECONDS * SECOND_US)
    async with worker.store.transaction() as connection:
        assert [await bury_again(connection, now) for now in (again, again + 1, again + 2)] == [
            0, len(ids), 0
        ]  # fmt: skip
    await send(kafka_settings, worker)
    after = await newest(kafka_settings)
    assert holding(after, life.wanted()) == []
    assert {after[one.encode()] for one in ids} == {None}
