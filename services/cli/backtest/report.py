"""A backtest's outcome for people: tables on a terminal, a fact a line elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rich.console import Console
from rich.markup import escape

from services.cli.looks import Listing, to_the_second

_Rows = list[tuple[str, ...]]
_MOVES = ("from", "to", "customers", "such as", "now by", "proposed by")
_KINDS = ("appear", "vanish", "move", "turn")


def plain_lines(found: dict[str, Any]) -> Iterator[str]:
    """One fact a line, tab separated: its name first; `found` is the JSON document."""
    for side in ("current", "proposed"):
        yield f"{side}\t{found[side]['journey']}\t{found[side]['version']}"
    for name in ("watermark", "since", "customers", "touchpoints", "seconds"):
        yield f"{name}\t{'-' if found[name] is None else found[name]}"
    for row in _stages(found):
        yield "\t".join(("stage", *row))
    for row in _moves(found):
        yield "\t".join(("stage_change", *row))
    yield f"history\t{found['history']['customers']}"
    for row in _transitions(found):
        yield "\t".join(("transition", *row))
    for row in _signals(found):
        yield "\t".join(("signals", *row))
    for row in _samples(found):
        yield "\t".join(("signal", *row))
    for row in _errors(found):
        yield "\t".join(("errors", *row))
    for one in found["stored_differs"]["samples"]:
        yield f"stored_differs\t{one['customer_id']}\t{','.join(one['fields'])}"
    yield f"verdict\t{verdict(found)}"


def show(console: Console, found: dict[str, Any]) -> None:
    """Tables of what differs, and a verdict."""
    current, proposed = found["current"], found["proposed"]
    console.print(
        f"[bold]{escape(current['journey'])}[/] {current['version']} -> "
        f"[bold]{escape(proposed['journey'])}[/] {proposed['version']}, {found['customers']} "
        f"customers and {found['touchpoints']} touchpoints in {found['seconds']} s",
        highlight=False,
    )
    for title, columns, rows in _tables(found):
        if rows:
            console.print(Listing(title, columns, rows))
    console.print()
    console.print(verdict(found), highlight=False)


def verdict(found: dict[str, Any]) -> str:
    """One sentence; also when the stored state is not what it should be."""
    stored = found["stored_differs"]["customers"]
    if stored:
        return (
            f"The stored state of {stored} customers is not what the definition in force makes of "
            "their touchpoints: please report it."
        )
    moved = sum(one["customers"] for one in found["stage_changes"])
    signals = sum(one[kind]["count"] for one in found["signals"] for kind in _KINDS)
    if not moved and not signals and not found["history"]["customers"]:
        return "Nothing would differ. Nothing was written."
    return (
        f"{moved} customers would be in another stage, and {signals} signals would differ. "
        "Nothing was written."
    )


def _tables(found: dict[str, Any]) -> list[tuple[str, tuple[str, ...], _Rows]]:
    since = to_the_second(found["since"] or "ever")
    return [
        ("Customers in a stage", ("stage", "now", "proposed"), _stages(found)),
        ("Who would be in another stage", _MOVES, _moves(found)),
        (f"History since {since}", ("from", "to", "vanish", "appear"), _transitions(found)),
        (f"Signals due since {since}", ("rule", "now", "proposed", *_KINDS), _signals(found)),
        ("Such as", ("what", "rule", "customer", "scope", "now", "proposed"), _samples(found)),
        ("Expressions that failed", ("definition", "place", "times"), _errors(found)),
    ]  # fmt: skip


def _stages(found: dict[str, Any]) -> _Rows:
    return [(one["stage"], str(one["current"]), str(one["proposed"])) for one in found["stages"]]


def _moves(found: dict[str, Any]) -> _Rows:
    return [
        (one["from"], one["to"], str(one["customers"]) if n == 0 else "", sample["customer_id"],
         _cause(sample["current"]), _cause(sample["proposed"]))
        for one in found["stage_changes"]
        for n, sample in enumerate(one["samples"])
    ]  # fmt: skip


def _transitions(found: dict[str, Any]) -> _Rows:
    return [
        (one["from"], one["to"], str(one["vanish"]), str(one["appear"]))
        for one in found["history"]["transitions"]
    ]


def _signals(found: dict[str, Any]) -> _Rows:
    return [
        (one["rule"], str(one["current"]), str(one["proposed"]),
         *(str(one[kind]["count"]) for kind in _KINDS))
        for one in found["signals"]
    ]  # fmt: skip


def _samples(found: dict[str, Any]) -> _Rows:
    return [
        (kind, one["rule"], sample["customer_id"], sample["scope"] or "-",
         _raised(sample["current"]), _raised(sample["proposed"]))
        for one in found["signals"]
        for kind in _KINDS
        for sample in one[kind]["samples"]
    ]  # fmt: skip


def _errors(found: dict[str, Any]) -> _Rows:
    return [
        (side, place, str(count))
        for side, errors in found["errors"].items()
        for place, count in errors.items()
        if count
    ]


def _cause(cause: dict[str, Any] | None) -> str:
    return "-" if cause is None else f"{cause['rule']}: {cause['event']} {cause['at']}"


def _raised(raised: dict[str, Any] | None) -> str:
    return "-" if raised is None else f"{raised['state']} {raised['due']}"
