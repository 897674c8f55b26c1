"""How the demo's live table looks: bars per stage, the last changes, the last signals."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any, Final

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from services.cli.dashboard_picture import ROWS_MAX, Picture

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import JustifyMethod

ROWS_MIN = 2
BAR_WIDTH_MAX = 60
ID_CHARACTERS = 8
_BESIDE_BAR = 32  # columns that names and counts take
_BESIDE_ROWS = 7  # lines of titles, gaps, footer, and the one that the cursor stands on
_STATE_STYLES: Final = {
    "raised": "bold red",
    "recovered": "green",
    "retracted": "yellow",
    "expired": "dim",
}


def line(picture: Picture) -> str:
    """The picture in one line."""
    if picture.problem:
        return picture.problem
    stages = ", ".join(f"{name} {count}" for name, count in picture.stages.items())
    parts = [f"customers: {stages or 'none yet'}", *_figures(picture)]
    parts += [f"last change: {_change(one)}" for one in picture.changes[:1]]
    parts += [f"last signal: {_signal(one)}" for one in latest_signals(picture.signals, 1)]
    return "; ".join(parts)


def draw(picture: Picture, width: int, height: int) -> RenderableType:
    """The picture as tables that fit a terminal of this many columns and lines."""
    rows = min(ROWS_MAX, max(ROWS_MIN, (height - _BESIDE_ROWS - len(picture.stages)) // 2))
    changes = [_change_row(one) for one in picture.changes[:rows]]
    signals = [_signal_row(one) for one in latest_signals(picture.signals, rows)]
    footer = picture.problem or " · ".join([*_figures(picture), "Ctrl-C stops everything"])
    parts: list[RenderableType] = [_stage_table(picture, width)]
    if changes:
        parts += ["", _list_table("Last stage changes", changes)]
    if signals:
        parts += ["", _list_table("Last signals", signals, right=4)]
    else:
        parts += ["", Text("No signal yet: a cart is abandoned a minute after its last event")]
    style = "yellow" if picture.problem else "dim"
    parts.append(Text(footer, style=style, no_wrap=True, overflow="ellipsis"))
    return Group(*parts)


def latest_signals(signals: Sequence[dict[str, Any]], rows: int) -> list[dict[str, Any]]:
    """The newest by when they were told of; a third of the rows is for those that were settled,
    or the many that are raised would push them out."""
    newest = sorted(signals, key=_told_at, reverse=True)
    settled = [one for one in newest if one.get("state") in {"recovered", "retracted"}]
    others = [one for one in newest if one not in settled]
    shown = settled[: max(rows // 3, rows - len(others))]
    return sorted([*shown, *others[: rows - len(shown)]], key=_told_at, reverse=True)


def _figures(picture: Picture) -> list[str]:
    figures = []
    if picture.events_per_second is not None:
        figures.append(f"{picture.events_per_second:.0f} events/s")
    if picture.watermark_age_seconds is not None:
        figures.append(f"watermark {picture.watermark_age_seconds:.1f} s old")
    if picture.lag_records is not None:
        figures.append(f"lag {picture.lag_records} records")
    return figures


def _stage_table(picture: Picture, width: int) -> Table:
    table = _table("Customers per stage")
    table.add_column(style="bold", no_wrap=True)
    table.add_column(justify="right", no_wrap=True)
    table.add_column(style="cyan", no_wrap=True)
    most = max(picture.stages.values(), default=0)
    longest = max(1, min(BAR_WIDTH_MAX, width - _BESIDE_BAR))
    for name, count in picture.stages.items():
        table.add_row(name, f"{count:,}", "█" * round(longest * count / most) if most else "")
    return table


def _list_table(
    title: str, rows: Sequence[tuple[RenderableType, ...]], *, right: int | None = None
) -> Table:
    table = _table(title)
    for index in range(len(rows[0]) - 1):
        justify: JustifyMethod = "right" if index == right else "left"
        table.add_column(justify=justify, no_wrap=True, overflow="ellipsis")
    # Only a column that may wrap is made narrower before the others; its texts do not wrap.
    table.add_column()
    for row in rows:
        table.add_row(*row)
    return table


def _table(title: str) -> Table:
    return Table(
        box=None,
        padding=(0, 1),
        title=title,
        title_justify="left",
        title_style="italic",
        show_header=False,
    )


def _clock(text: str | None) -> str:
    """The local time of an RFC 3339 text, of another day its date."""
    if not text:
        return ""
    moment = datetime.fromisoformat(text).astimezone()
    today = datetime.now(moment.tzinfo).date()
    return f"{moment:%H:%M:%S}" if moment.date() == today else f"{moment:%d %b}"


def _short(one: dict[str, Any]) -> str:
    return str(one.get("customer_id", ""))[-ID_CHARACTERS:]


def _change(change: dict[str, Any]) -> str:
    return f"{change.get('previous')} → {change.get('current')}"


def _change_row(change: dict[str, Any]) -> tuple[RenderableType, ...]:
    cause = change.get("cause") or {}
    kind = f"{cause.get('kind')}: " if change.get("correction") else ""
    return (
        Text(_clock(change.get("recorded_at")), style="dim"),
        Text(_short(change), style="dim"),
        Text(_change(change), style="bold"),
        _last(f"{kind}{cause.get('event', '')} ({cause.get('channel', '')})"),
    )


def _told_at(signal: dict[str, Any]) -> str:
    return str(signal.get("published_at") or signal.get("due_at"))


def _signal(signal: dict[str, Any]) -> str:
    parts = (str(signal.get("rule")), _worth(signal), str(signal.get("state")))
    return " ".join(part for part in parts if part)


def _signal_row(signal: dict[str, Any]) -> tuple[RenderableType, ...]:
    state = str(signal.get("state"))
    items = signal.get("items") or []
    return (
        Text(_clock(_told_at(signal)), style="dim"),
        Text(_short(signal), style="dim"),
        Text(str(signal.get("rule")), style="bold"),
        Text(state, style=_STATE_STYLES.get(state, "")),
        _worth(signal),
        _last(", ".join(str(one.get("name")) for one in items)),
    )


def _last(text: str) -> Text:
    return Text(text, style="dim", no_wrap=True, overflow="ellipsis")


def _worth(signal: dict[str, Any]) -> str:
    """The value with two decimals and its currency; empty where there is none."""
    value, currency = signal.get("value"), signal.get("currency") or ""
    if not value:
        return ""
    try:
        return f"{Decimal(str(value)):,.2f} {currency}".rstrip()
    except InvalidOperation:
        return f"{value} {currency}".rstrip()
