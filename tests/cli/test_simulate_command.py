"""`milepost simulate`: what it is asked, and what stands in its way."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import typer
from typer.testing import CliRunner

from services.cli.simulate.command import options_for, simulate
from services.cli.simulate.found import Found
from services.cli.simulate.oracle import DEMO, SHOP
from services.cli.simulate.play import Asked
from services.cli.simulate.target import Target
from services.contracts.touchpoint import CHANNELS

if TYPE_CHECKING:
    from pathlib import Path

KEYS = [word for channel in CHANNELS for word in ("--key", f"{channel}=key-of-{channel}")]

app = typer.Typer()
app.command()(simulate)


def test_nothing_running_is_said(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["--data", str(tmp_path)])
    assert result.exit_code == 3
    assert str(tmp_path) in result.stderr


def test_a_missing_key_is_a_usage_error() -> None:
    result = CliRunner().invoke(app, ["--ingest", "http://127.0.0.1:9", "--key", "email=abc"])
    assert result.exit_code == 2
    assert "no write key for website" in result.stderr


def test_a_key_without_an_address_is_a_usage_error(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["--data", str(tmp_path), "--key", "email=abc"])
    assert result.exit_code == 2
    assert "--key goes with --ingest" in result.stderr


def test_an_address_is_one() -> None:
    result = CliRunner().invoke(app, ["--ingest", "127.0.0.1:8000", *KEYS])
    assert result.exit_code == 2
    assert "http://host:port" in result.stderr


def test_an_ingest_that_is_away_is_told_while_it_is_waited_for() -> None:
    arguments = ["--ingest", "http://127.0.0.1:9", *KEYS, "--customers", "3", "--duration", "1"]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 3
    assert re.search(r"127.0.0.1:9 takes nothing: .*; trying again\n", result.stdout)
    assert "127.0.0.1:9 takes nothing" in result.stderr


def test_the_journey_in_force_is_played() -> None:
    asked = Asked(customers=None, days=75, seed=1, rate=None)
    nowhere = Target("http://127.0.0.1:9", {})
    played = {
        name: options_for(asked, None, Found(nowhere, name)) for name in ("demo", "shop", None)
    }
    assert [one.timings for one in played.values()] == [DEMO, SHOP, SHOP]
    assert {(one.customers, one.past_customers) for one in played.values()} == {(50, 150)}
    assert options_for(asked, False, Found(nowhere, "demo")).timings == SHOP
    assert options_for(asked, True, Found(nowhere, "demo")).customers is None
    quick = asked._replace(speed=500)
    assert {
        options_for(quick, is_demo, Found(nowhere, None)).tempo.speed for is_demo in (True, False)
    } == {500}
