"""`milepost explain ID`: why a customer is in a stage or has a signal, and why not."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Annotated, Any, NamedTuple
from urllib.parse import quote

import typer
from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from services.cli.asking import ApiOption, DataOption, JsonOption, QueryApi, TokenOption
from services.cli.looks import clean, on_terminal

INDENT = 2


class Line(NamedTuple):
    """One line of an explanation; `label` says what it is about."""

    level: int
    label: str
    text: str


def explain(  # noqa: PLR0913 - each is an option of the command
    who: Annotated[
        str, typer.Argument(metavar="ID", help="Customer id, kind:value, or a bare identifier.")
    ],
    *,
    at: Annotated[
        str | None,
        typer.Option("--at", metavar="T", help="As it was then, such as 2026-11-21T12:00:00Z."),
    ] = None,
    signal: Annotated[
        str | None,
        typer.Option(
            "--signal", metavar="RULE", help="Explain this abandonment rule, or signal by its id."
        ),
    ] = None,
    data: DataOption = None,
    api: ApiOption = None,
    token_file: TokenOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say why a customer is in this stage and in no other, or why there is a signal or none.

    Exit code 1: no such customer, rule or signal; 2: asked wrongly; 3: the query API does not
    answer.
    """
    asked = QueryApi("explain", data=data, api=api, token_file=token_file)
    found = asked.get(f"/v1/customers/{quote(who, safe=':@')}/explain", at=at, signal=signal)
    if as_json:
        typer.echo(json.dumps(found, ensure_ascii=False, indent=2))
    elif on_terminal():
        show(Console(), found)
    else:
        for line in lines(found):
            label = f"{line.label}: " if line.label else ""
            typer.echo(f"{' ' * INDENT * line.level}{clean(label + line.text)}")


def lines(found: dict[str, Any]) -> Iterator[Line]:
    """The explanation, a sentence or a few a line."""
    if found["stage"] is not None:
        yield from _stage_lines(found["stage"])
    if found["signal"] is not None:
        yield from _signal_lines(found["signal"])


def show(console: Console, found: dict[str, Any]) -> None:
    """The same for people: labels stand out, long lines are folded where they began."""
    for line in lines(found):
        label = f"{clean(line.label)}  " if line.label else ""
        text = Text.assemble((label, "bold"), clean(line.text))
        console.print(Padding(text, (0, 0, 0, INDENT * line.level)))


def _stage_lines(stage: dict[str, Any]) -> Iterator[Line]:
    yield Line(0, stage["stage"], stage["text"])
    earlier = stage["transitions"][:-1]
    if earlier:
        left_out = stage["transitions_total"] - len(stage["transitions"])
        more = f" ({left_out} older ones are left out)" if left_out else ""
        yield Line(0, "before", f"how it came to that, the oldest first{more}")
    for one in earlier:
        yield Line(1, f"{one['previous']} to {one['stage']}", one["text"])
    if stage["why_not"]:
        yield Line(0, "why not", "what each way into another stage said since then")
    for other in stage["why_not"]:
        for rule in other["rules"]:
            yield Line(1, f"{other['stage']} ({rule['result']})", rule["text"])


def _signal_lines(signal: dict[str, Any]) -> Iterator[Line]:
    if not signal["episodes"] and not signal["retracted"]:
        yield Line(0, signal["rule"], signal["text"])
        return
    if signal["truncated"]:
        yield Line(0, signal["rule"], "the newest only; older ones are left out")
    for episode in signal["episodes"]:
        scope = f" {episode['scope']}" if episode["scope"] else ""
        yield Line(0, f"{episode['rule']}{scope} ({episode['result']})", episode["text"])
        if episode["condition"]:
            yield Line(1, "opened as", f"{episode['condition']} was true")
        for reminder in episode["reminders"]:
            yield Line(1, f"reminder {reminder['n']} ({reminder['result']})", reminder["text"])
    for one in signal["retracted"]:
        yield Line(0, f"{one['rule']} ({one['result']})", one["text"])
    if signal["not_opened"] is not None:
        yield Line(
            0, f"not opened ({signal['not_opened']['result']})", signal["not_opened"]["text"]
        )
