"""`milepost erase` and `customer --export` against a query API that listens."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator

import pytest_asyncio
import typer
from typer.testing import CliRunner, Result

from services.cli.customer import customer
from services.cli.erase import erase
from tests.journey_state.applying import Applying, applying
from tests.journey_state.listening import listening
from tests.journey_state.running import a_touchpoint

app = typer.Typer()
app.command("erase")(erase)
app.command("customer")(customer)


async def run(*arguments: str) -> Result:
    return await asyncio.to_thread(CliRunner().invoke, app, list(arguments))


@pytest_asyncio.fixture
async def worker(database_url: str) -> AsyncIterator[Applying]:
    async with applying(database_url) as worker:
        await worker.take(a_touchpoint("page", at=1, type="page", user="u1"))
        yield worker


@pytest_asyncio.fixture
async def api(database_url: str, worker: Applying) -> AsyncIterator[str]:
    async with listening(database_url) as url:
        yield url


async def test_an_erasure_prints_its_receipt_a_fact_a_line(api: str) -> None:
    result = await run("erase", "u1", "--api", api, "--yes")
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    assert lines[0].startswith("erased\t")
    assert "removed\ttouchpoints\t1" in lines
    assert "removed\tsignals\t0" not in lines
    assert next(line.split("\t")[1] for line in lines if line.startswith("ends\t")) == (
        "milepost.touchpoints.v1"
    )
    again = await run("erase", lines[0].split("\t")[1], "--api", api, "--yes", "--json")
    assert json.loads(again.stdout)["removed"]["touchpoints"] == 1
    assert (await run("erase", "u1", "--api", api, "--yes")).exit_code == 1
    gone = await run("customer", lines[0].split("\t")[1], "--api", api)
    assert (gone.exit_code, gone.stdout) == (1, "")


async def test_nothing_is_erased_that_nobody_confirmed(api: str, worker: Applying) -> None:
    result = await run("erase", "u1", "--api", api)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "--yes" in result.stderr
    assert await worker.execute("SELECT count(*) FROM timeline") == [(1,)]


async def test_an_export_is_printed_whole(api: str) -> None:
    result = await run("customer", "u1", "--export", "--api", api)
    assert result.exit_code == 0, result.output
    held = json.loads(result.stdout)
    assert [touchpoint["event"] for touchpoint in held["touchpoints"]] == ["page"]
