"""Records on the topic become stages, history, signals and messages, on real servers."""

from __future__ import annotations

from typing import Any

import asyncpg
import msgspec
from aiokafka import AIOKafkaConsumer, TopicPartition

from services.contracts.times import SECOND_US, to_datetime
from services.journey_state.store import releases
from services.journey_state.store.pool import Store
from services.settings import KafkaSettings
from tests.journey_state.running import (
    START_US,
    a_touchpoint,
    a_worker,
    beat,
    publish,
    read_topic,
    settings_for,
    until,
)


async def rows_of(url: str, query: str) -> list[Any]:
    connection = await asyncpg.connect(url)
    try:
        rows: list[Any] = await connection.fetch(query)
        return rows
    finally:
        await connection.close()


def decoded(records: list[Any]) -> list[dict[str, Any]]:
    return [msgspec.json.decode(record.value) for record in records if record.value]


async def test_an_order_becomes_a_stage_in_the_table_and_on_the_topic(
    kafka_settings: KafkaSettings, database_url: str
) -> None:
    settings = settings_for(kafka_settings, database_url)
    async with a_worker(settings):
        await publish(
            kafka_settings,
            [
                a_touchpoint("page", at=1, user="u1", type="page"),
                a_touchpoint("Product Viewed", at=2, user="u1"),
                a_touchpoint("Order Completed", at=3, user="u1"),
            ],
        )
        records = await read_topic(kafka_settings, kafka_settings.topics.stage_changes, 3)
        stages = await rows_of(database_url, "SELECT stage FROM stage_history ORDER BY entered_at")

    values = decoded(records)
    headers = dict(records[0].headers)
    trace = headers["ce_id"].decode().replace("-", "")
    assert headers["traceparent"].decode() == f"00-{trace}-{trace[16:]}-00"
    assert [v["current"] for v in values] == ["awareness", "consideration", "purchase"]
    assert [v["version"] for v in values] == [1, 2, 3]
    assert [v["direction"] for v in values] == ["first", "forward", "forward"]
    assert values[2]["dwell_seconds"] == 1.0
    assert [row["stage"] for row in stages] == ["awareness", "consideration", "purchase"]


async def test_a_worker_begins_where_postgresql_says_and_not_where_kafka_does(
    kafka_settings: KafkaSettings, database_url: str
) -> None:
    settings = settings_for(kafka_settings, database_url)
    topic = kafka_settings.topics.touchpoints
    visits = [a_touchpoint("page", at=n, user=f"u{n}", type="page") for n in range(6)]
    await publish(kafka_settings, visits, partition=0)
    consumer = AIOKafkaConsumer(group_id=settings.worker.group, **kafka_settings.client_options())
    await consumer.start()
    consumer.assign([TopicPartition(topic, 0)])
    await consumer.commit({TopicPartition(topic, 0): 4})
    await consumer.stop()
    async with a_worker(settings):
        found = await until(
            lambda: rows_of(
                database_url, "SELECT next_offset FROM consumer_offsets WHERE partition = 0"
            ),
            lambda rows: bool(rows) and rows[0][0] == 6,
        )
        assert len(await rows_of(database_url, "SELECT 1 FROM timeline")) == 6
    assert found


async def test_a_cart_left_alone_is_raised_once_and_a_late_order_retracts_it(
    kafka_settings: KafkaSettings, database_url: str
) -> None:
    settings = settings_for(kafka_settings, database_url)
    cart = {"cart_id": "c1", "product_id": "p1", "price": 10.5, "currency": "EUR"}
    async with a_worker(settings):
        await beat(kafka_settings, 0)
        await publish(
            kafka_settings, [a_touchpoint("Product Added", at=1, user="u2", properties=cart)]
        )
        await beat(kafka_settings, 1801 + 59)
        await until(
            lambda: rows_of(database_url, "SELECT at FROM watermark"), lambda r: bool(r[0]["at"])
        )
        assert await rows_of(database_url, "SELECT 1 FROM signals") == []
        await beat(kafka_settings, 1801 + 60)
        raised = await until(lambda: rows_of(database_url, "SELECT * FROM signals"), bool)
        await publish(
            kafka_settings, [a_touchpoint("Order Completed", at=900, user="u2", received=4000)]
        )
        records = await read_topic(kafka_settings, kafka_settings.topics.signals, 2)

    assert len(raised) == 1
    first, second = decoded(records)
    assert dict(records[0].headers)["ce_type"] == b"milepost.abandonment.raised.v1"
    assert (first["rule"], first["scope"], first["value"]) == ("cart", "c1", "10.5")
    assert first["items"][0]["product_id"] == "p1"
    assert dict(records[1].headers)["ce_type"] == b"milepost.abandonment.retracted.v1"
    assert second["signal_id"] == first["signal_id"]
    assert second["cause"]["kind"] == "late_event"
    assert second["version"] > first["version"]


async def test_a_released_instance_counts_nowhere_until_it_says_hello_again(
    kafka_settings: KafkaSettings, database_url: str
) -> None:
    async def watermark_is(wanted: float) -> None:
        await until(
            lambda: rows_of(database_url, "SELECT at FROM watermark"),
            lambda rows: rows[0][0] == from_microseconds(wanted),
        )

    def from_microseconds(at: float) -> Any:
        return to_datetime(START_US + int(at * SECOND_US))

    async with a_worker(settings_for(kafka_settings, database_url)):
        await beat(kafka_settings, 0, instance="gone", spool="pending")
        await beat(kafka_settings, 0, instance="live")
        await beat(kafka_settings, 50, instance="live")
        await watermark_is(0)
        store = await Store.connect(database_url)
        async with store.transaction() as connection:
            heard = await releases.last_heard(connection, "gone")
            assert heard is not None
            await releases.release(connection, "gone", heard.append_time)
        await beat(kafka_settings, 50, instance="live")
        await watermark_is(50)
        await beat(kafka_settings, 60, instance="gone", spool="pending")
        await beat(kafka_settings, 80, instance="live")
        await watermark_is(80)
        await beat(kafka_settings, 90, instance="gone", phase="hello")
        await beat(kafka_settings, 100, instance="live")
        await watermark_is(90)
        await store.close()
    assert await rows_of(database_url, "SELECT 1 FROM releases WHERE hello_at IS NOT NULL")
