"""`milepost watermark`: what holds it, and letting go of an instance that will not return."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Annotated, Any

import typer

from services.cli.asking import ApiOption, DataOption, JsonOption, QueryApi, TokenOption
from services.cli.looks import print_lines

app = typer.Typer(help="What holds the watermark.", no_args_is_help=True)


@app.command()
def show(
    *,
    data: DataOption = None,
    api: ApiOption = None,
    token_file: TokenOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show how far the watermark is, what holds it, since when, and what to do."""
    asked = QueryApi("watermark show", data=data, api=api, token_file=token_file)
    status = asked.get("/v1/status")
    if as_json:
        found = {"watermark": status["watermark"], "instances": status["instances"]}
        typer.echo(json.dumps(found, ensure_ascii=False, indent=2))
        return
    print_lines(lines(status))


@app.command()
def release(
    instance: Annotated[str, typer.Argument(help="The instance, as `watermark show` names it.")],
    *,
    data: DataOption = None,
    api: ApiOption = None,
    token_file: TokenOption = None,
    as_json: JsonOption = False,
) -> None:
    """Let go of an ingest instance that will not return: it counts nowhere until its next hello.

    Events that it still holds in its spool are then late: they can only correct what was told.
    """
    asked = QueryApi("watermark release", data=data, api=api, token_file=token_file)
    found = asked.ask("POST", "/v1/watermark/release", body={"instance": instance})
    if as_json:
        typer.echo(json.dumps(found, ensure_ascii=False, indent=2))
        return
    said = f"released\t{found['instance']}\t{found['released_at']}"
    print_lines([said, f"note\t{found['note']}"])


def lines(status: dict[str, Any]) -> Iterable[str]:
    """One fact a line, tab separated: its name first."""
    watermark = status["watermark"]
    age = watermark["age_seconds"]
    yield f"watermark\t{watermark['at'] or '-'}\t{'-' if age is None else f'{age:.1f} s old'}"
    for hold in watermark["holds"]:
        who = hold["instance"] or f"partition {hold['partition']}"
        seconds = "-" if hold["seconds"] is None else f"{hold['seconds']:.0f} s"
        yield f"hold\t{who}\t{hold['reason']}\t{hold['since'] or '-'}\t{seconds}\t{hold['advice']}"
    for one in status["instances"]:
        state = "released" if one["released"] else one["phase"]
        yield f"instance\t{one['instance']}\t{state}\tspool {one['spool']}\t{one['last_beat_at']}"
