"""`milepost simulate` when there is nothing to send to."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer
from typer.testing import CliRunner

from services.cli.simulate.command import simulate

if TYPE_CHECKING:
    from pathlib import Path

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
