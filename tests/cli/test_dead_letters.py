"""`milepost dead-letters` against a query API that listens."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio
from typer.testing import CliRunner, Result

from services.cli.dead_letters import app
from services.journey_state import tables
from tests.journey_state.asking import writing
from tests.journey_state.listening import listening


async def run(*arguments: str) -> Result:
    return await asyncio.to_thread(CliRunner().invoke, app, list(arguments))


@pytest_asyncio.fixture
async def api(database_url: str) -> AsyncIterator[str]:
    """Three records set aside: text, bytes, JSON."""
    async with writing(database_url) as rows, listening(database_url) as url:
        for offset, value in enumerate([b"not json", b"\xff", b'{"schema": 7}']):
            await rows.add(
                tables.dead_letters,
                topic="milepost.touchpoints.v1",
                partition=2,
                record_offset=offset,
                key=b"user_id:u1",
                value=value,
                reason="undecodable",
                message="bad\nbytes",
            )
        await rows.add(
            tables.consumer_offsets,
            topic="milepost.touchpoints.v1",
            partition=2,
            next_offset=3,
            stopped="3 records in a row failed",
        )
        yield url


async def test_dead_letters_are_listed_and_shown(api: str) -> None:
    listed = await run("list", "--api", api)
    as_json = await run("list", "--json", "--status", "all", "--api", api)
    text, raw, parsed = [await run("show", str(n), "--api", api) for n in (1, 2, 3)]
    missing = await run("show", "9", "--api", api)

    lines = listed.stdout.splitlines()
    assert len(lines) == 3
    assert "milepost.touchpoints.v1/2@0\t8 bytes\tundecodable\tbad bytes" in lines[0]
    assert len(json.loads(as_json.stdout)["items"]) == 3
    assert text.stdout.endswith("key\tuser_id:u1\n\nnot json\n")
    assert raw.stdout.endswith("base64: /w==\n")
    assert parsed.stdout.endswith('{\n  "schema": 7\n}\n')
    assert missing.exit_code == 1


async def test_dead_letters_are_replayed_and_dropped(api: str, tmp_path: Path) -> None:
    file = tmp_path / "fixed.json"
    file.write_text("{}")
    unclear = await run("replay", "--api", api)
    wrong = await run("replay", "1", "--file", str(file), "--api", api)
    one = await run("drop", "1", "--api", api)
    rest = await run("replay", "--all", "--api", api)
    empty = await run("list", "--api", api)

    assert unclear.exit_code == 2
    assert "give one ID, or --all" in unclear.stderr
    assert wrong.exit_code == 2
    assert "value is no touchpoint" in wrong.stderr
    assert "dropped 1; open 2\n" in one.stdout
    assert "replayed 2; open 0\n" in rest.stdout
    assert "no dead letters are open" in empty.stdout


async def test_a_stopped_partition_is_let_go_on(api: str) -> None:
    went = await run("resume", "2", "--api", api)
    again = await run("resume", "2", "--api", api)
    unknown = await run("resume", "11", "--api", api)

    assert "partition 2 goes on at offset 3" in went.stdout
    assert "partition 2 had not stopped" in again.stdout
    assert unknown.exit_code == 1
