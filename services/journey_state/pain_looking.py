"""A period looked at beside the one before: what is counted in both, and what stands out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from services.contracts.times import SECOND_US, from_datetime
from services.journey_state.database import Connection
from services.journey_state.definition import AbandonmentRule
from services.journey_state.filters import Filters
from services.journey_state.pain import PEOPLE_MIN, Cell, Compared, Findings, Sides, look
from services.journey_state.pain_queries import (
    Gone,
    Limits,
    Money,
    money_at_risk,
    tally,
    times_to_go_on,
)
from services.journey_state.people_queries import Asked

PAINS_MAX = 20  # rows of an answer


class Periods(NamedTuple):
    """The same filters over all periods of a question."""

    now: Filters
    before: Filters  # the period to measure against
    latest: tuple[Filters, Filters] | None = None  # the last weeks, and as long before them


@dataclass(frozen=True, slots=True)
class View:
    """People of a period and of the one that it is measured against."""

    asked: Asked
    before: Filters
    limits: Limits
    sides: Sides

    def query(self, cell: Cell, part: str | None = None) -> str:
        """The query string that lists the people of the cell, or of another part of it."""
        return self._query(self.asked.filters, cell, part or cell.part)

    def query_before(self, cell: Cell) -> str:
        """The same in the period before."""
        return self._query(self.before, cell, cell.part)

    def _query(self, filters: Filters, cell: Cell, part: str) -> str:
        said = {"stage": cell.stage, "part": part}
        rank = self.asked.stages.index(cell.stage)
        if part in ("arrived", "leaked"):
            said["within"] = str(round(self.limits.waits[rank]))
        if part == "stalled":
            said["within"] = str(round(self.limits.usuals[rank]))
        if cell.cause is not None and part == cell.part:
            said["cause"] = cell.cause
        if cell.dimension != "all":
            way = "used" if cell.dimension == "channel" else "entry"
            said[f"{way}_{cell.dimension}"] = cell.value
        return filters.query(**said)


@dataclass(frozen=True, slots=True)
class Looked:
    """What was found, and in what; `latest`: in the last weeks of a longer period."""

    whole: View
    latest: View | None
    findings: Findings

    def view(self, found: Compared) -> View:
        """In which it was found."""
        return self.latest if self.latest and found.is_latest else self.whole


async def look_at(
    connection: Connection,
    asked: Asked,
    periods: Periods,
    rules: Sequence[AbandonmentRule] = (),
) -> Looked:
    """One pass over each period."""
    whole = await _view(connection, asked._replace(filters=periods.now), periods.before, rules)
    part = None
    if periods.latest is not None:
        now, before = periods.latest
        part = await _view(connection, asked._replace(filters=now), before, rules)
    findings = look(whole.sides, part.sides if part else None)
    return Looked(whole, part, replace(findings, pains=findings.pains[:PAINS_MAX]))


async def _view(
    connection: Connection, asked: Asked, before: Filters, rules: Sequence[AbandonmentRule]
) -> View:
    filters = asked.filters
    from_at, to_at = min(before.from_at, filters.from_at), max(before.to_at, filters.to_at)
    both = replace(filters, from_at=from_at, to_at=to_at, part_from_at=from_at, part_to_at=to_at)
    gone = await times_to_go_on(connection, asked._replace(filters=both), filters.from_at)
    length = (filters.to_at - filters.from_at) / SECOND_US
    limits = limits_of(gone, asked.stages, length)
    now_tally = await tally(connection, asked, limits)
    before_tally = await tally(connection, asked._replace(filters=before), limits)
    sides = Sides(now_tally, before_tally, unknown(gone, before, rules))
    return View(asked, before, limits, sides)


def unknown(
    gone: Sequence[Gone], before: Filters, rules: Sequence[AbandonmentRule]
) -> set[tuple[str, str | None]]:
    """What could not have been as often before: that takes a past, and history was too young.

    People come back to where they were half as long before as the period lasts. A signal comes of
    what was left as long before as its rule waits: that matters from a tenth of the known time on.
    """
    past = min((from_datetime(one.history_from) for one in gone), default=before.from_at)
    found: set[tuple[str, str | None]] = set()
    if past > before.from_at - (before.to_at - before.from_at) // 2:
        found.add(("looped", None))
    known = before.to_at - max(past, before.from_at)
    slow = [rule for rule in rules if rule.after_us > known / 10]
    late = [rule for rule in slow if past > before.from_at - rule.after_us]
    return found | {("abandoned", rule.name) for rule in late}


def limits_of(gone: Sequence[Gone], stages: Sequence[str], length: float) -> Limits:
    """By when people go on: nine of ten of both periods, at most half a period.

    And usually: three of four of those of the earlier one, or of both where they are few.
    """
    found = {one.stage: one for one in gone}
    waits, usuals = [], []
    for stage in stages:
        one = found.get(stage)
        wait, usual = (length, length) if one is None else (one.p90, one.p75)
        if one is not None and one.earlier >= PEOPLE_MIN and one.p75_earlier is not None:
            usual = one.p75_earlier
        waits.append(min(whole(wait), length // 2))
        usuals.append(whole(usual))
    return Limits(waits, usuals)


def whole(seconds: float) -> float:
    """The next full minute, from two hours on the next full hour."""
    unit = 60 if seconds < 7200 else 3600
    return float(max(1, -(-int(seconds) // unit)) * unit)


async def risk_of(connection: Connection, looked: Looked) -> list[Money]:
    """What the people of each pain have left behind, by its place and currency."""
    found: list[Money] = []
    pains = looked.findings.pains
    for view in (looked.whole, looked.latest):
        places = [n for n, pain in enumerate(pains) if looked.view(pain.found) is view]
        if view is not None and places:
            cells = [pains[n].found.cell for n in places]
            money = await money_at_risk(connection, view.asked, view.limits, cells)
            found += [one._replace(cell=places[one.cell]) for one in money]
    return found
