"""`milepost explain` against a query API that listens."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import AsyncIterator

import pytest_asyncio
import typer
from rich.console import Console
from rich.text import Text
from typer.testing import CliRunner, Result

from services.cli.customer import customer
from services.cli.explain import explain, show
from tests.journey_state.listening import listening
from tests.journey_state.running import a_touchpoint
from tests.journey_state.taking_in import taking_in

TOKEN = "a-token-of-some-length"

command = typer.Typer()
command.command()(explain)


about = typer.Typer()
about.command()(customer)


async def run(*arguments: str) -> Result:
    return await asyncio.to_thread(CliRunner().invoke, command, list(arguments))


@pytest_asyncio.fixture
async def api(database_url: str) -> AsyncIterator[str]:
    async with taking_in(database_url) as world:
        await world.take(
            a_touchpoint("Product Added", at=0, user="u1", properties={"cart_id": "c1"}),
            a_touchpoint("Product Viewed", at=5, user="u1", properties={"name": "Mug [red]"}),
            a_touchpoint("Order Completed", at=3_600, user="u1", properties={"order_id": "o1"}),
            a_touchpoint("Product Reviewed", at=3_700, user="u1", properties={"rating": 2}),
        )
        await world.raise_watermark(4_000)
        async with listening(database_url) as url:
            yield url


async def test_the_stage_is_explained_in_plain_lines(api: str) -> None:
    result = await run("u1", "--api", api)
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    assert lines[0].startswith(
        "purchase: The customer is in purchase since 2026-09-21 15:13:20 UTC"
    )
    assert any(line.startswith("  none to consideration: Product Viewed came") for line in lines)
    assert any(
        line.startswith("  retention (when): Rule retention[0]: Order Completed came on")
        and line.endswith("> 1` was false: 1 - 0 = 1.")
        for line in lines
    )
    assert any(line.startswith("  awareness (no_event): ") for line in lines)
    assert "\x1b" not in result.stdout


async def test_a_signal_is_explained_in_plain_lines(api: str) -> None:
    result = await run("u1", "--api", api, "--signal", "cart")
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    assert lines[0].startswith("cart c1 (recovered): Product Added came on 2026-09-21 14:13:20 UTC")
    assert "so it was stored, not published" in lines[0]
    assert "  reminder 1 (not_published): Reminder 1 of " in result.stdout


async def test_json_is_the_answer_of_the_api(api: str) -> None:
    result = await run("u1", "--api", api, "--json", "--at", "2026-09-21T14:13:26Z")
    found = json.loads(result.stdout)
    assert (found["stage"]["stage"], found["signal"]) == ("consideration", None)


async def test_a_terminal_shows_the_same(api: str) -> None:
    result = await run("u1", "--api", api, "--json")
    screen = Console(file=io.StringIO(), force_terminal=True, width=100)
    show(screen, json.loads(result.stdout))
    text = Text.from_ansi(screen.file.getvalue()).plain  # type: ignore[attr-defined]
    assert text.startswith("purchase  The customer is in purchase since")
    assert "  retention (when)  Rule retention[0]: " in text


async def test_exit_codes_tell_what_went_wrong(api: str) -> None:
    nobody = await run("nobody", "--api", api)
    assert (nobody.exit_code, nobody.stdout) == (1, "")
    no_rule = await run("u1", "--api", api, "--signal", "basket")
    assert no_rule.exit_code == 1
    assert "there are cart, consideration_cold, lapsed, payment_failed" in no_rule.stderr
    assert (await run("u1", "--api", api, "--at", "noon")).exit_code == 2


async def test_a_customer_is_shown_as_it_was_known(api: str) -> None:
    now = ["u1", "--api", api, "--as-of", "2099-01-01T00:00:00Z"]
    found = await asyncio.to_thread(CliRunner().invoke, about, now)
    assert "stage\tpurchase" in found.stdout.splitlines()
    then = ["u1", "--api", api, "--as-of", "2020-01-01T00:00:00Z"]
    unknown = await asyncio.to_thread(CliRunner().invoke, about, then)
    assert unknown.exit_code == 1
    assert "was not known at 2020-01-01T00:00:00.000Z yet" in unknown.stderr
