"""The query API beside its answers: status, access, pages, probes, metrics, the server itself."""

from __future__ import annotations

import asyncio
import re
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
import jsonschema_rs
import pytest
import pytest_asyncio

from services.contracts.times import DAY_US, format_time, to_datetime
from services.journey_state import tables
from services.journey_state.api.access import TokensFileError, read_tokens
from services.journey_state.api.problems import PROBLEM_SCHEMA
from services.journey_state.api.remembered import Remembered
from services.journey_state.api.run import serve
from services.journey_state.database import Connection, Database, DatabaseAwayError
from services.journey_state.definition import shipped
from services.settings import ApiSettings, DatabaseSettings, Settings
from tests.journey_state.asking import NOW, get, problem, serving
from tests.journey_state.listening import listening
from tests.journey_state.rows import MINUTE, NOON, Rows
from tests.waiting import until

TOKEN = "a-token-of-some-length"
NOWHERE = "postgresql://nobody@127.0.0.1:1/none"


@pytest_asyncio.fixture
async def client(database_url: str, rows: Rows) -> AsyncIterator[httpx2.AsyncClient]:
    async with serving(database_url) as client:
        yield client


async def _offset(rows: Rows, partition: int, next_offset: int, **more: Any) -> None:
    await rows.add(
        tables.consumer_offsets,
        topic="milepost.touchpoints.v1",
        partition=partition,
        next_offset=next_offset,
        **more,
    )


async def _dead_letter(rows: Rows, offset: int, status: str) -> None:
    await rows.add(
        tables.dead_letters,
        topic="t",
        partition=0,
        record_offset=offset,
        reason="bad",
        message="bad",
        status=status,
    )


# Status and journey


async def test_an_empty_installation_has_a_status(client: httpx2.AsyncClient) -> None:
    assert await get(client, "/v1/status") == {
        "watermark": {
            "at": None,
            "age_seconds": None,
            "held_by": "no instance",
            "holds": [
                {
                    "partition": partition,
                    "instance": None,
                    "reason": "no_instance",
                    "since": None,
                    "seconds": None,
                    "advice": f"no ingest is alive in partition {partition}: start one"
                    " (`milepost ingest`)",
                }
                for partition in (0, 1)
            ],
        },
        "lag": None,
        "outbox": {"pending": 0, "oldest_seconds": None},
        "rejected": None,
        "dead_letters": 0,
        "touchpoints": 0,
        "signals": {"raised": 0, "recovered": 0, "retracted": 0, "expired": 0},
        "instances": [],
        "stopped": {},
        "definition": None,
    }


async def test_the_status_tells_how_far_things_are(database_url: str, rows: Rows) -> None:
    async def ends() -> dict[int, int]:
        return {0: 10, 1: 7, 2: 3}

    async def rejected() -> dict[int, int]:
        return {0: 4}

    await rows.watermark(NOW - 25 * MINUTE)
    await rows.beat("ingest-1", low=NOW - 25 * MINUTE, spool="pending")
    await rows.beat("ingest-1", partition=1, low=NOW)
    for partition in (0, 1):
        await rows.beat("ingest-2", partition=partition, low=NOW)
    await rows.beat("ingest-0", low=NOON, phase="goodbye")
    await _offset(rows, 0, 10)
    await _offset(rows, 1, 5)
    await _dead_letter(rows, 1, "open")
    await _dead_letter(rows, 2, "dropped")
    await rows.add(
        tables.outbox,
        shard=0,
        customer_id=await rows.customer(),
        topic=1,
        version=1,
        ce_id="018f0000-0000-7000-8000-000000000000",
        ce_type="milepost.stage.changed.v1",
        value=b"{}",
        created_at=to_datetime(NOW - MINUTE),
    )
    await rows.definition()
    async with serving(database_url, touchpoint_ends=ends, rejected_ends=rejected) as client:
        status = await get(client, "/v1/status")
    watermark = status["watermark"]
    assert watermark["at"] == format_time(NOW - 25 * MINUTE)
    assert (watermark["age_seconds"], watermark["held_by"]) == (1500.0, "ingest-1")
    (hold,) = watermark["holds"]
    assert (hold["reason"], hold["seconds"]) == ("spool", 1500.0)
    assert status["lag"] == {"0": 0, "1": 2, "2": 3}
    assert status["outbox"] == {"pending": 1, "oldest_seconds": 60.0}
    assert (status["rejected"], status["dead_letters"]) == (4, 1)
    assert status["instances"][1] == {
        "instance": "ingest-1",
        "low_watermark": format_time(NOW - 25 * MINUTE),
        "last_beat_at": format_time(NOW),
        "spool": "none",
        "phase": "beat",
        "partitions": 2,
        "released": False,
    }
    assert [i["instance"] for i in status["instances"]] == ["ingest-0", "ingest-1", "ingest-2"]
    assert (status["definition"]["journey"], status["definition"]["version"]) == ("shop", "v1")


async def test_the_status_counts_touchpoints_and_signals(
    client: httpx2.AsyncClient, rows: Rows
) -> None:
    customer_id = await rows.customer(("user_id", "u1"))
    for minute in range(3):
        await rows.touchpoint(("user_id", "u1"), minute=minute)
    for state in ("raised", "raised", "retracted"):
        await rows.signal(customer_id, state=state)

    async def counted() -> Any:  # PostgreSQL's statistics lag
        status = await get(client, "/v1/status")
        return status if status["touchpoints"] == 3 else None

    status = await until(counted)
    assert status["signals"] == {"raised": 2, "recovered": 0, "retracted": 1, "expired": 0}


async def test_a_stopped_partition_holds_the_watermark(
    client: httpx2.AsyncClient, rows: Rows
) -> None:
    await rows.beat("ingest-1")
    await _offset(rows, 3, 5, stopped="50 bad records in a row")
    status = await get(client, "/v1/status")
    assert status["watermark"]["held_by"] == "partition 3"
    assert status["stopped"] == {"3": "50 bad records in a row"}
    assert status["watermark"]["holds"][0]["reason"] == "stopped"
    assert "50 bad records in a row" in status["watermark"]["holds"][0]["advice"]


async def test_an_instance_that_fell_silent_without_a_spool_holds_nothing(
    client: httpx2.AsyncClient, rows: Rows
) -> None:
    for partition in (0, 1):
        await rows.beat("gone", partition=partition, low=NOON)
        await rows.beat("live", partition=partition, low=NOW - MINUTE)
        await _offset(rows, partition, 1, log_time=to_datetime(NOW))
    status = await get(client, "/v1/status")
    assert status["watermark"]["held_by"] == "live"


async def test_an_instance_that_will_not_return_is_let_go(
    client: httpx2.AsyncClient, rows: Rows
) -> None:
    later = to_datetime(NOW + 400 * DAY_US)  # than the release, which PostgreSQL's clock dates
    for partition in (0, 1):
        await rows.beat("gone", partition=partition, low=NOON, spool="pending")
        await rows.beat("live", partition=partition, low=NOW - MINUTE, append_time=later)
        await _offset(rows, partition, 1, log_time=later)
    (hold,) = (await get(client, "/v1/status"))["watermark"]["holds"]
    assert (hold["instance"], hold["reason"]) == ("gone", "silent")
    assert "milepost watermark release gone" in hold["advice"]

    first = (await client.post("/v1/watermark/release", json={"instance": "gone"})).json()
    again = (await client.post("/v1/watermark/release", json={"instance": "gone"})).json()
    status = await get(client, "/v1/status")
    unknown = await client.post("/v1/watermark/release", json={"instance": "nobody"})

    assert first["last_beat_at"] == format_time(NOON)
    assert again == first
    assert status["watermark"]["held_by"] == "live"
    assert {i["instance"]: i["released"] for i in status["instances"]} == {
        "gone": True,
        "live": False,
    }
    assert unknown.status_code == 404


async def test_a_current_watermark_is_held_by_nobody(
    client: httpx2.AsyncClient, rows: Rows
) -> None:
    await rows.watermark(NOW - 2_000_000)
    await rows.beat("ingest-1", low=NOW - 2_000_000)
    status = await get(client, "/v1/status")
    assert status["watermark"]["held_by"] is None
    assert status["watermark"]["age_seconds"] == 2.0


async def test_without_kafka_lag_and_rejected_are_null(database_url: str, rows: Rows) -> None:
    async def away() -> dict[int, int]:
        raise ConnectionError("no broker")

    async with serving(database_url, touchpoint_ends=away, rejected_ends=away) as client:
        status = await get(client, "/v1/status")
    assert (status["lag"], status["rejected"]) == (None, None)


async def test_the_journey_in_force_is_described(client: httpx2.AsyncClient, rows: Rows) -> None:
    await problem(client, 404, "/v1/journey")
    definition = shipped("ecommerce")
    await rows.definition("journey: older\n", version="old")
    await rows.definition(definition.text, version=definition.version)
    old = to_datetime(NOON)
    for stage in ("awareness", "purchase", "purchase"):
        customer_id = await rows.customer()
        await rows.entered(customer_id, "awareness", minute=0)
        await rows.entered(customer_id, "retention", minute=0, superseded_at=old)
        if stage != "awareness":
            await rows.entered(customer_id, stage, minute=1, previous="awareness")
            await rows.entered(customer_id, "awareness", minute=2, previous=stage)
            await rows.entered(customer_id, stage, minute=3, previous="awareness")
    answer = await get(client, "/v1/journey")
    assert answer["version"] == definition.version
    assert answer["customers"] is None
    names = [stage["name"] for stage in answer["definition"]["stages"]]
    assert names == [stage.name for stage in definition.stages]
    counted = await get(client, "/v1/journey", customers="true")
    assert counted["customers"] == {"awareness": 1, "purchase": 2}


async def test_a_long_count_is_made_once_for_all_who_ask(database_url: str, rows: Rows) -> None:
    counts = 0

    async def count(_: Connection) -> int:
        nonlocal counts
        counts += 1
        return counts

    database = Database.at(database_url, connections_max=1)
    remembered = Remembered(count)
    assert await asyncio.gather(*(remembered.get(database) for _ in range(5))) == [1] * 5
    await database.close()


async def test_a_count_that_fails_is_made_again(database_url: str, rows: Rows) -> None:
    async def count(_: Connection) -> int:
        return 7

    remembered = Remembered(count)
    nowhere, database = (Database.at(url, connections_max=1) for url in (NOWHERE, database_url))
    with pytest.raises(DatabaseAwayError):
        await remembered.get(nowhere)
    assert await remembered.get(database) == 7
    for one in (nowhere, database):
        await one.close()


# Probes, metrics, pages


async def test_probes_tell_whether_postgresql_is_there(
    client: httpx2.AsyncClient, empty_database: str
) -> None:
    assert (await client.get("/livez")).text == "ok\n"
    assert (await client.get("/readyz")).text == "ok\n"
    async with serving(NOWHERE) as away:
        assert (await away.get("/livez")).status_code == 200
        await problem(away, 503, "/readyz")
        answer = await away.get("/v1/signals")
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
        assert answer.json()["code"] == "database_away"
    async with serving(empty_database) as unready:
        assert "milepost migrate" in (await problem(unready, 503, "/readyz"))["detail"]
        await problem(unready, 503, "/v1/customers/u1")


async def test_requests_are_measured_by_route_never_by_id(client: httpx2.AsyncClient) -> None:
    await client.get("/v1/customers/secret-person")
    await client.get("/secret-path")
    text = (await client.get("/metrics")).text
    route = 'route="/v1/customers/{id:path}",status="404"'
    assert f"milepost_api_request_seconds_count{{{route}}} 1.0" in text
    assert 'milepost_build_info{role="api"' in text
    assert "secret" not in text


async def test_the_reference_asks_no_other_origin(client: httpx2.AsyncClient) -> None:
    answer = await client.get("/docs")
    assert answer.status_code == 200
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    origins = re.findall(r"(?:https?:)?//[^\s\"'<]+", answer.text)
    assert {origin.partition("//")[2].partition("/")[0] for origin in origins} <= {"127.0.0.1:8001"}
    assert "<script" not in answer.text
    assert "/v1/customers/{id}" in answer.text


async def test_the_document_describes_what_is_answered(client: httpx2.AsyncClient) -> None:
    document = await get(client, "/openapi.json")
    for path, methods in document["paths"].items():
        for operation in methods.values():
            assert "422" not in operation["responses"], path
            assert operation["description"], path
    parameters = document["paths"]["/v1/signals"]["get"]["parameters"]
    assert {p["name"] for p in parameters} == {"rule", "state", "customer", "after", "limit"}
    assert "/v1/customers/{id}/timeline" in document["paths"]
    refused = await problem(client, 400, "/v1/signals", limit=0)
    jsonschema_rs.validate(PROBLEM_SCHEMA, refused)


async def test_unknown_paths_and_methods_are_problems(client: httpx2.AsyncClient) -> None:
    await problem(client, 404, "/v1/nothing")
    await problem(client, 404, "/v1/signals/")
    answer = await client.post("/v1/signals")
    assert answer.status_code == 405
    assert answer.headers["allow"] == "GET"
    assert answer.json()["code"] == "method_not_allowed"


async def test_no_origin_is_allowed_to_read(client: httpx2.AsyncClient) -> None:
    answer = await client.get("/v1/status", headers={"Origin": "https://shop.example"})
    assert "access-control-allow-origin" not in answer.headers


# Access


@pytest.mark.parametrize("peer", ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"])
@pytest.mark.parametrize("host", ["localhost:8001", "127.0.0.1", "[::1]:8001"])
async def test_without_tokens_this_machine_is_served(
    database_url: str, rows: Rows, peer: str, host: str
) -> None:
    async with serving(database_url, peer=peer, host=host) as client:
        assert (await client.get("/v1/signals")).status_code == 200


@pytest.mark.parametrize(
    ("peer", "host"),
    [("10.0.0.7", "localhost"), ("2001:db8::1", "localhost"), ("127.0.0.1", "evil.example:8001")],
)
async def test_without_tokens_nobody_else_is(peer: str, host: str) -> None:
    async with serving(NOWHERE, peer=peer, host=host) as client:
        for path in ("/v1/signals", "/v1/customers/u1", "/", "/docs", "/nothing"):
            assert (await problem(client, 403, path))["code"] == "loopback_only"
        assert (await client.get("/livez")).status_code == 200


async def test_tokens_open_the_api_to_others(database_url: str, rows: Rows, tmp_path: Path) -> None:
    file = tmp_path / "tokens"
    file.write_text(f"# readers\n{TOKEN} read,pii\nanother-long-token-here pii\n")
    api = ApiSettings(tokens_file=file)
    async with serving(database_url, peer="10.0.0.7", host="milepost.example", api=api) as client:
        answer = await client.get("/v1/signals")
        assert (answer.status_code, answer.json()["code"]) == (401, "no_token")
        assert answer.headers["www-authenticate"].startswith("Bearer")
        for header, status in (
            (f"Bearer {TOKEN}", 200),
            (f"bearer {TOKEN}", 200),
            (f"Basic {TOKEN}", 401),
            (f"Bearer {TOKEN}x", 401),
            ("Bearer another-long-token-here", 403),
        ):
            answer = await client.get("/v1/signals", headers={"Authorization": header})
            assert answer.status_code == status
        assert (await client.get("/docs")).status_code == 200
        await problem(client, 401, "/v1/customers/u1")


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "holds no token"),
        ("short read", r":1: a token has at least"),
        (f"\n{TOKEN}", r":2: scopes are"),
        (f"{TOKEN} read,all", r":1: scopes are"),
        ('[{"token": 1}]', "expected"),
        (f'[{{"token": "{TOKEN}", "scopes": []}}]', "entry 0: scopes"),
    ],
)
def test_a_bad_token_file_is_explained(tmp_path: Path, text: str, complaint: str) -> None:
    file = tmp_path / "tokens"
    file.write_text(text)
    with pytest.raises(TokensFileError, match=complaint):
        read_tokens(file)


def test_token_files_are_lines_or_json(tmp_path: Path) -> None:
    lines, document = tmp_path / "lines", tmp_path / "json"
    lines.write_text(f"{TOKEN} read admin # someone\n")
    document.write_text(f'[{{"token": "{TOKEN}", "scopes": ["admin", "read"]}}]')
    assert read_tokens(lines) == read_tokens(document)
    with pytest.raises(TokensFileError, match="cannot be read"):
        read_tokens(tmp_path / "missing")


# The server


async def test_the_role_answers_and_stops(database_url: str, rows: Rows) -> None:
    customer_id = await rows.customer(("user_id", "u1"))
    async with listening(database_url) as url, httpx2.AsyncClient(base_url=url) as client:
        assert (await get(client, "/v1/customers/u1"))["customer_id"] == str(customer_id)


async def test_a_taken_port_is_an_error_of_the_caller(database_url: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        api = ApiSettings(port=taken.getsockname()[1])
        settings = Settings(api=api, database=DatabaseSettings(url=database_url))
        with pytest.raises(OSError, match="in use"):
            await serve(settings, asyncio.Event())
