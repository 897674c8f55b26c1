"""`milepost customer ID`: what is known of a customer, asked of the query API."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Annotated, Any
from urllib.parse import quote

import typer
from rich.console import Console
from rich.text import Text

from services.cli.asking import (
    EXIT_USAGE,
    ApiOption,
    DataOption,
    JsonOption,
    QueryApi,
    TokenOption,
)
from services.cli.looks import Listing, cell, clean, facts, on_terminal

_Rows = list[tuple[str, ...]]


def customer(  # noqa: PLR0913 - each is an option of the command
    who: Annotated[
        str, typer.Argument(metavar="ID", help="Customer id, kind:value, or a bare identifier.")
    ],
    *,
    as_of: Annotated[
        str | None,
        typer.Option(
            "--as-of", metavar="T", help="What was known then, such as 2026-11-21T12:00:00Z."
        ),
    ] = None,
    data: DataOption = None,
    api: ApiOption = None,
    token_file: TokenOption = None,
    as_json: JsonOption = False,
    export: Annotated[
        bool, typer.Option("--export", help="Print everything held about the person, as JSON.")
    ] = False,
) -> None:
    """Show a customer: stage, history, identifiers, what is open, what was signaled.

    Exit code 1: no such customer; 2: asked wrongly; 3: the query API does not answer.
    """
    asked = QueryApi("customer", data=data, api=api, token_file=token_file)
    path = f"/v1/customers/{quote(who, safe=':@')}"
    if export:
        if as_of is not None:
            asked.fail(EXIT_USAGE, "--as-of and --export: an export is of what is held now")
        path = f"{path}/export"
    found = asked.get(path, as_of=as_of)
    if as_json or export:
        typer.echo(json.dumps(found, ensure_ascii=False, indent=2))
        return
    if as_of is None:
        found["conflicts"] = asked.get("/v1/conflicts", customer=found["customer_id"])["items"]
    if on_terminal():
        show(Console(), found)
    else:
        for line in plain_lines(found):
            typer.echo("\t".join(map(clean, line.split("\t"))))


def plain_lines(found: dict[str, Any]) -> Iterable[str]:
    """One fact a line, tab separated: its name first."""
    for name in ("customer_id", "stage", "entered_at", "first_seen_at", "last_seen_at"):
        yield f"{name}\t{found[name] or '-'}"
    yield f"definition\t{found['definition'] or '-'}"
    for one in found["identifiers"]:
        yield f"identifier\t{one['kind']}:{one['value']}\t{one['since']}"
    for one in found["overlays"]:
        yield f"overlay\t{one['name']}\t{one['opened_at']}\t{one['expires_at'] or '-'}"
    for name in ("traits", "consent", "counters"):
        for key, value in found[name].items():
            yield f"{name}\t{key}\t{json.dumps(value, ensure_ascii=False)}"
    for one in found["history"]:
        cause = one["cause"]
        yield f"history\t{one['entered_at']}\t{one['stage']}\t{one['direction']}\t{_cause(cause)}"
    for one in found["episodes"]:
        yield f"episode\t{one['rule']}\t{one['scope'] or '-'}\tdue {one['due_at']}"
    for one in found["signals"]:
        yield f"signal\t{one['due_at']}\t{one['rule']}\t{one['state']}\t{_amount(one) or '-'}"
    for one in found["merged_ids"]:
        yield f"merged\t{one}"
    yield from ("\t".join(("conflict", *row)) for row in _conflicts(found))


def show(console: Console, found: dict[str, Any]) -> None:
    """Facts, then tables of what there is of them."""
    since = f" since {found['entered_at']}" if found["entered_at"] else ""
    console.print(Text.assemble((clean(found["stage"]), "bold"), cell(since)))
    console.print(facts((name, text) for name, text in _facts(found) if text))
    for title, columns, rows in _tables(found):
        if rows:
            console.print(Listing(title, columns, rows))


def _facts(found: dict[str, Any]) -> list[tuple[str, str]]:
    return [
        ("customer", found["customer_id"]),
        ("identifiers", ", ".join(f"{i['kind']}:{i['value']}" for i in found["identifiers"])),
        ("overlays", ", ".join(o["name"] for o in found["overlays"])),
        ("traits", _compact(found["traits"])),
        ("consent", _compact(found["consent"])),
        ("counters", _compact(found["counters"])),
        ("seen", f"{found['first_seen_at'] or '-'} to {found['last_seen_at'] or '-'}"),
        ("merged in", ", ".join(found["merged_ids"])),
        ("definition", found["definition"]),
    ]


def _tables(found: dict[str, Any]) -> list[tuple[str, tuple[str, ...], _Rows]]:
    history: _Rows = [
        (h["entered_at"], h["stage"], h["direction"], _cause(h["cause"])) for h in found["history"]
    ]
    episodes: _Rows = [
        (e["rule"], e["scope"] or "", e["last_activity_at"], e["due_at"]) for e in found["episodes"]
    ]
    signals: _Rows = [(s["due_at"], s["rule"], s["state"], _amount(s)) for s in found["signals"]]
    return [
        ("History", ("entered", "stage", "direction", "cause"), history),
        ("Open", ("rule", "scope", "last activity", "due"), episodes),
        ("Signals", ("due", "rule", "state", "value"), signals),
        ("Conflicts", ("identifier", "reason", "from", "to", "count", "last"), _conflicts(found)),
    ]


def _conflicts(found: dict[str, Any]) -> _Rows:
    return [
        (
            f"{c['kind']}:{c['value']}",
            c["reason"],
            c["from_customer_id"],
            c["to_customer_id"],
            str(c["count"]),
            c["last_at"],
        )
        for c in found.get("conflicts", ())
    ]


def _cause(cause: dict[str, Any]) -> str:
    return f"{cause['event']} on {cause['channel']} by {cause['source']} ({cause['rule']})"


def _amount(signal: dict[str, Any]) -> str:
    return f"{signal.get('value') or ''} {signal.get('currency') or ''}".strip()


def _compact(values: dict[str, Any]) -> str:
    return ", ".join(f"{k}={json.dumps(v, ensure_ascii=False)}" for k, v in values.items())
