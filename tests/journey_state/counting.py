"""The figures of the map counted by hand: over each customer's timeline, bands and signals."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import httpx2

from services.contracts.times import read_time
from tests.journey_state.asking import get

Items = list[dict[str, Any]]
Figures = dict[tuple[str, ...], list[str]]  # what is counted -> whose, once for each time


@dataclass
class Life:
    """What the other questions say of one customer."""

    customer_id: str
    items: list[dict[str, Any]]
    bands: list[dict[str, Any]]
    signals: list[dict[str, Any]]


async def everything(client: httpx2.AsyncClient, path: str, **parameters: Any) -> Any:
    """All items of a list, and the last page."""
    items: list[Any] = []
    page: dict[str, Any] = {"next": None}
    while page["next"] or not items:
        page = await get(client, path, **parameters)
        items += page["items"]
        parameters["after"] = page["next"]
        if page["next"] is None:
            break
    return items, page


async def lives(client: httpx2.AsyncClient, customer_ids: list[str]) -> list[Life]:
    found = []
    for one in customer_ids:
        items, page = await everything(client, f"/v1/customers/{one}/timeline")
        people = [i for i in items if not i["bot"] and i["type"] != "consent"]
        signals, _ = await everything(client, "/v1/signals", customer=one)
        found.append(Life(one, people, page["bands"], signals))
    return found


def counted(
    lives: list[Life], stages: list[str], start: int, end: int, said: Mapping[str, str]
) -> Figures:
    """By part, stage and what else; `said` are the filters, `start` and `end` the period."""
    figures: Figures = defaultdict(list)
    for life in lives:
        items, signals = within(life, start, end, said)
        if not is_meant(items, signals, said):
            continue
        figures["all",].append(life.customer_id)
        for key in _of_items(items):
            figures[key].append(life.customer_id)
        for signal in signals:
            stage = _stage_at(life, read_time(signal["due_at"]))
            figures["signaled", stage, signal["rule"], signal["state"]].append(life.customer_id)
        for key in _of_stages(life, stages, start, end):
            figures[key].append(life.customer_id)
    return figures


def within(life: Life, start: int, end: int, said: Mapping[str, str]) -> tuple[Items, Items]:
    """Touchpoints and signals of the period that meet the filters."""
    items = [i for i in life.items if start <= read_time(i["occurred_at"]) < end]
    signals = [s for s in life.signals if start <= read_time(s["due_at"]) < end]
    signals = [s for s in signals if all(s[k] == said.get(k, s[k]) for k in ("rule", "state"))]
    return [i for i in items if _meets(i, said)], signals


def is_meant(items: Items, signals: Items, said: Mapping[str, str]) -> bool:
    if said.keys() & {"channel", "source", "campaign", "event"} and not items:
        return False
    return not said.keys() & {"rule", "state"} or bool(signals)


def staged(lives: list[Life], stages: list[str], start: int, end: int, people: set[str]) -> Figures:
    """What concerns stages alone, of these people, in a part of the period."""
    figures: Figures = defaultdict(list)
    for life in lives:
        if life.customer_id in people:
            for key in _of_stages(life, stages, start, end):
                figures[key].append(life.customer_id)
    return figures


def funneled(
    lives: list[Life], steps: list[str], start: int, end: int, said: Mapping[str, str]
) -> list[dict[str, int | None]]:
    """Of each step who came to it, and after what wait; `said` has `by` and `order`."""
    found: list[dict[str, int | None]] = [{} for _ in steps]
    until = end if said["by"] == "period" else 1 << 62
    for life in lives:
        bands = [(read_time(b["entered_at"]), b["stage"]) for b in life.bands]
        last = -1  # band of the step before
        for n, step in enumerate(steps):
            bound = end if n == 0 else until
            fits = [m for m, (at, stage) in enumerate(bands) if stage == step and at < bound]
            fits = [m for m in fits if bands[m][0] >= start]
            strict = said["order"] == "strict"
            if strict:
                fits = [m for m in fits if m > last]
            if not fits:
                break
            wait = bands[fits[0]][0] - bands[last][0] if n and strict else None
            found[n][life.customer_id] = wait
            last = fits[0]
    return found


def event_of(item: Mapping[str, Any]) -> str:
    return "Order" if item["event"] == "Purchase" else str(item["event"])


def _meets(item: Mapping[str, Any], said: Mapping[str, str]) -> bool:
    campaign = item["context"].get("campaign", {}).get("name")
    has = {"channel": item["channel"], "source": item["source"], "event": event_of(item)}
    has["campaign"] = campaign
    return all(value == said.get(name, value) for name, value in has.items())


def _of_items(items: list[dict[str, Any]]) -> Iterator[tuple[str, ...]]:
    for item in items:
        yield "channel", item["stage"], item["channel"]
        yield "event", item["stage"], event_of(item)


def _stage_at(life: Life, instant: int) -> str:
    before = [b["stage"] for b in life.bands if read_time(b["entered_at"]) <= instant]
    return before[-1] if before else "none"


def abandoned(life: Life) -> list[int]:
    """When that was due which nobody came back for."""
    standing = [s for s in life.signals if s["state"] in ("raised", "expired")]
    return [read_time(s["due_at"]) for s in standing]


def _of_stages(life: Life, stages: list[str], start: int, end: int) -> Iterator[tuple[str, ...]]:
    bands = life.bands
    far = 1 << 62
    entered = [read_time(b["entered_at"]) for b in bands]
    left = [*entered[1:], far]
    for stage in stages:
        rank = stages.index(stage)
        stays = [n for n, b in enumerate(bands) if b["stage"] == stage]
        stays = [n for n in stays if entered[n] < end and left[n] >= start]
        for n in stays:
            yield "present", stage
            if entered[n] >= start:
                yield "entered", stage
                after = [m for m in range(n + 1, len(bands)) if entered[m] < end]
                if any(stages.index(bands[m]["stage"]) > rank for m in after):
                    yield "converted", stage
            if left[n] < end:
                yield "ended", stage, str(left[n] - entered[n])
        if stays and left[stays[-1]] >= end:
            gone = any(entered[stays[-1]] <= due < end for due in abandoned(life))
            yield "there", stage
            yield ("left" if gone else "still_here"), stage
        elif stays:
            yield "moved", stage
        if bands and bands[-1]["stage"] == stage:
            yield "stock", stage
