"""Records set aside: the brake, and their way back through the topic."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import httpx2
import pytest

from services.contracts import touchpoint as wire
from services.journey_state.api.app import create_app
from services.journey_state.database import Database
from services.settings import KafkaSettings, Settings, WorkerSettings
from tests.journey_state.running import (
    a_touchpoint,
    a_worker,
    beat,
    publish,
    publish_raw,
    read_all,
    settings_for,
    until,
)


async def one(url: str, query: str) -> Any:
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval(query)
    finally:
        await connection.close()


async def run(url: str, statement: str) -> None:
    connection = await asyncpg.connect(url)
    await connection.execute(statement)
    await connection.close()


@asynccontextmanager
async def api_of(settings: Settings) -> AsyncIterator[httpx2.AsyncClient]:
    database = Database.at(settings.database.url, connections_max=2)
    app = create_app(settings, database)
    transport = httpx2.ASGITransport(app=app, client=("127.0.0.1", 40000))
    async with httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1:8001") as client:
        yield client
    await app.state.asking.operator.close()
    await database.close()


async def offset_is(url: str, wanted: int) -> None:
    await until(
        lambda: one(url, "SELECT next_offset FROM consumer_offsets WHERE partition = 0"),
        lambda offset: offset == wanted,
    )


def braking_early(settings: Settings) -> Settings:
    worker = WorkerSettings(
        **{**settings.worker.model_dump(), "dead_letters_run_records": 3, "batch_records_max": 4}
    )
    return settings.model_copy(update={"worker": worker})


async def test_bad_records_in_a_row_stop_a_partition_until_it_is_let_go_on(
    kafka_settings: KafkaSettings, database_url: str
) -> None:
    settings = braking_early(settings_for(kafka_settings, database_url))
    await publish_raw(kafka_settings, *[b"bad"] * 2, b"{}", b"bad")
    await beat(kafka_settings, 10)
    async with a_worker(settings):
        reason = await until(
            lambda: one(database_url, "SELECT stopped FROM consumer_offsets WHERE partition = 0"),
            bool,
        )
    async with a_worker(settings), api_of(settings) as api:
        status = await until(
            lambda: one_status(api), lambda found: bool(found["watermark"]["holds"])
        )
        assert await one(database_url, "SELECT count(*) FROM dead_letters") == 3
        went = (await api.post("/v1/partitions/0/resume")).json()
        await offset_is(database_url, 5)
        again = (await api.post("/v1/partitions/0/resume")).json()

    assert reason == "3 records in a row failed"
    assert status["watermark"]["at"] is None
    assert status["watermark"]["holds"][0]["reason"] == "stopped"
    assert went == {"partition": 0, "next_offset": 3, "stopped": reason}
    assert again == {"partition": 0, "next_offset": 5, "stopped": None}
    assert await one(database_url, "SELECT count(*) FROM dead_letters") == 4


async def one_status(api: httpx2.AsyncClient) -> Any:
    return (await api.get("/v1/status")).json()


async def test_a_fault_that_hits_every_record_stops_the_partition_and_condemns_few(
    kafka_settings: KafkaSettings, database_url: str
) -> None:
    """A trigger that refuses every row stands for a fault of ours that no record escapes."""
    settings = braking_early(settings_for(kafka_settings, database_url))
    await run(
        database_url,
        "ALTER TABLE timeline ADD CONSTRAINT refused CHECK (event = 'page') NOT VALID",
    )
    sent = [a_touchpoint("Product Viewed", at=n, user=f"u{n}") for n in range(20)]
    await publish(kafka_settings, sent, partition=0)
    async with a_worker(settings):
        await until(
            lambda: one(database_url, "SELECT stopped FROM consumer_offsets WHERE partition = 0"),
            bool,
        )
    assert await one(database_url, "SELECT count(*) FROM dead_letters") == 3
    await offset_is(database_url, 3)

    await run(database_url, "ALTER TABLE timeline DROP CONSTRAINT refused")
    async with a_worker(settings), api_of(settings) as api:
        await api.post("/v1/partitions/0/resume")
        assert (await api.post("/v1/dead-letters/replay")).json() == {"count": 3, "open": 0}
        await until(lambda: one(database_url, "SELECT count(*) FROM timeline"), lambda n: n == 20)


async def test_a_database_that_refuses_its_work_condemns_no_record(
    kafka_settings: KafkaSettings, database_url: str
) -> None:
    await run(database_url, "ALTER TABLE identifiers RENAME TO away")
    await publish(kafka_settings, [a_touchpoint("page", at=1, user="u1")], partition=0)
    async with a_worker(settings_for(kafka_settings, database_url)) as worker:
        await until(lambda: rounds(worker), lambda n: n > 20)
        await run(database_url, "ALTER TABLE away RENAME TO identifiers")
        await offset_is(database_url, 1)
    assert await one(database_url, "SELECT count(*) FROM dead_letters") == 0


async def rounds(worker: Any) -> int:
    found: int = worker.consumer.rounds
    return found


async def test_a_corrected_record_goes_back_through_the_topic(
    kafka_settings: KafkaSettings, database_url: str
) -> None:
    settings = settings_for(kafka_settings, database_url)
    viewed = wire.encode(a_touchpoint("Product Viewed", at=1, user="u1"))
    async with a_worker(settings), api_of(settings) as api:
        await publish_raw(kafka_settings, viewed.replace(b'"schema":1', b'"schema":7'))
        letter = await until(
            lambda: one(database_url, "SELECT dead_letter_id FROM dead_letters"), bool
        )
        shown = (await api.get(f"/v1/dead-letters/{letter}")).json()
        refused = await api.post(f"/v1/dead-letters/{letter}/replay", json={"value": "{}"})
        fixed = shown["value"].replace('"schema":7', '"schema":1')
        replayed = await api.post(f"/v1/dead-letters/{letter}/replay", json={"value": fixed})
        twice = await api.post(f"/v1/dead-letters/{letter}/replay", json={"value": fixed})
        await until(lambda: one(database_url, "SELECT stage FROM stage_history"), bool)
        records = await read_all(kafka_settings, kafka_settings.topics.touchpoints)
        listed = (await api.get("/v1/dead-letters", params={"status": "replayed"})).json()

    assert (shown["reason"], shown["partition"], shown["offset"]) == ("invalid", 0, 0)
    assert refused.status_code == 400
    assert "value is no touchpoint" in refused.json()["detail"]
    assert replayed.json() == {"count": 1, "open": 0}
    assert twice.status_code == 409
    assert sorted(record["schema"] for record in records) == [1, 7]
    assert [item["id"] for item in listed["items"]] == [letter]
    assert listed["items"][0]["settled_at"] is not None


@pytest.mark.parametrize("path", ["/v1/dead-letters/7", "/v1/dead-letters/7/replay"])
async def test_what_is_not_there_is_said(database_url: str, path: str) -> None:
    settings = settings_for(KafkaSettings(), database_url)
    async with api_of(settings) as api:
        answer = await (api.post(path, json={}) if "replay" in path else api.get(path))
        assert (answer.status_code, answer.json()["code"]) == (404, "dead_letter_unknown")
        assert (await api.post("/v1/dead-letters/drop")).json() == {"count": 0, "open": 0}
        assert (await api.post("/v1/partitions/9/resume")).status_code == 404


async def test_an_unreadable_heartbeat_is_dropped_and_never_sent_again(
    kafka_settings: KafkaSettings, database_url: str
) -> None:
    await run(
        database_url,
        "INSERT INTO dead_letters (topic, partition, record_offset, value, reason, message,"
        " heartbeat) VALUES ('t', 0, 1, '{}', 'undecodable', 'm', true)",
    )
    async with api_of(settings_for(kafka_settings, database_url)) as api:
        refused = await api.post("/v1/dead-letters/1/replay", json={})
        assert (refused.status_code, refused.json()["code"]) == (409, "heartbeat")
        assert (await api.post("/v1/dead-letters/replay")).json() == {"count": 0, "open": 0}
        assert (await api.post("/v1/dead-letters/1/drop")).json() == {"count": 1, "open": 0}
