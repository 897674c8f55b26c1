"""`milepost journey check` and `show` as a user runs them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from services.cli.journey import check, show
from services.journey_state.definition import describe, shipped

RUNNER = CliRunner()
APP = typer.Typer()
APP.command()(check)
APP.command()(show)


def test_check_says_ok(tmp_path: Path) -> None:
    file = tmp_path / "shop.yaml"
    file.write_text(shipped().text, encoding="utf-8")
    result = RUNNER.invoke(APP, ["check", str(file)])
    assert (result.exit_code, result.stdout) == (
        0,
        f"ok: shop, version {shipped().version}, 5 stages, 4 abandonment rules\n",
    )


def test_check_prints_every_problem_and_fails(tmp_path: Path) -> None:
    file = tmp_path / "shop.yaml"
    file.write_text("journey: 5\nstage: []\n", encoding="utf-8")
    result = RUNNER.invoke(APP, ["check", str(file)])
    assert result.exit_code == 1
    assert result.stdout == ""
    lines = result.stderr.splitlines()
    assert len(lines) == 3
    assert all(line.startswith(f"{file}:") for line in lines)
    assert any("did you mean stages?" in line for line in lines)


def test_check_of_no_file_fails_in_one_line(tmp_path: Path) -> None:
    result = RUNNER.invoke(APP, ["check", str(tmp_path / "none.yaml")])
    assert (result.exit_code, len(result.stderr.splitlines())) == (1, 1)


@pytest.mark.parametrize("name", ["ecommerce", "b2b"])
def test_show_prints_tables_or_json(name: str) -> None:
    shown = RUNNER.invoke(APP, ["show", name])
    assert (shown.exit_code, shipped(name).version in shown.stdout) == (0, True)
    described = RUNNER.invoke(APP, ["show", name, "--json"])
    assert json.loads(described.stdout) == describe(shipped(name))
