"""`milepost customer` against a query API that listens."""

from __future__ import annotations

import asyncio
import io
import json
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
import typer
from rich.console import Console
from rich.text import Text
from typer.testing import CliRunner, Result

from services.cli.customer import customer, show
from services.cli.endpoints import Endpoints, write_endpoints
from services.journey_state.journey import Journey
from tests.journey_state.listening import free_port, listening
from tests.journey_state.rows import NOON, Rows, episode

TOKEN = "a-token-of-some-length"

command = typer.Typer()
command.command()(customer)


async def run(*arguments: str) -> Result:
    return await asyncio.to_thread(CliRunner().invoke, command, list(arguments))


@pytest_asyncio.fixture
async def api(database_url: str, rows: Rows) -> AsyncIterator[str]:
    async with listening(database_url) as url:
        yield url


@pytest.fixture
def data(tmp_path: Path, api: str, database_url: str) -> str:
    found = Endpoints(
        pid=os.getpid(),
        ingest="http://127.0.0.1:1",
        api=api,
        kafka="127.0.0.1:1",
        database=database_url,
        sources=(),
    )
    write_endpoints(tmp_path, found)
    return str(tmp_path)


async def ann(rows: Rows) -> str:
    journey = Journey(
        stage="consideration",
        entered_at=NOON,
        traits={"name": "Ann [bold]"},
        counts={"Order Completed": 1},
        episodes=[episode(scope="c1")],
    )
    customer_id = await rows.customer(
        ("user_id", "u1"), ("email", "ann@example.com"), journey=journey
    )
    await rows.entered(customer_id, "consideration", minute=0)
    await rows.signal(customer_id)
    return str(customer_id)


async def test_a_customer_is_shown_plain_where_there_is_no_terminal(rows: Rows, data: str) -> None:
    customer_id = await ann(rows)
    result = await run("u1", "--data", data)
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    assert f"customer_id\t{customer_id}" in lines
    assert "stage\tconsideration" in lines
    assert "identifier\temail:ann@example.com\t2026-11-21T12:00:00.000Z" in lines
    assert 'traits\tname\t"Ann [bold]"' in lines
    assert "episode\tcart\tc1\tdue 2026-11-21T12:30:00.000Z" in lines
    assert "signal\t2026-11-21T12:00:00.000Z\tcart\traised\t99.90 EUR" in lines
    caused = "page on website by web-shop (consideration[0])"
    assert f"history\t2026-11-21T12:00:00.000Z\tconsideration\tfirst\t{caused}" in lines
    assert "\x1b" not in result.stdout


async def test_json_is_the_answer_of_the_api(rows: Rows, api: str) -> None:
    customer_id = await ann(rows)
    result = await run("email:Ann@Example.com", "--api", api + "/", "--json")
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert (found["customer_id"], found["traits"]) == (customer_id, {"name": "Ann [bold]"})


async def test_a_terminal_gets_tables(rows: Rows, api: str) -> None:
    await ann(rows)
    result = await run("u1", "--api", api, "--json")
    screen = Console(file=io.StringIO(), force_terminal=True, width=120)
    show(screen, json.loads(result.stdout))
    text = Text.from_ansi(screen.file.getvalue()).plain  # type: ignore[attr-defined]
    for part in (
        "consideration since 2026",
        "user_id:u1",
        "Ann [bold]",
        "History",
        "Open",
        "99.90",
    ):
        assert part in text
    assert "merged in" not in text


@pytest.mark.parametrize("value", ["a/b c", "50% off", "ö?x#y", "a+b"])
async def test_any_text_reaches_the_api_as_it_is(rows: Rows, api: str, value: str) -> None:
    customer_id = await rows.customer(("user_id", value))
    result = await run(f"user_id:{value}", "--api", api, "--json")
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["customer_id"] == str(customer_id)


async def test_exit_codes_tell_what_went_wrong(api: str, tmp_path: Path) -> None:
    unknown = await run("nobody", "--api", api)
    assert (unknown.exit_code, unknown.stdout) == (1, "")
    assert "No customer has the id or identifier 'nobody'; try `kind:value`" in unknown.stderr
    stated = await run("user_id:nobody", "--api", api)
    assert stated.stderr.endswith("No customer has the id or identifier 'user_id:nobody'\n")
    assert (await run("%00", "--api", "no-url")).exit_code == 2
    assert (await run("\x01", "--api", api)).exit_code == 2
    assert (await run()).exit_code == 2
    nothing = await run("u1", "--data", str(tmp_path / "none"))
    assert (nothing.exit_code, nothing.stdout) == (3, "")
    assert "no Milepost runs over" in nothing.stderr
    away = await run("u1", "--api", f"http://127.0.0.1:{free_port()}")
    assert away.exit_code == 3
    assert "does not answer" in away.stderr


async def test_a_token_is_read_from_a_file(database_url: str, api: str, tmp_path: Path) -> None:
    file = tmp_path / "token"
    assert (await run("u1", "--api", api, "--token-file", str(file))).exit_code == 2
    file.write_text("\n")
    assert (await run("u1", "--api", api, "--token-file", str(file))).exit_code == 2
    file.write_text(f"{TOKEN}\n")
    assert (await run("u1", "--api", api, "--token-file", str(file))).exit_code == 1


async def test_a_query_api_with_tokens_says_how_to_give_one(
    database_url: str, tmp_path: Path
) -> None:
    tokens, file = tmp_path / "tokens", tmp_path / "token"
    tokens.write_text(f"{TOKEN} read\n")
    file.write_text("another-token-of-that-length\n")
    async with listening(database_url, tokens_file=tokens) as url:
        for arguments, said in (
            ((), "asks for a token: --token-file names"),
            (("--token-file", str(file)), "does not know this token: --token-file names"),
        ):
            refused = await run("u1", "--api", url, *arguments)
            assert refused.exit_code == 2
            assert said in refused.stderr
