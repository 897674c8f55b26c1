"""`milepost link` and `unlink`: customers joined and taken apart by hand."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Annotated, Any

import typer

from services.cli.asking import ApiOption, DataOption, JsonOption, QueryApi, TokenOption
from services.cli.looks import print_lines

COMPUTING_SECONDS_MAX = 120.0


def link(
    a: Annotated[
        str, typer.Argument(metavar="A", help="Customer id, kind:value, or a bare identifier.")
    ],
    b: Annotated[str, typer.Argument(metavar="B", help="The other one.")],
    *,
    data: DataOption = None,
    api: ApiOption = None,
    token_file: TokenOption = None,
    as_json: JsonOption = False,
) -> None:
    """Join two customers for all time; of two with user ids that of A goes on.

    kind:value may name an identifier that no event has brought yet. Exit code 1: no such customer;
    2: asked wrongly, or too much is linked with them; 3: the query API does not answer.
    """
    asked = QueryApi("link", data=data, api=api, token_file=token_file)
    _ask(asked, "/v1/links", {"a": a, "b": b}, as_json=as_json)


def unlink(
    identifier: Annotated[
        str, typer.Argument(metavar="IDENTIFIER", help="kind:value, or a bare identifier.")
    ],
    *,
    data: DataOption = None,
    api: ApiOption = None,
    token_file: TokenOption = None,
    as_json: JsonOption = False,
) -> None:
    """Take an identifier out of all links, past and to come, until it is linked again.

    What it alone had joined is split. Exit codes are those of `milepost link`.
    """
    asked = QueryApi("unlink", data=data, api=api, token_file=token_file)
    _ask(asked, "/v1/unlinks", {"identifier": identifier}, as_json=as_json)


def _ask(asked: QueryApi, path: str, body: dict[str, str], *, as_json: bool) -> None:
    found = asked.ask("POST", path, body=body, seconds_max=COMPUTING_SECONDS_MAX)
    if as_json:
        typer.echo(json.dumps(found, ensure_ascii=False, indent=2))
        return
    print_lines(lines(found))


def lines(found: dict[str, Any]) -> Iterable[str]:
    """One fact a line, tab separated: its name first."""
    for name in ("merged", "split"):
        for one in found[name]:
            yield f"{name}\t{one['from']}\t{one['to']}"
    for one in found["owners"]:
        whose = one["customer_id"] or "nobody's yet"
        yield f"owner\t{one['kind']}:{one['value']}\t{whose}\t{one['stage'] or '-'}"
    owners = {one["customer_id"] for one in found["owners"]}
    if len(owners) > 1:
        yield "note\tnot joined: together they would own too many identifiers; see /v1/conflicts"
