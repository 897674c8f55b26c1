"""`milepost customer ID`: what is known of a customer, asked of the query API."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, NoReturn
from urllib.parse import quote

import httpx2
import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from services.cli.endpoints import EndpointsError, read_endpoints

ANSWER_SECONDS_MAX = 20.0
EXIT_NOT_FOUND = 1
EXIT_USAGE = 2
EXIT_NOT_REACHABLE = 3

_NOT_FOUND = frozenset({404, 410})
_Rows = list[tuple[str, ...]]


def customer(
    who: Annotated[
        str, typer.Argument(metavar="ID", help="Customer id, kind:value, or a bare identifier.")
    ],
    *,
    data: Annotated[
        Path | None, typer.Option("--data", help="Data folder of the running system.")
    ] = None,
    api: Annotated[
        str | None, typer.Option("--api", help="URL of the query API, instead of --data.")
    ] = None,
    token_file: Annotated[
        Path | None, typer.Option("--token-file", help="File whose first line is a bearer token.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the API's answer.")] = False,
) -> None:
    """Show a customer: stage, history, identifiers, what is open, what was signaled.

    Exit code 1: no such customer; 2: asked wrongly; 3: the query API does not answer.
    """
    found = _ask(who, api or _api_of(data), _headers(token_file))
    if as_json:
        typer.echo(json.dumps(found, ensure_ascii=False, indent=2))
    elif sys.stdout.isatty():
        show(Console(), found)
    else:
        for line in plain_lines(found):
            typer.echo(line)


def _api_of(data: Path | None) -> str:
    try:
        return read_endpoints(data).api
    except EndpointsError as error:
        _fail(EXIT_NOT_REACHABLE, str(error))


def _headers(token_file: Path | None) -> dict[str, str]:
    if token_file is None:
        return {}
    try:
        words = token_file.read_text("utf-8").split(maxsplit=1)
    except (OSError, UnicodeDecodeError) as error:
        _fail(EXIT_USAGE, f"--token-file {token_file}: {error}")
    if not words:
        _fail(EXIT_USAGE, f"--token-file {token_file}: is empty")
    return {"Authorization": f"Bearer {words[0]}"}


def _ask(who: str, api: str, headers: dict[str, str]) -> dict[str, Any]:
    url = f"{api.rstrip('/')}/v1/customers/{quote(who, safe=':@')}"
    try:
        answer = httpx2.get(url, headers=headers, timeout=ANSWER_SECONDS_MAX)
        body = answer.json()
    except (httpx2.InvalidURL, httpx2.UnsupportedProtocol) as error:
        _fail(EXIT_USAGE, f"--api {api}: {error}")
    except httpx2.HTTPError as error:
        _fail(EXIT_NOT_REACHABLE, f"the query API at {api} does not answer: {error}")
    except ValueError:
        body = None
    if not isinstance(body, dict):
        _fail(EXIT_NOT_REACHABLE, f"{api} answers, but it is not Milepost's query API")
    if not answer.is_success:
        _refused(answer, api, str(body.get("detail") or "no reason"))
    return body


def _refused(answer: httpx2.Response, api: str, detail: str) -> NoReturn:
    if answer.status_code in _NOT_FOUND:
        _fail(EXIT_NOT_FOUND, detail)
    code = EXIT_USAGE if answer.is_client_error else EXIT_NOT_REACHABLE
    _fail(code, f"the query API at {api} answers {answer.status_code}: {detail}")


def _fail(code: int, message: str) -> NoReturn:
    typer.echo(f"milepost customer: {message}", err=True)
    raise typer.Exit(code)


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


def show(console: Console, found: dict[str, Any]) -> None:
    """Facts, then tables of what there is of them."""
    since = f" since {found['entered_at']}" if found["entered_at"] else ""
    console.print(f"[bold]{escape(found['stage'])}[/]{since}", highlight=False)
    about = Table.grid(padding=(0, 2))
    for name, text in _facts(found):
        if text:
            about.add_row(f"[dim]{name}[/]", escape(text))
    console.print(about)
    for title, columns, rows in _tables(found):
        if rows:
            table = Table(
                *columns, title=title, title_justify="left", box=None, padding=(0, 2, 0, 0)
            )
            for row in rows:
                table.add_row(*(escape(cell) for cell in row))
            console.print(table)


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
    ]


def _cause(cause: dict[str, Any]) -> str:
    return f"{cause['event']} on {cause['channel']} by {cause['source']} ({cause['rule']})"


def _amount(signal: dict[str, Any]) -> str:
    return f"{signal.get('value') or ''} {signal.get('currency') or ''}".strip()


def _compact(values: dict[str, Any]) -> str:
    return ", ".join(f"{k}={json.dumps(v, ensure_ascii=False)}" for k, v in values.items())
