"""A real ingest with a spool while the real Kafka is away: 200 all the same, nothing lost."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx2
import pytest_asyncio

from services.contracts import heartbeat, rejected, touchpoint
from services.contracts.heartbeat import Heartbeat
from services.contracts.times import read_time
from services.settings import KafkaSettings, Settings
from tests.ingest.customers import Customer, require_all_in_order
from tests.ingest.processes import Process, away
from tests.ingest.serving import (
    Running,
    events_in,
    limit_messages,
    records_of,
    serving,
    settings_of,
)
from tests.waiting import until

if TYPE_CHECKING:
    from services.cli.local.kafka import EmbeddedKafka

ACK_SECONDS = 0.5


@pytest_asyncio.fixture
async def settings(kafka_settings: KafkaSettings, tmp_path: Path) -> Settings:
    return settings_of(kafka_settings, tmp_path, ack_seconds_max=ACK_SECONDS)


async def touchpoints_of(settings: Settings) -> dict[int, list[Any]]:
    return await records_of(settings.kafka, settings.kafka.topics.touchpoints)


def beats_in(found: dict[int, list[Any]]) -> list[list[Heartbeat]]:
    """The heartbeats of each partition, as they stand there."""
    return [
        [heartbeat.decode(r.value) for r in records if heartbeat.is_heartbeat(r.headers)]
        for records in found.values()
    ]


async def gauge(running: Running, name: str) -> float:
    text = (await running.client.get("/metrics")).text
    return float(next(line.split()[1] for line in text.splitlines() if line.startswith(name)))


async def is_drained(running: Running) -> bool:
    return await gauge(running, "milepost_ingest_spool_bytes") == 0


async def test_while_the_broker_is_killed_everybody_is_answered_200_in_order(
    settings: Settings, kafka_server: EmbeddedKafka
) -> None:
    async with serving(settings) as ingest:
        customers = [Customer(ingest, f"c{n}") for n in range(16)]
        stop = asyncio.Event()
        running = [asyncio.create_task(customer.run(stop)) for customer in customers]

        async def all_have(count: int) -> bool:
            return all(len(customer.acknowledged) >= count for customer in customers)

        await until(lambda: all_have(5))
        await kafka_server.kill()
        before = max(len(customer.acknowledged) for customer in customers)
        await until(lambda: all_have(before + 20))
        assert await ingest.is_ready()
        assert await gauge(ingest, "milepost_ingest_spool_oldest_seconds") > 0
        await kafka_server.restart()
        await until(lambda: is_drained(ingest), seconds_max=60)
        before = max(len(customer.acknowledged) for customer in customers)
        await until(lambda: all_have(before + 5))
        stop.set()
        await asyncio.gather(*running)
        assert not sum(customer.refusals for customer in customers)
    found = await touchpoints_of(settings)
    require_all_in_order(customers, found)
    for beats in beats_in(found):
        assert {beat.spool for beat in beats} >= {"empty"}
        assert beats[-1].phase == "goodbye"
    require_heartbeats_true(found)


def require_heartbeats_true(found: dict[int, list[Any]]) -> None:
    """No first copy of an event is older than the low watermark said before it."""
    seen = set()
    for records in found.values():
        low = 0
        for record in records:
            if heartbeat.is_heartbeat(record.headers):
                low = heartbeat.decode(record.value).low_watermark
                continue
            event = touchpoint.decode(record.value)
            if event.message_id not in seen:
                assert read_time(event.received_at) >= low
            seen.add(event.message_id)


async def test_what_was_taken_survives_kills_while_the_broker_is_away(
    settings: Settings, kafka_server: EmbeddedKafka, tmp_path: Path
) -> None:
    process = Process(settings, tmp_path)
    async with process.running(signal.SIGKILL):
        await process.take("before", seconds_max=40)
        with away(kafka_server):
            await process.take("spooled")
    with away(kafka_server) as broker:
        async with process.running(signal.SIGTERM):
            for number in range(20):
                await process.take(f"after a restart {number}", seconds_max=40)
            os.kill(broker, signal.SIGCONT)
            await until(process.is_drained, seconds_max=40)
            await process.take("after")
    found = await touchpoints_of(settings)
    events = [touchpoint.decode(r.value) for rs in found.values() for r in events_in(rs)]
    assert {event.message_id for event in events} >= set(process.taken)
    require_heartbeats_true(found)
    for beats in beats_in(found):
        assert len({beat.instance for beat in beats}) == 1
        assert beats[-1].phase == "goodbye"


async def test_a_stop_with_events_in_the_spool_says_no_goodbye(
    settings: Settings, kafka_server: EmbeddedKafka
) -> None:
    async with serving(settings) as ingest:
        with away(kafka_server):
            answer = await ingest.post("/v1/events", {"type": "page", "userId": "u"})
            assert answer.status_code == 200
            rejected_one = await ingest.post("/v1/events", {"type": "page"})
            assert rejected_one.json()["rejected"] == 1
            await ingest.stop()
    assert {b.phase for beats in beats_in(await touchpoints_of(settings)) for b in beats} <= {
        "hello",
        "beat",
    }
    async with serving(settings) as ingest:
        await until(lambda: is_drained(ingest))
    found = await touchpoints_of(settings)
    # The broker may have found what was given up on in its socket.
    assert {r.key for records in found.values() for r in events_in(records)} == {b"user_id:u"}
    refused = await records_of(settings.kafka, settings.kafka.topics.rejected)
    assert {rejected.decode(r.value).code for r in refused[0]} == {"no_identifier"}
    for beats in beats_in(found):
        assert beats[-1].phase == "goodbye"


async def test_a_full_spool_is_503_and_not_ready_until_there_is_room(
    kafka_settings: KafkaSettings, kafka_server: EmbeddedKafka, tmp_path: Path
) -> None:
    settings = settings_of(
        kafka_settings, tmp_path, ack_seconds_max=ACK_SECONDS, spool_bytes_max=20_000
    )
    taken: list[str] = []
    async with serving(settings) as ingest:
        with away(kafka_server):
            while (await post_numbered(ingest, len(taken))).status_code == 200:
                taken.append(f"m{len(taken)}")
            refused = await post_numbered(ingest, len(taken))
            assert (refused.status_code, refused.headers["retry-after"]) == (503, "2")
            assert "full" in refused.json()["detail"]
            assert not await ingest.is_ready()
            assert 0 < await gauge(ingest, "milepost_ingest_spool_bytes") <= 20_000
        await until(ingest.is_ready, seconds_max=40)
        await until(lambda: is_drained(ingest), seconds_max=40)
        assert (await post_numbered(ingest, len(taken))).status_code == 200
    found = await touchpoints_of(settings)
    ids = [touchpoint.decode(r.value).message_id for rs in found.values() for r in events_in(rs)]
    assert len(taken) > 10
    assert set(ids) == {*taken, f"m{len(taken)}"}


async def test_a_folder_with_no_room_for_events_is_that_of_an_ingest_without_a_spool(
    kafka_settings: KafkaSettings, kafka_server: EmbeddedKafka, tmp_path: Path
) -> None:
    settings = settings_of(kafka_settings, tmp_path, ack_seconds_max=ACK_SECONDS, spool_bytes_max=0)
    async with serving(settings) as ingest:
        with away(kafka_server):
            refused = await post_numbered(ingest, 0)
            assert (refused.status_code, "Kafka" in refused.json()["detail"]) == (503, True)

        async def taken() -> bool:
            return (await post_numbered(ingest, 1)).status_code == 200

        await until(taken, seconds_max=40)
    for beats in beats_in(await touchpoints_of(settings)):
        assert {beat.spool for beat in beats} == {"none"}


async def post_numbered(ingest: Running, number: int) -> httpx2.Response:
    event = {"type": "page", "userId": "u", "messageId": f"m{number}"}
    return await ingest.post("/v1/events", event)


async def test_a_record_that_kafka_refuses_is_set_aside_and_stops_no_other(
    settings: Settings, kafka_server: EmbeddedKafka, tmp_path: Path
) -> None:
    await limit_messages(settings, 4000)
    large = {"userId": "u", "messageId": "large", "properties": {"x": "y" * 6000}}
    async with serving(settings) as ingest:
        with away(kafka_server):
            assert (await post_numbered(ingest, 0)).status_code == 200
            assert (await ingest.post("/v1/page", large)).status_code == 200
            assert (await post_numbered(ingest, 1)).status_code == 200
        await until(lambda: is_drained(ingest), seconds_max=40)
        assert await gauge(ingest, "milepost_ingest_spool_refused_total") == 1
        await until(ingest.is_ready)
    found = await touchpoints_of(settings)
    ids = {touchpoint.decode(r.value).message_id for rs in found.values() for r in events_in(rs)}
    assert ids == {"m0", "m1"}
    (kept,) = (tmp_path / "spool").glob("*.refused")
    assert b"y" * 6000 in kept.read_bytes()
