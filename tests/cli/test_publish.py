"""`milepost journey publish` against a query API that listens."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio
import typer
from rich.console import Console
from typer.testing import CliRunner, Result

from services.cli.publish import Answer, publish, watch
from services.journey_state.definition import shipped
from tests.journey_state.listening import listening
from tests.journey_state.rows import Rows

SHOP, SAAS = shipped("ecommerce"), shipped("saas")

command = typer.Typer()
command.command()(publish)


async def run(*arguments: str) -> Result:
    return await asyncio.to_thread(CliRunner().invoke, command, list(arguments))


@pytest_asyncio.fixture
async def api(database_url: str, rows: Rows) -> AsyncIterator[str]:
    async with listening(database_url) as url:
        yield url


async def test_a_definition_is_published_once(rows: Rows, api: str, tmp_path: Path) -> None:
    await rows.definition(SHOP.text, SHOP.version)
    file = tmp_path / "saas.yaml"
    file.write_text(SAAS.text, encoding="utf-8")

    first = await run(str(file), "--api", api)
    assert first.exit_code == 0, first.output
    assert first.stdout.startswith(f"{SAAS.journey} {SAAS.version} is in force from ")
    assert "done: 0 customers" in first.stdout
    again = await run(str(file), "--api", api)
    assert "is in force already" in again.stdout


async def test_json_is_the_answer_and_nothing_is_waited_for(
    rows: Rows, api: str, tmp_path: Path
) -> None:
    first = await rows.definition(SHOP.text, SHOP.version)
    await rows.customer(("user_id", "u1"), definition_id=first)
    file = tmp_path / "saas.yaml"
    file.write_text(SAAS.text, encoding="utf-8")

    result = await run(str(file), "--api", api, "--no-wait", "--json")
    assert result.exit_code == 0, result.output
    answer = json.loads(result.stdout)
    assert (answer["version"], answer["remaining"]) == (SAAS.version, 1)


async def test_a_wrong_file_is_refused_before_anybody_is_asked(tmp_path: Path) -> None:
    file = tmp_path / "bad.yaml"
    file.write_text("journey: 5\nstage: []\n", encoding="utf-8")

    result = await run(str(file), "--api", "http://127.0.0.1:1")
    assert result.exit_code == 1
    assert len(result.stderr.splitlines()) == 3


def test_progress_is_watched_to_its_end() -> None:
    answers = iter([_answer(5), _answer(0)])
    console = Console(file=io.StringIO())
    assert watch(console, lambda: next(answers), _answer(9))["remaining"] == 0


def test_watching_ends_when_another_definition_is_published() -> None:
    shown = io.StringIO()
    newer = _answer(7) | {"definition_id": 3, "version": "other"}
    left = watch(Console(file=shown), lambda: newer, _answer(9))
    assert (left["remaining"], left["version"]) == (9, "v")
    assert "other has been published meanwhile" in shown.getvalue()


def _answer(remaining: int) -> Answer:
    return {
        "definition_id": 2, "version": "v", "recomputed": 9 - remaining, "remaining": remaining
    }  # fmt: skip
