"""`milepost link` and `unlink` against a query API that listens."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator

import pytest_asyncio
import typer
from typer.testing import CliRunner, Result

from services.cli.customer import customer
from services.cli.link import link, unlink
from tests.journey_state.applying import applying
from tests.journey_state.listening import listening
from tests.journey_state.running import a_touchpoint

app = typer.Typer()
for verb in (customer, link, unlink):
    app.command(verb.__name__)(verb)


async def run(*arguments: str) -> Result:
    return await asyncio.to_thread(CliRunner().invoke, app, list(arguments))


@pytest_asyncio.fixture
async def api(database_url: str) -> AsyncIterator[str]:
    device = {"anonymous_id": "a1"}
    async with applying(database_url) as worker:
        for time, user in enumerate(("u1", "u2")):
            await worker.take(a_touchpoint("page", at=time, user=user, identifiers=device))
    async with listening(database_url) as url:
        yield url


async def test_a_link_and_an_unlink_print_what_they_changed_a_fact_a_line(api: str) -> None:
    result = await run("link", "u1", "u2", "--api", api)
    assert result.exit_code == 0, result.output
    facts = [line.split("\t") for line in result.stdout.splitlines()]
    assert [fact[0] for fact in facts] == ["merged", "owner", "owner"]
    assert facts[1][2] == facts[2][2] == facts[0][2]
    result = await run("unlink", "user_id:u2", "--api", api, "--json")
    assert [one["to"] for one in json.loads(result.stdout)["split"]] == [facts[0][1]]


async def test_a_customer_is_shown_with_the_conflicts_of_its_identifiers(api: str) -> None:
    shown = await run("customer", "u1", "--api", api)
    conflicts = [line.split("\t") for line in shown.stdout.splitlines() if "conflict" in line]
    assert [one[1:3] for one in conflicts] == [["anonymous_id:a1", "moved"]]


async def test_a_link_with_nobody_ends_with_code_one(api: str) -> None:
    result = await run("link", "u1", "nobody", "--api", api)
    assert (result.exit_code, result.stdout) == (1, "")
    assert "kind:value" in result.stderr
