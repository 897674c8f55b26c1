"""Records as lines for people: when, who, what happened, why."""

from __future__ import annotations

import base64
import binascii
from typing import Any

from rich.console import Console
from rich.text import Text

from services.cli.looks import STYLES, clean, to_the_second

ITEMS_SHOWN_MAX = 3
ORIGINAL_SHOWN_BYTES_MAX = 160
_GAP = "  "


def touchpoint_line(value: dict[str, Any], key: str, _kind: str) -> str:
    """When, the primary identifier, channel and source, the event and its name or product."""
    properties = value.get("properties") or {}
    name = properties.get("name") or properties.get("product_id") or ""
    where = f"{value.get('channel')}/{value.get('source')}"
    marks = [mark for mark in ("bot", "historical") if value.get(mark)]
    return _joined(value.get("occurred_at"), key, where, value.get("event"), name, *marks)


def stage_change_line(value: dict[str, Any], key: str, _kind: str) -> str:
    """When, the customer, previous -> current, direction, and what caused it."""
    change = f"{value.get('previous')} -> {value.get('current')}"
    direction = f"({value['direction']})" if value.get("direction") else ""
    mark = "correction" if value.get("correction") else ""
    return _joined(_time(value), key, change, direction, mark, _cause(value.get("cause") or {}))


def signal_line(value: dict[str, Any], key: str, kind: str) -> str:
    """When, the customer, the rule and what became of it, what was left, its value."""
    what = kind.split(".")[2] if kind.count(".") >= 2 else ""
    rule = f"{value.get('rule')} {what}".strip()
    amount = f"{value.get('value') or ''} {value.get('currency') or ''}".strip()
    reminder = value.get("reminder") or {}
    nth = f"reminder {reminder.get('n')} of {reminder.get('of')}" if reminder else ""
    after = f"due {value.get('due_at')}"
    return _joined(_time(value), key, rule, nth, _left(value), amount, after, _outcome(value))


def rejected_line(value: dict[str, Any], _key: str, _kind: str) -> str:
    """When, the source, the code and its reason, how the event began."""
    try:
        original = base64.b64decode(str(value.get("original") or ""))
    except binascii.Error:
        original = b""
    begins = original[:ORIGINAL_SHOWN_BYTES_MAX].decode("utf-8", "replace")
    more = "..." if len(original) > ORIGINAL_SHOWN_BYTES_MAX else ""
    reason = f"{value.get('code')}: {value.get('message')}"
    return _joined(value.get("received_at"), value.get("source"), reason, f"{begins}{more}")


def unread_line(key: str, partition: int, offset: int, reason: str) -> str:
    """A record that is no JSON object."""
    return _joined("-", key, f"unreadable record {partition}/{offset}: {reason}")


def coloured(line: str) -> Text:
    """A line with when and who dimmed, and what became of a signal in its colour."""
    shown = to_the_second(line)
    when, _, rest = shown.partition(_GAP)
    who = rest.partition(_GAP)[0]
    text = Text(shown)
    text.stylize("dim", 0, len(when) + len(_GAP) + len(who))
    for word, style in STYLES.items():
        text.highlight_regex(rf"(?<=\w ){word}(?={_GAP})", style)
    text.highlight_regex(rf"(?<={_GAP})\S+ -> \S+", "bold")
    text.highlight_regex(rf"(?<={_GAP})correction(?={_GAP}|$)", "yellow")
    return text


def print_coloured(line: str) -> None:
    """The line on a terminal."""
    Console().print(coloured(line), soft_wrap=True)


def _time(value: dict[str, Any]) -> str:
    return str(value.get("published_at") or value.get("entered_at") or "-")


def _cause(cause: dict[str, Any]) -> str:
    where = "/".join(str(cause[part]) for part in ("channel", "source") if cause.get(part))
    rule = f"rule {cause['rule']}" if cause.get("rule") else ""
    kind = "" if cause.get("kind") == "touchpoint" else cause.get("kind")
    return "  ".join(str(part) for part in (kind, cause.get("event"), where, rule) if part)


def _left(value: dict[str, Any]) -> str:
    """The first items by name, and how many more."""
    items = value.get("items") or []
    names = [_item(item) for item in items[:ITEMS_SHOWN_MAX]]
    if len(items) > ITEMS_SHOWN_MAX:
        names.append(f"and {len(items) - ITEMS_SHOWN_MAX} more")
    return ", ".join(names)


def _item(item: dict[str, Any]) -> str:
    name = next((str(item[k]) for k in ("name", "product_id", "sku") if item.get(k)), "item")
    quantity = str(item.get("quantity") or "1")
    return name if quantity == "1" else f"{quantity} x {name}"


def _outcome(value: dict[str, Any]) -> str:
    recovered = value.get("recovered") or {}
    if recovered:
        return f"by {recovered.get('event')} on {recovered.get('channel')}"
    cause = value.get("cause") or {}
    return str(cause.get("kind") or "")


def _joined(*parts: object) -> str:
    """The parts that say something, on one line."""
    # A customer's text must not steer the terminal.
    return clean(_GAP.join(str(part) for part in parts if part not in ("", None)))
