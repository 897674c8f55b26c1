"""`milepost journey publish`: put a definition in force, and watch customers come under it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from services.cli.asking import ApiOption, DataOption, JsonOption, QueryApi, TokenOption
from services.cli.journey import read

POLL_SECONDS = 0.5
LINE_SECONDS = 5.0  # between two plain lines of progress
STILL_SECONDS = 30.0  # without progress, somebody should look

Answer = dict[str, Any]


def publish(
    file: Annotated[Path, typer.Argument(help="The journey definition, YAML.")],
    *,
    wait: Annotated[
        bool, typer.Option("--wait/--no-wait", help="Stay until all customers are computed again.")
    ] = True,
    data: DataOption = None,
    api: ApiOption = None,
    token_file: TokenOption = None,
    as_json: JsonOption = False,
) -> None:
    """Put a definition in force: customers are computed again, differences are published."""
    definition = read(file)
    asked = QueryApi("journey publish", data=data, api=api, token_file=token_file)
    answer = asked.ask("POST", "/v1/journey", body={"text": definition.text})
    console = Console(stderr=True)
    if not as_json:
        typer.echo(_begun(answer))
    if wait and answer["remaining"]:
        answer |= watch(console, lambda: asked.get("/v1/journey"), answer)
    if as_json:
        typer.echo(json.dumps(answer))
    elif wait and not answer["remaining"]:
        typer.echo(f"done: {answer['recomputed']} customers are under {answer['version']}")


def watch(console: Console, ask: Callable[[], Answer], answer: Answer) -> Answer:
    """Show progress until nobody remains, or another definition is in force; gives how it stands.

    On a terminal a bar, elsewhere a line now and then, both on standard error.
    """
    columns = (
        TextColumn("recomputing"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    )  # fmt: skip
    shown = _Lines(console)
    with Progress(*columns, console=console, disable=not console.is_terminal) as bar:
        task = bar.add_task("", total=None)
        while answer["remaining"]:
            time.sleep(POLL_SECONDS)
            found = ask()
            if found["definition_id"] != answer["definition_id"]:
                console.print(f"{found['version']} has been published meanwhile", markup=False)
                break
            answer = {name: found[name] for name in answer if name in found}
            total = answer["recomputed"] + answer["remaining"]
            bar.update(task, completed=answer["recomputed"], total=total)
            shown.look(answer["recomputed"], answer["remaining"])
    return answer


class _Lines:
    """Plain lines, and a hint when nothing moves; the hint also on a terminal."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._line_at = time.monotonic()
        self._moved_at = self._line_at
        self._remaining = -1

    def look(self, recomputed: int, remaining: int) -> None:
        now = time.monotonic()
        if remaining != self._remaining:
            self._remaining, self._moved_at = remaining, now
        still = now - self._moved_at >= STILL_SECONDS
        if still:
            self._moved_at = now
            self._console.print(
                f"{remaining} customers remain and nothing moves: does a worker run?", markup=False
            )
        elif not self._console.is_terminal and now - self._line_at >= LINE_SECONDS:
            self._line_at = now
            self._console.print(f"{recomputed} recomputed, {remaining} remain", markup=False)


def _begun(answer: Answer) -> str:
    name = f"{answer['journey']} {answer['version']}"
    if not answer["published"]:
        return f"{name} is in force already, since {answer['activated_at']}"
    return (
        f"{name} is in force from {answer['activated_at']} of the watermark; "
        f"{answer['remaining']} customers to be computed again"
    )
