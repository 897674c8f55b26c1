"""`milepost dead-letters`: look at records set aside, send them again, drop them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from services.cli.asking import (
    EXIT_USAGE,
    ApiOption,
    DataOption,
    JsonOption,
    QueryApi,
    TokenOption,
)
from services.cli.looks import Listing, print_lines, print_listing

app = typer.Typer(help="Records that could not be processed.", no_args_is_help=True)

LetterArgument = Annotated[int, typer.Argument(metavar="ID", min=1, help="As `list` shows it.")]
OneArgument = Annotated[
    int | None, typer.Argument(metavar="[ID]", min=1, help="As `list` shows it.")
]


@app.command("list")
def list_letters(
    *,
    status: Annotated[
        str, typer.Option(help="open, replayed, dropped, or all.", metavar="STATUS")
    ] = "open",
    data: DataOption = None,
    api: ApiOption = None,
    token_file: TokenOption = None,
    as_json: JsonOption = False,
) -> None:
    """List records that were set aside: where they stood, and why."""
    asked = QueryApi("dead-letters list", data=data, api=api, token_file=token_file)
    items: list[dict[str, Any]] = []
    after = None
    while True:
        chosen = None if status == "all" else status
        page = asked.get("/v1/dead-letters", status=chosen, after=after, limit=500)
        items += page["items"]
        after = page["next"]
        if after is None:
            break
    if as_json:
        typer.echo(json.dumps({"items": items, "next": None}, ensure_ascii=False, indent=2))
        return
    if items:
        print_listing(listing(items))
    else:
        typer.echo("no dead letters" if status == "all" else f"no dead letters are {status}")


@app.command()
def show(
    letter: LetterArgument,
    *,
    data: DataOption = None,
    api: ApiOption = None,
    token_file: TokenOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show one record with its bytes; a token needs the scope pii."""
    asked = QueryApi("dead-letters show", data=data, api=api, token_file=token_file)
    found = asked.get(f"/v1/dead-letters/{letter}")
    if as_json:
        typer.echo(json.dumps(found, ensure_ascii=False, indent=2))
        return
    names = ("id", "status", "recorded_at", "topic", "partition", "offset", "reason", "message")
    print_lines([*(f"{name}\t{found[name]}" for name in names), f"key\t{found['key'] or '-'}"])
    typer.echo("")
    typer.echo(readable(found["value"], found["value_base64"]))


@app.command()
def replay(
    letter: OneArgument = None,
    *,
    every: Annotated[bool, typer.Option("--all", help="All that are open.")] = False,
    file: Annotated[
        Path | None, typer.Option("--file", help="The corrected record, JSON, instead of its own.")
    ] = None,
    data: DataOption = None,
    api: ApiOption = None,
    token_file: TokenOption = None,
) -> None:
    """Send a record, or all, through the touchpoint topic again; repeats do no harm."""
    asked = QueryApi("dead-letters replay", data=data, api=api, token_file=token_file)
    _require_choice(asked, letter, every=every)
    if letter is None:
        if file is not None:
            asked.fail(EXIT_USAGE, "--file corrects one record: give its ID, not --all")
        _say("replayed", _replay_all(asked))
        return
    body = {} if file is None else {"value": _text_of(asked, file)}
    found = asked.ask("POST", f"/v1/dead-letters/{letter}/replay", body=body)
    _say("replayed", found)


@app.command()
def drop(
    letter: OneArgument = None,
    *,
    every: Annotated[bool, typer.Option("--all", help="All that are open.")] = False,
    data: DataOption = None,
    api: ApiOption = None,
    token_file: TokenOption = None,
) -> None:
    """Settle a record, or all, as not to be processed; the bytes stay in the table."""
    asked = QueryApi("dead-letters drop", data=data, api=api, token_file=token_file)
    _require_choice(asked, letter, every=every)
    path = "/v1/dead-letters/drop" if letter is None else f"/v1/dead-letters/{letter}/drop"
    _say("dropped", asked.ask("POST", path))


@app.command()
def resume(
    partition: Annotated[int, typer.Argument(min=0, help="The partition that stopped.")],
    *,
    data: DataOption = None,
    api: ApiOption = None,
    token_file: TokenOption = None,
    as_json: JsonOption = False,
) -> None:
    """Let a partition that its brake stopped go on, behind the record that was too many."""
    asked = QueryApi("dead-letters resume", data=data, api=api, token_file=token_file)
    found = asked.ask("POST", f"/v1/partitions/{partition}/resume")
    if as_json:
        typer.echo(json.dumps(found, ensure_ascii=False, indent=2))
    elif found["stopped"] is None:
        typer.echo(f"partition {partition} had not stopped")
    else:
        typer.echo(f"partition {partition} goes on at offset {found['next_offset']}")


def listing(items: Sequence[dict[str, Any]]) -> Listing:
    """Where each record stood, and why it was set aside."""
    columns = ("id", "status", "recorded", "record", "size", "reason", "message")
    rows = [
        (
            one["id"],
            one["status"],
            one["recorded_at"],
            f"{one['topic']}/{one['partition']}@{one['offset']}",
            "heartbeat" if one["heartbeat"] else f"{one['bytes']} bytes",
            one["reason"],
            one["message"],
        )
        for one in items
    ]
    return Listing("", columns, rows)


def readable(value: str | None, base64: str | None) -> str:
    """The bytes for eyes: indented JSON, else the text, else base64."""
    if value is None:
        return "(no value)" if base64 is None else f"base64: {base64}"
    try:
        return json.dumps(json.loads(value), ensure_ascii=False, indent=2)
    except ValueError:
        return value


def _require_choice(asked: QueryApi, letter: int | None, *, every: bool) -> None:
    if (letter is None) != every:
        asked.fail(EXIT_USAGE, "give one ID, or --all")


def _text_of(asked: QueryApi, file: Path) -> str:
    try:
        return file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        asked.fail(EXIT_USAGE, f"--file {file}: {error}")


def _replay_all(asked: QueryApi) -> dict[str, Any]:
    total = 0
    while True:
        found = asked.ask("POST", "/v1/dead-letters/replay")
        total += found["count"]
        if not found["count"]:
            return {"count": total, "open": found["open"]}


def _say(what: str, found: dict[str, Any]) -> None:
    typer.echo(f"{what} {found['count']}; open {found['open']}")
