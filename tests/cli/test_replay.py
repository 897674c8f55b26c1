"""`milepost replay`: what it asks for, and what it says."""

from __future__ import annotations

from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from services.cli.replay import Shown, replay

command = typer.Typer()
command.command()(replay)


def test_a_time_that_is_none_is_refused() -> None:
    result = CliRunner().invoke(command, ["--from", "yesterday"])
    assert result.exit_code == 2
    assert "--from yesterday: give a time such as" in result.stderr


def test_where_nothing_runs_it_says_so(tmp_path: Path) -> None:
    result = CliRunner().invoke(command, ["--from", "2026-11-21", "--data", str(tmp_path)])
    assert result.exit_code == 2
    assert "no Milepost runs over" in result.stderr


def test_progress_is_lines_where_there_is_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    with Shown() as shown:
        for done in (1, 2, 3):
            shown.report("records", done, 3)
    assert capsys.readouterr().out.splitlines() == ["records\t1/3", "records\t3/3"]
