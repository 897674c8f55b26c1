"""The demo's live table: customers per stage, last stage changes, last signals."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import httpx2
from rich.console import Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from rich.console import Console

REFRESH_SECONDS = 1.0
PLAIN_SECONDS = 10.0
REQUEST_SECONDS_MAX = 3.0
ROWS_MAX = 6
BAR_WIDTH = 32
_STATE_STYLES: Final = {
    "raised": "bold red",
    "recovered": "green",
    "retracted": "yellow",
    "expired": "dim",
}


@dataclass(slots=True)
class Picture:
    """What the query API said last. `problem`: why there is nothing newer."""

    stages: dict[str, int] = field(default_factory=dict)
    changes: list[dict[str, Any]] = field(default_factory=list)
    signals: list[dict[str, Any]] = field(default_factory=list)
    watermark_age_seconds: float | None = None
    lag_records: int | None = None
    events_total: int | None = None
    events_per_second: float | None = None
    taken_at: float = 0.0
    problem: str = ""


async def run_dashboard(api_url: str, console: Console, *, stop: asyncio.Event) -> None:
    """Shows what happens until `stop`: a live table on a terminal, a line every ten seconds
    elsewhere. An api that is away is said and waited for."""
    async with httpx2.AsyncClient(
        base_url=api_url, timeout=REQUEST_SECONDS_MAX, trust_env=False
    ) as client:
        show = _show_live if console.is_terminal else _show_lines
        await show(client, console, stop)


async def _show_live(client: httpx2.AsyncClient, console: Console, stop: asyncio.Event) -> None:
    picture = Picture(problem="starting")
    with Live(console=console, auto_refresh=False, transient=True) as live:
        while not stop.is_set():
            picture = await look(client, picture)
            live.update(draw(picture), refresh=True)
            await _pause(stop, REFRESH_SECONDS)


async def _show_lines(client: httpx2.AsyncClient, console: Console, stop: asyncio.Event) -> None:
    picture = Picture()
    while not stop.is_set():
        picture = await look(client, picture)
        console.print(line(picture), soft_wrap=True, highlight=False, markup=False)
        await _pause(stop, PLAIN_SECONDS)


async def look(client: httpx2.AsyncClient, before: Picture) -> Picture:
    """The newest picture; the one before, with the problem named, when the api cannot say."""
    try:
        status, journey, changes, signals = await asyncio.gather(
            _get(client, "/v1/status"),
            _get(client, "/v1/journey?customers=true"),
            _get(client, f"/v1/stage-changes?limit={ROWS_MAX}"),
            _get(client, f"/v1/signals?limit={ROWS_MAX}"),
        )
    except (httpx2.HTTPError, ValueError) as error:
        before.problem = f"the api does not answer ({type(error).__name__})"
        return before
    picture = Picture(
        stages=stage_counts(journey),
        changes=changes.get("items", []),
        signals=signals.get("items", []),
        watermark_age_seconds=(status.get("watermark") or {}).get("age_seconds"),
        lag_records=_sum(status.get("lag")),
        events_total=status.get("touchpoints"),
        taken_at=time.monotonic(),
    )
    picture.events_per_second = _rate(before, picture)
    return picture


async def _get(client: httpx2.AsyncClient, path: str) -> dict[str, Any]:
    """The answer's object; an empty one where this api does not have the path, or nothing yet."""
    answer = await client.get(path)
    if answer.status_code == 404:
        return {}
    answer.raise_for_status()
    body = answer.json()
    return body if isinstance(body, dict) else {}


def stage_counts(journey: dict[str, Any]) -> dict[str, int]:
    """Customers per stage in the order of the definition, those without a stage last."""
    counts: dict[str, int] = journey.get("customers") or {}
    named = [stage["name"] for stage in (journey.get("definition") or {}).get("stages", [])]
    rest = [name for name in counts if name not in named]
    return {name: counts.get(name, 0) for name in [*named, *rest]}


def _sum(lag: dict[str, int] | None) -> int | None:
    return None if lag is None else sum(lag.values())


def _rate(before: Picture, now: Picture) -> float | None:
    if before.events_total is None or now.events_total is None:
        return None
    return (now.events_total - before.events_total) / max(now.taken_at - before.taken_at, 0.001)


def line(picture: Picture) -> str:
    """The picture in one line."""
    if picture.problem:
        return picture.problem
    stages = ", ".join(f"{name} {count}" for name, count in picture.stages.items())
    parts = [f"customers: {stages or 'none yet'}", *_figures(picture)]
    parts += [f"last change: {_change(one)}" for one in picture.changes[:1]]
    parts += [f"last signal: {_signal(one)}" for one in picture.signals[:1]]
    return "; ".join(parts)


def draw(picture: Picture) -> RenderableType:
    """The picture as tables."""
    parts: list[RenderableType] = [_stage_table(picture)]
    if picture.changes:
        parts.append(_list_table("Last stage changes", [_change_row(c) for c in picture.changes]))
    if picture.signals:
        parts.append(_list_table("Last signals", [_signal_row(s) for s in picture.signals]))
    footer = "  ·  ".join(_figures(picture))
    style = "yellow" if picture.problem else "dim"
    parts.append(Text(picture.problem or f"{footer}  ·  Ctrl-C stops everything", style=style))
    return Group(*parts)


def _figures(picture: Picture) -> list[str]:
    figures = []
    if picture.events_per_second is not None:
        figures.append(f"{picture.events_per_second:.0f} events/s")
    if picture.watermark_age_seconds is not None:
        figures.append(f"watermark {picture.watermark_age_seconds:.1f} s old")
    if picture.lag_records is not None:
        figures.append(f"{picture.lag_records} records to go")
    return figures


def _stage_table(picture: Picture) -> Table:
    table = Table(box=None, padding=(0, 1), title="Customers per stage", title_justify="left")
    table.add_column("stage", style="bold", no_wrap=True)
    table.add_column("customers", justify="right")
    table.add_column("", style="cyan", no_wrap=True)
    most = max(picture.stages.values(), default=0)
    for name, count in picture.stages.items():
        table.add_row(name, str(count), "█" * round(BAR_WIDTH * count / most) if most else "")
    return table


def _list_table(title: str, rows: list[tuple[RenderableType, ...]]) -> Table:
    table = Table(box=None, padding=(0, 1), title=title, title_justify="left", show_header=False)
    for row in rows:
        table.add_row(*row)
    return table


def _clock(text: str | None) -> str:
    """Hours to seconds (UTC) of an RFC 3339 text."""
    return (text or "")[11:19]


def _change(change: dict[str, Any]) -> str:
    return f"{change.get('previous')} -> {change.get('current')}"


def _change_row(change: dict[str, Any]) -> tuple[RenderableType, ...]:
    cause = change.get("cause") or {}
    return (
        Text(_clock(change.get("entered_at")), style="dim"),
        str(change.get("customer_id", ""))[-12:],
        Text(_change(change), style="bold"),
        Text(f"{cause.get('event', '')} ({cause.get('channel', '')})", style="dim"),
    )


def _signal(signal: dict[str, Any]) -> str:
    value = signal.get("value")
    worth = f" {value} {signal.get('currency') or ''}".rstrip() if value else ""
    return f"{signal.get('rule')}{worth} {signal.get('state')}"


def _signal_row(signal: dict[str, Any]) -> tuple[RenderableType, ...]:
    state = str(signal.get("state"))
    value = signal.get("value")
    items = signal.get("items") or []
    return (
        Text(_clock(signal.get("due_at")), style="dim"),
        str(signal.get("customer_id", ""))[-12:],
        Text(str(signal.get("rule")), style="bold"),
        Text(state, style=_STATE_STYLES.get(state, "")),
        f"{value} {signal.get('currency') or ''}" if value else "",
        Text(", ".join(str(one.get("name")) for one in items)[:40], style="dim"),
    )


async def _pause(stop: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await stop.wait()
    except TimeoutError:
        return
