"""`milepost erase ID`: everything held about a person goes, and does not come back."""

from __future__ import annotations

import json
import sys
from typing import Annotated, Any
from urllib.parse import quote

import typer

from services.cli.asking import (
    EXIT_USAGE,
    ApiOption,
    DataOption,
    JsonOption,
    QueryApi,
    TokenOption,
)
from services.cli.looks import print_lines

ERASURE_SECONDS_MAX = 120.0


def erase(
    who: Annotated[
        str, typer.Argument(metavar="ID", help="Customer id, kind:value, or a bare identifier.")
    ],
    *,
    data: DataOption = None,
    api: ApiOption = None,
    token_file: TokenOption = None,
    as_json: JsonOption = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask before it is done.")] = False,
) -> None:
    """Erase a person: what is held of them goes for ever; prints what was removed.

    Exit code 1: no such customer; 2: asked wrongly, or not confirmed; 3: the query API does not
    answer.
    """
    asked = QueryApi("erase", data=data, api=api, token_file=token_file)
    if not yes and not sys.stdin.isatty():
        asked.fail(EXIT_USAGE, "nobody is there to confirm it; give --yes")
    if not yes and not typer.confirm(f"Erase everything held about {who}? It cannot be undone"):
        asked.fail(EXIT_USAGE, "not confirmed; nothing was erased")
    path = f"/v1/customers/{quote(who, safe=':@')}"
    receipt = asked.ask("DELETE", path, seconds_max=ERASURE_SECONDS_MAX)
    if as_json:
        typer.echo(json.dumps(receipt, ensure_ascii=False, indent=2))
    else:
        print_lines(lines(receipt))


def lines(receipt: dict[str, Any]) -> list[str]:
    """One fact a line, tab separated: its name first."""
    facts = [("erased", receipt["customer_id"]), ("at", receipt["erased_at"])]
    facts += [("merged", one) for one in receipt["merged_ids"]]
    removed = [f"removed\t{name}\t{n}" for name, n in receipt["removed"].items() if n]
    ends = [
        f"ends\t{one['topic']}\t{one['ends_at']}\t{one['by']}"
        for one in receipt["ends_by_retention"]
    ]
    shared = f"kept\tshared identifiers\t{receipt['shared_identifiers']}"
    return [*("\t".join(fact) for fact in facts), *removed, shared, *ends]
