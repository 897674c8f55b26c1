"""The flow counted by hand: over each customer's touchpoints, bands and signals."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from typing import Any

from services.contracts.times import read_time
from tests.journey_state.counting import Life, abandoned, event_of, is_meant, within

Place = tuple[int, str]  # of the order: an instant, and which of those at it
Columns = list[dict[str, str]]  # per step: customer -> node


def flowed(
    lives: list[Life],
    stages: list[str],
    period: tuple[int, int],
    said: Mapping[str, str],
    asked: Mapping[str, Any],
) -> Columns:
    """Who is at which node of each step, cut to the top ones; `asked` is what the flow is of."""
    columns: Columns = [{} for _ in range(asked["steps"])]
    walking: list[Counter[str]] = [Counter() for _ in columns]
    for life in lives:
        path, end = _path(life, stages, period, said, asked)
        for step, column in enumerate(columns if path else ()):
            column[life.customer_id] = path[step] if step < len(path) else end
            if step < len(path):
                walking[step][path[step]] += 1
    return [
        _cut(column, found, asked["top"]) for column, found in zip(columns, walking, strict=True)
    ]


def links_of(columns: Columns, step: int) -> dict[tuple[str, str], list[str]]:
    """Who goes from where to where after the step, from 0 on."""
    found = defaultdict(list)
    for customer, node in columns[step].items():
        found[node, columns[step + 1][customer]].append(customer)
    return found


def _cut(column: dict[str, str], walking: Counter[str], top: int) -> dict[str, str]:
    most = sorted(walking, key=lambda node: (-walking[node], node))
    return {who: "other" if node in most[top:] else node for who, node in column.items()}


def _path(
    life: Life,
    stages: list[str],
    period: tuple[int, int],
    said: Mapping[str, str],
    asked: Mapping[str, Any],
) -> tuple[list[str], str]:
    """The nodes of one customer's path, and where they are once it has ended."""
    items, signals = within(life, *period, said)
    if not is_meant(items, signals, said):
        return [], ""
    stays = _stays(life, period)
    if asked["node"] == "stage":
        walk = [(at, stage) for at, stage in stays if stage in stages]
    else:
        name = event_of if asked["node"] == "touchpoint" else lambda item: str(item["channel"])
        walk = [(read_time(item["occurred_at"]), name(item)) for item in items]
    left_out = str(asked.get("exclude", "")).split(",")
    walk = [one for one in walk if one[1] not in left_out]
    if asked["node"] != "stage":
        walk = [one for n, one in enumerate(walk) if n == 0 or walk[n - 1][1] != one[1]]
    backward = asked.get("direction") == "backward"
    if "start" in asked:
        there = [n for n, one in enumerate(walk) if one[1] == asked["start"]]
        if not there:
            return [], ""
        walk = walk[: there[-1] + 1] if backward else walk[there[0] :]
    names = [name for _, name in walk]
    nodes = [("back:" if one in names[:n] else "at:") + one for n, one in enumerate(names)]
    if backward or not walk:
        return nodes[::-1], "began"
    left = any(walk[-1][0] <= due < period[1] for due in abandoned(life))
    strayed = asked["node"] == "stage" and stays[-1][1] not in stages
    return nodes, "left" if left or strayed else "still_here"


def _stays(life: Life, period: tuple[int, int]) -> list[tuple[int, str]]:
    """Those of the period: when each began, and in which stage."""
    begun = [(read_time(band["entered_at"]), str(band["stage"])) for band in life.bands]
    ended = [at for at, _ in begun[1:]] + [1 << 62]
    return [
        stay
        for stay, end in zip(begun, ended, strict=False)
        if stay[0] < period[1] and end >= period[0]
    ]
