"""The help of every verb teaches by examples, and shells complete verbs and options."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from rich.markup import render
from typer.main import get_command
from typer.testing import CliRunner

from services.cli.__main__ import verb_of
from services.cli.examples import EXAMPLES
from services.cli.outline import help_of, outline
from services.cli.registry import VERBS, app_of
from services.cli.verbs import app
from tests.cli_page import verbs

ROOT = Path(__file__).parents[2]
COLUMNS = 80
COMMANDS = {path.removeprefix("milepost "): one for path, one in verbs(get_command(app))}


def test_every_verb_has_an_example_and_no_other() -> None:
    assert EXAMPLES.keys() == COMMANDS.keys()
    assert all(EXAMPLES.values())


@pytest.mark.parametrize(
    ("verb", "line"), [(verb, line) for verb in EXAMPLES for line, _ in EXAMPLES[verb]]
)
def test_an_example_can_be_run_as_it_stands(verb: str, line: str) -> None:
    words = shlex.split(re.sub(r"^(?:[A-Z_]+=\S+ )*", "", line))
    assert words[0] == "milepost"
    assert " ".join(words[1:]).startswith(verb)
    command = COMMANDS[verb]
    command.make_context(verb, words[1 + len(verb.split()) :])
    assert len(line) < COLUMNS


@pytest.mark.parametrize("verb", VERBS)
def test_the_list_of_verbs_says_what_each_says_of_itself(verb: str) -> None:
    module, _, attribute = VERBS[verb].partition(":")
    said = help_of(module, attribute)
    whole = get_command(app_of([verb])).commands[verb].help  # type: ignore[attr-defined]
    assert said.split() == whole.split()
    assert said


def test_no_help_loses_words_in_brackets() -> None:
    """What stands in brackets would be taken for colours."""
    for command in COMMANDS.values():
        for text in (command.help, command.epilog, *(one.help for one in command.params)):
            assert text is None or render(text).plain == text


def test_an_example_is_a_line_to_copy_on_a_terminal_of_any_width(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    for verb, examples in EXAMPLES.items():
        context = COMMANDS[verb].context_class(COMMANDS[verb], info_name=verb)
        COMMANDS[verb].format_help(context, context.make_formatter())
        lines = capsys.readouterr().out.splitlines()
        for line, remark in examples:
            assert lines[lines.index(f"   {line}") - 1] == f"   # {remark}"


def test_the_help_of_a_verb_ends_with_its_examples() -> None:
    said = CliRunner().invoke(app, ["explain", "--help"], env={"COLUMNS": "100"}).output
    assert "milepost explain user_id:you --signal cart" in said
    listed = CliRunner().invoke(outline(), ["--help"], env={"COLUMNS": "100"}).output
    assert all(re.search(rf"│ {verb} ", listed) for verb in VERBS)


@pytest.mark.parametrize(
    ("environment", "verb"),
    [
        ({"COMP_WORDS": "milepost jou"}, ""),
        ({"COMP_WORDS": "milepost journey"}, ""),
        ({"COMP_WORDS": "milepost journey "}, "journey"),
        ({"COMP_WORDS": "milepost tail sig"}, "tail"),
        ({"_TYPER_COMPLETE_ARGS": "milepost tail --fr"}, "tail"),
        ({"_TYPER_COMPLETE_ARGS": "milepost "}, ""),
        ({}, ""),
    ],
)
def test_only_the_verb_that_is_completed_is_loaded(environment: dict[str, str], verb: str) -> None:
    asked = {"_MILEPOST_COMPLETE": "complete_bash", **environment}
    assert verb_of(["milepost"], asked) == verb
    assert verb_of(["milepost", "tail", "--json"], environment) == "tail"


SCRIPT = """
eval "$(milepost --show-completion)"
ask() {
  COMP_WORDS=(milepost "$@"); COMP_CWORD=$#
  _milepost_completion milepost; echo "${COMPREPLY[*]}"
}
ask wat
ask dead-letters re
ask tail sign
ask simulate --pain mail
"""


def test_bash_completes_verbs_options_and_their_values(tmp_path: Path) -> None:
    program = tmp_path / "milepost"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m services "$@"\n')
    program.chmod(0o755)
    environment = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT)}

    done = subprocess.run(
        ["bash", "--norc", "-c", SCRIPT],
        capture_output=True,
        text=True,
        env=environment,
        cwd=tmp_path,
        check=True,
    )

    assert done.stdout.split("\n")[:-1] == [
        "watermark",
        "replay resume",
        "signals",
        "mail-stall",
    ]
