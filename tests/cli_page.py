"""Writes `docs/cli.md` from the command line itself: `python -m tests.cli_page docs/cli.md`."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from typer.main import get_command

from services.cli.verbs import app

_HEAD = """# The command line

`milepost` is one program; `python -m services` is the same. Every verb has `--help`, with an
example or two. This page is written by `python -m tests.cli_page docs/cli.md`, and a test keeps it
current.

`milepost --install-completion` lets the shell (bash, zsh, fish, PowerShell) complete verbs, options
and what options take; `milepost --show-completion` prints the script instead. Begin a new shell
then.

`milepost up` leaves `run/endpoints.json` in its data folder: other verbs given the same `--data`
(or none, for the user's own folder) find the running system by it. The roles `ingest`, `worker`,
`api`, `migrate` and `topics` take no options: they read [settings](settings.md) from the
environment.

Exit codes: 0 done; 1 not found, or the work failed; 2 asked or set up wrongly; 3 what was asked
for does not answer.
"""


def page() -> str:
    """The whole page as Markdown."""
    sections = [_section(path, command) for path, command in verbs(get_command(app))]
    return "\n".join([_HEAD, *sections])


def verbs(command: Any, path: str = "milepost") -> Iterator[tuple[str, Any]]:
    """Every command that does something, with the words that call it."""
    inner = getattr(command, "commands", None)
    if inner is None:
        yield path, command
        return
    for name in sorted(inner):
        yield from verbs(inner[name], f"{path} {name}")


def options(command: Any) -> list[Any]:
    """The parameters that a user gives, arguments first."""
    given = [one for one in command.params if one.name != "help"]
    return sorted(given, key=lambda one: one.param_type_name != "argument")


def names_of(option: Any) -> str:
    """How an option or argument is written."""
    if option.param_type_name == "argument":
        return str(option.metavar or option.name).upper()
    return ", ".join([*option.opts, *option.secondary_opts])


def _section(path: str, command: Any) -> str:
    rows = [_row(option) for option in options(command)]
    text = " ".join((command.help or "").split())
    table = ["", "| Argument or option | Meaning |", "|---|---|", *rows] if rows else []
    examples = (command.epilog or "").split("\n\n")[1:]
    shown = ["", *(f"    {line}" for line in examples)] if examples else []
    return "\n".join([f"## `{path}`", "", text, *shown, *table, ""])


def _row(option: Any) -> str:
    words = [(option.help or "").rstrip(".")]
    if option.required:
        words.append("required")
    elif option.default != "" and type(option.default) in {int, float, str}:
        words.append(f"default {option.default}")
    if option.multiple:
        words.append("may be given more than once")
    text = "; ".join(words).replace("|", "\\|")
    return f"| `{names_of(option)}` | {text} |"


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(page(), encoding="utf-8")
