"""`milepost doctor` and the roles: not there, not ready, somebody else, and what the API says."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from services.cli.doctor import serving, status
from services.cli.doctor.finding import Finding
from services.ingest.instance import Instance
from services.journey_state import tables
from services.settings import ApiSettings, IngestSettings, Settings, WorkerSettings
from tests.journey_state.asking import writing
from tests.journey_state.listening import free_port, listening

WELL: dict[str, Any] = {
    "watermark": {"at": "2026-11-25T12:00:00.000Z", "age_seconds": 1.0, "holds": []},
    "lag": {"0": 10},
    "outbox": {"pending": 0, "oldest_seconds": None},
    "dead_letters": 0,
    "stopped": {},
}
HOLD = {"partition": 2, "instance": "i1", "reason": "silent", "advice": "bring it back"}


@asynccontextmanager
async def saying(*lines: bytes) -> AsyncIterator[str]:
    """The URL of something that answers any request with these lines."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"\r\n".join(lines))
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


def role(url: str) -> serving.Role:
    return serving.role_of("ingest", Settings(), url)


@pytest.mark.parametrize(
    ("lines", "level", "said"),
    [
        ((b"HTTP/1.1 200 OK", b"content-length: 2", b"", b"ok"), "ok", "is ready"),
        ((b"HTTP/1.1 503 No", b"content-length: 2", b"", b"no"), "fail", "not ready: no"),
        ((b"HTTP/1.1 404 No", b"content-length: 0", b"", b""), "fail", "something else listens"),
        ((b"220 mail.example ESMTP", b""), "fail", "does not answer as ingest does"),
    ],
)
async def test_what_answers_at_the_port_is_judged(
    lines: tuple[bytes, ...], level: str, said: str
) -> None:
    async with saying(*lines) as url:
        (found,) = await serving.ready(role(url))

    assert (found.status, said in found.what) == (level, True)


async def test_a_role_that_does_not_run_is_told() -> None:
    settings = Settings(ingest=IngestSettings(port=free_port()))

    (found,) = await serving.ready(serving.role_of("ingest", settings))

    assert found.status == "warn"
    assert found.fix.startswith("start `milepost ingest`")


async def test_a_spool_that_another_process_holds_is_told(tmp_path: Path) -> None:
    settings = Settings(ingest=IngestSettings(port=free_port(), spool_dir=tmp_path))
    other = Instance(tmp_path)
    try:
        (found,) = await serving.ready(serving.role_of("ingest", settings))
    finally:
        other.close()
    (free,) = await serving.ready(serving.role_of("ingest", settings))

    assert (found.status, free.status) == ("fail", "warn")
    assert f"another process holds {tmp_path}" in found.what
    assert "MILEPOST_INGEST__SPOOL_DIR" in found.fix


async def test_a_role_whose_port_is_not_known_is_skipped() -> None:
    settings = Settings(worker=WorkerSettings(metrics_port=0))

    (found,) = await serving.ready(serving.role_of("worker", settings))

    assert found.status == "skip"


async def test_an_address_that_is_not_of_this_machine_is_told() -> None:
    settings = Settings(api=ApiSettings(host="192.0.2.1", port=free_port()))
    here = serving.role_of("api", settings, f"http://127.0.0.1:{free_port()}")

    (found,) = await serving.ready(here)

    assert found.status == "fail"
    assert "MILEPOST_API__PORT and its host" in found.fix


def test_two_roles_at_one_port_are_told() -> None:
    settings = Settings(api=ApiSettings(port=8000))
    roles = [serving.role_of(name, settings) for name in ("ingest", "worker", "api")]

    (found,) = serving.judge_ports(roles)

    assert found.status == "fail"
    assert found.fix == "set MILEPOST_API__PORT to another number"


def test_all_is_well_when_the_query_api_says_so() -> None:
    found = status.judge_status(WELL)

    assert [one.check for one in found] == list(status.STATUS_CHECKS)
    assert {one.status for one in found} == {"ok"}


@pytest.mark.parametrize(
    ("part", "value", "level", "said"),
    [
        ("watermark", {"at": None, "age_seconds": None, "holds": []}, "warn", "there is none yet"),
        ("watermark", {"at": "x", "age_seconds": 20.0, "holds": [HOLD]}, "warn", "instance i1"),
        ("watermark", {"at": "x", "age_seconds": 999.0, "holds": [HOLD]}, "fail", "(silent)"),
        ("lag", None, "warn", "does not reach Kafka"),
        ("lag", {"0": 60_000}, "warn", "60000 records wait"),
        ("outbox", {"pending": 7, "oldest_seconds": 99.0}, "fail", "the oldest for 99.0 s"),
        ("dead_letters", 3, "warn", "3 records could not be processed"),
        ("stopped", {"4": "50 in a row failed"}, "fail", "partition 4 stopped"),
    ],
)
def test_what_the_query_api_says_is_judged(part: str, value: Any, level: str, said: str) -> None:
    (found,) = [one for one in status.judge_status({**WELL, part: value}) if one.status != "ok"]

    assert (found.status, said in found.what) == (level, True)
    assert found.fix


@pytest.mark.parametrize(
    ("later", "level", "said"),
    [({"0": 2500}, "warn", "become no fewer"), ({"0": 900}, "ok", "2400 records wait")],
)
def test_lag_that_no_worker_works_off_is_told(later: Any, level: str, said: str) -> None:
    found = status.judge_status({**WELL, "lag": {"0": 2400}}, {**WELL, "lag": later})

    (lag,) = [one for one in found if one.check == status.LAG]
    assert (lag.status, said in lag.what) == (level, True)
    assert level == "ok" or "milepost worker" in lag.fix


async def test_a_real_query_api_is_read(database_url: str) -> None:
    async with writing(database_url) as rows:
        await rows.add(
            tables.consumer_offsets,
            topic="milepost.touchpoints.v1",
            partition=2,
            next_offset=3,
            stopped="3 records in a row failed",
        )
        async with listening(database_url) as url:
            found = await looked(url)

    assert found[status.PARTITIONS].fix.endswith("`milepost dead-letters resume 2`")
    assert found[status.WATERMARK].status == "warn"


async def test_what_cannot_be_asked_is_skipped_with_why(tmp_path: Path) -> None:
    token = tmp_path / "token"

    away = await looked("http://127.0.0.1:1")
    unreadable = await looked("http://127.0.0.1:1", token)
    async with saying(b"HTTP/1.1 401 No", b"content-length: 2", b"", b"{}") as url:
        refused = await looked(url)

    assert {one.status for one in [*away.values(), *refused.values()]} == {"skip"}
    assert "--token-file FILE" in refused[status.LAG].what
    assert "cannot be read" in unreadable[status.LAG].what


async def looked(url: str, token_file: Path | None = None) -> dict[str, Finding]:
    api = serving.role_of("api", Settings(), url)
    return {one.check: one for one in await status.look(api, token_file)}
