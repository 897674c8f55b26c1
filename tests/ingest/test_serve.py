"""The whole ingest on a real Kafka: acknowledged is on the topic, and everyone is answered."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx2
import pytest
import pytest_asyncio
import segment.analytics

from services.cli.local.kafka import EmbeddedKafka
from services.contracts import heartbeat, rejected, touchpoint
from services.contracts.times import read_time
from services.contracts.touchpoint import partition_of
from services.ingest.instance import Instance
from services.ingest.run import ListenError, listen
from services.settings import IngestSettings, KafkaSettings, Settings
from tests.ingest.customers import Customer, require_all_in_order
from tests.ingest.memory import KEY
from tests.ingest.serving import (
    Running,
    events_in,
    limit_messages,
    records_of,
    serving,
    settings_of,
)
from tests.waiting import until


@pytest_asyncio.fixture
async def settings(kafka_settings: KafkaSettings, tmp_path: Path) -> Settings:
    return settings_of(kafka_settings, tmp_path)


@pytest_asyncio.fixture
async def ingest(settings: Settings) -> AsyncIterator[Running]:
    async with serving(settings) as running:
        yield running


@pytest_asyncio.fixture
async def spoolless(kafka_settings: KafkaSettings, tmp_path: Path) -> AsyncIterator[Running]:
    """An ingest that has Kafka alone to make an event durable."""
    async with serving(settings_of(kafka_settings, tmp_path, spool_dir=None)) as running:
        yield running


async def touchpoints_of(settings: Settings) -> dict[int, list[Any]]:
    return await records_of(settings.kafka, settings.kafka.topics.touchpoints)


async def test_what_is_acknowledged_is_on_the_topic(ingest: Running, settings: Settings) -> None:
    events = [{"type": "track", "event": "A", "userId": f"u{n}"} for n in range(30)]
    answer = await ingest.post("/v1/events", [*events, {"type": "page"}])
    assert answer.json()["accepted"] == 30
    found = await touchpoints_of(settings)
    keys = set()
    for partition, records in found.items():
        for record in events_in(records):
            assert partition == partition_of(record.key, len(found))
            kind, value = touchpoint.primary_identifier(touchpoint.decode(record.value).identifiers)
            assert record.key == f"{kind}:{value}".encode()
            keys.add(record.key)
    assert keys == {f"user_id:u{n}".encode() for n in range(30)}
    refused = await records_of(settings.kafka, settings.kafka.topics.rejected)
    (record,) = refused[0]
    assert rejected.decode(record.value).code == "no_identifier"
    assert dict(record.headers)["ce_type"] == b"milepost.event.rejected.v1"


async def test_an_instance_says_hello_beats_and_says_goodbye(settings: Settings) -> None:
    async with serving(settings) as running:
        for _ in range(3):
            await running.post("/v1/page", {"userId": "u"})
    async with serving(settings):
        pass
    for records in (await touchpoints_of(settings)).values():
        beats = [heartbeat.decode(r.value) for r in records if heartbeat.is_heartbeat(r.headers)]
        assert [beat.phase for beat in beats if beat.phase != "beat"] == ["hello", "goodbye"] * 2
        assert heartbeat.is_heartbeat(records[0].headers)
        assert heartbeat.is_heartbeat(records[-1].headers)
        assert len({beat.instance for beat in beats}) == 1
        assert sorted(beat.seq for beat in beats) == [beat.seq for beat in beats]
    stored = Instance(settings.ingest.spool_dir)
    assert not stored.is_live
    stored.close()


async def test_no_event_is_older_than_the_low_watermark_before_it(
    ingest: Running, settings: Settings
) -> None:
    async def customer(name: str) -> None:
        for _ in range(20):
            await ingest.post("/v1/page", {"userId": name})

    await asyncio.gather(*(customer(f"c{n}") for n in range(8)))
    for records in (await touchpoints_of(settings)).values():
        low = 0
        for record in records:
            if heartbeat.is_heartbeat(record.headers):
                low = heartbeat.decode(record.value).low_watermark
            else:
                stamp = touchpoint.decode(record.value).received_at
                assert read_time(stamp) >= low


async def test_nothing_acknowledged_is_lost_when_the_broker_is_killed(
    spoolless: Running, settings: Settings, kafka_server: EmbeddedKafka
) -> None:
    customers = [Customer(spoolless, f"c{n}") for n in range(16)]
    stop = asyncio.Event()
    running = [asyncio.create_task(customer.run(stop)) for customer in customers]

    async def all_have(count: int) -> bool:
        return all(len(customer.acknowledged) >= count for customer in customers)

    async def all_were_refused() -> bool:
        return all(customer.refusals for customer in customers)

    await until(lambda: all_have(5))
    await kafka_server.kill()
    await until(all_were_refused)
    await kafka_server.restart()
    before = max(len(customer.acknowledged) for customer in customers)
    await until(lambda: all_have(before + 5), seconds_max=60)
    stop.set()
    await asyncio.gather(*running)
    require_all_in_order(customers, await touchpoints_of(settings))
    metrics = (await spoolless.client.get("/metrics")).text
    assert "milepost_producer_rebuilds_total 0.0" not in metrics


async def test_a_short_absence_of_the_broker_refuses_nobody_for_good(
    spoolless: Running, settings: Settings, kafka_server: EmbeddedKafka
) -> None:
    posts = [
        asyncio.create_task(spoolless.post("/v1/page", {"userId": "u", "messageId": f"m{n}"}))
        for n in range(20)
    ]
    await kafka_server.kill()
    answers = await asyncio.gather(*posts)
    await kafka_server.restart()
    await until(spoolless.is_ready, seconds_max=30)
    assert {answer.status_code for answer in answers} <= {200, 503}
    taken = {f"m{n}" for n, answer in enumerate(answers) if answer.status_code == 200}
    found = await touchpoints_of(settings)
    ids = {touchpoint.decode(r.value).message_id for rs in found.values() for r in events_in(rs)}
    assert taken <= ids


async def test_a_broker_that_hangs_costs_a_refusal_and_no_more(
    kafka_settings: KafkaSettings, kafka_server: EmbeddedKafka, tmp_path: Path
) -> None:
    settings = settings_of(kafka_settings, tmp_path, ack_seconds_max=1.0, spool_dir=None)
    pid = kafka_server.pid
    assert pid is not None
    async with serving(settings) as ingest:
        os.kill(pid, signal.SIGSTOP)
        try:
            posts = (ingest.post("/v1/page", {"userId": f"u{n}"}) for n in range(10))
            answers = await asyncio.gather(*posts)
            native = await ingest.post("/v1/events", {"type": "page", "userId": "u"})
        finally:
            os.kill(pid, signal.SIGCONT)
        assert {answer.status_code for answer in answers} == {503}
        assert {answer.json()["success"] for answer in answers} == {False}
        assert (native.status_code, native.headers["retry-after"]) == (503, "2")
        assert native.headers["content-type"] == "application/problem+json"
        answer = await until(lambda: taken(ingest, {"userId": "after"}), seconds_max=30)
        assert answer is not None
    found = await touchpoints_of(settings)
    keys = {record.key for records in found.values() for record in events_in(records)}
    assert b"user_id:after" in keys


async def test_a_refused_batch_costs_one_producer_and_no_other_event(
    ingest: Running, settings: Settings
) -> None:
    await limit_messages(settings, 4000)
    large = {"userId": "u", "properties": {"x": "y" * 6000}}

    async def is_refused() -> bool:
        return (await ingest.post("/v1/page", large)).status_code == 503

    await until(is_refused)
    answer = await until(lambda: taken(ingest, {"userId": "u"}))
    assert answer.status_code == 200
    assert "milepost_producer_rebuilds_total 0.0" not in (await ingest.client.get("/metrics")).text


async def taken(ingest: Running, event: Any) -> httpx2.Response | None:
    answer = await ingest.post("/v1/page", event)
    return answer if answer.status_code == 200 else None


async def test_a_stop_answers_everyone_it_accepted(settings: Settings) -> None:
    async with serving(settings) as running:
        posts = [
            asyncio.create_task(answer_or_nothing(running, {"userId": "u", "messageId": f"m{n}"}))
            for n in range(60)
        ]
        await asyncio.wait(posts, return_when=asyncio.FIRST_COMPLETED)
        await running.stop()
        answers = await asyncio.gather(*posts)
    statuses = [answer.status_code for answer in answers if answer is not None]
    assert set(statuses) <= {200, 503}
    found = await touchpoints_of(settings)
    assert sum(len(events_in(records)) for records in found.values()) == statuses.count(200)


async def answer_or_nothing(running: Running, event: Any) -> httpx2.Response | None:
    with suppress(httpx2.TransportError):
        return await running.post("/v1/page", event)
    return None


async def test_without_kafka_it_lives_and_takes_nothing(tmp_path: Path) -> None:
    nowhere = KafkaSettings(bootstrap="127.0.0.1:9")
    async with serving(settings_of(nowhere, tmp_path), ready=False) as running:
        assert (await running.client.get("/livez")).status_code == 200
        assert (await running.client.get("/readyz")).status_code == 503
        answer = await running.post("/v1/events", {"type": "page", "userId": "u"})
        assert answer.status_code == 503
        assert answer.headers["retry-after"].isdigit()


async def test_the_segment_sdk_needs_another_host_and_nothing_else(
    ingest: Running, settings: Settings
) -> None:
    errors: list[object] = []
    client = segment.analytics.Client(
        KEY, host=ingest.url, gzip=True, on_error=lambda error, items: errors.append(error)
    )
    client.identify("u1", {"email": "Ann@Example.org"})
    client.track("u1", "Order Completed", {"order_id": "o1", "total": 12.5, "ratio": float("nan")})
    client.track("u1", "Product Added", {"sku": "ż"})
    client.alias("a1", "u1")
    await asyncio.to_thread(client.shutdown)
    assert not errors
    found = [record for rs in (await touchpoints_of(settings)).values() for record in events_in(rs)]
    calls = [touchpoint.decode(record.value) for record in found]
    assert [call.event for call in calls] == ["identify", "Product Added", "alias"]
    assert calls[0].identifiers == {"user_id": "u1", "email": "ann@example.org"}
    assert {call.clock for call in calls} == {"ok"}
    refused = await records_of(settings.kafka, settings.kafka.topics.rejected)
    assert [rejected.decode(r.value).code for r in refused[0]] == ["not_finite"]


async def test_operations_are_described_and_counted(ingest: Running) -> None:
    await ingest.post("/v1/page", {"userId": "u"})
    metrics = (await ingest.client.get("/metrics")).text
    sample = (
        'milepost_ingest_events_total{channel="website",outcome="accepted",source="web-shop"} 1.0'
    )
    assert sample in metrics
    assert "milepost_ingest_request_seconds_count" in metrics
    document = (await ingest.client.get("/openapi.json")).json()
    assert {"/v1/events", "/v1/batch", "/readyz"} <= set(document["paths"])
    page = await ingest.client.get("/docs")
    assert "/v1/events" in page.text
    assert "://" not in page.text
    missing = await ingest.client.get("/v1/nothing")
    assert missing.status_code == 404
    assert missing.headers["content-type"] == "application/problem+json"


def test_a_taken_port_is_said_in_one_line() -> None:
    with listen(IngestSettings(port=0)) as held:
        port = held.getsockname()[1]
        with pytest.raises(ListenError, match="MILEPOST_INGEST__PORT"):
            listen(IngestSettings(port=port))
