"""`milepost watermark` against a query API that listens."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest_asyncio
from typer.testing import CliRunner, Result

from services.cli.watermark import app
from services.contracts.times import DAY_US, to_datetime
from services.journey_state import tables
from services.settings import KafkaSettings
from tests.journey_state.asking import NOW, writing
from tests.journey_state.listening import listening
from tests.journey_state.rows import NOON

LATER = to_datetime(NOW + 400 * DAY_US)  # than the release, which PostgreSQL's clock dates


async def run(*arguments: str) -> Result:
    return await asyncio.to_thread(CliRunner().invoke, app, list(arguments))


@pytest_asyncio.fixture
async def api(database_url: str) -> AsyncIterator[str]:
    """One partition where a spooling instance fell silent."""
    async with writing(database_url) as rows, listening(database_url) as url:
        await rows.beat("gone", low=NOON, spool="pending")
        for partition in range(KafkaSettings().partitions):
            await rows.beat("live", partition=partition, low=NOW, append_time=LATER)
        await rows.add(
            tables.consumer_offsets,
            topic="milepost.touchpoints.v1",
            partition=0,
            next_offset=2,
            log_time=LATER,
        )
        yield url


async def test_what_holds_the_watermark_is_shown_and_let_go(api: str) -> None:
    shown = await run("show", "--api", api)
    released = await run("release", "gone", "--api", api)
    after = await run("show", "--api", api)

    assert shown.exit_code == released.exit_code == after.exit_code == 0, shown.output
    assert "hold\tgone\tsilent\t2026-11-21T12:00:00.000Z" in shown.stdout
    assert "milepost watermark release gone" in shown.stdout
    assert "released\tgone\t" in released.stdout
    assert "hold\tgone" not in after.stdout
    assert "instance\tgone\treleased\tspool pending" in after.stdout


async def test_an_instance_that_was_never_heard_is_not_released(api: str) -> None:
    result = await run("release", "nobody", "--api", api)
    assert result.exit_code == 1
    assert "No instance 'nobody' was heard" in result.stderr
