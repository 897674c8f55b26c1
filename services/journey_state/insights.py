"""A few facts about a period beside the one before, those that matter most first."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from services.journey_state.pain import CHANCE, PEOPLE_MIN, Cell, Findings, Sides, Tally
from services.journey_state.proportions import Share, difference, one_sided, wilson

FACTS_MAX = 5
PAINS_MAX = 3  # of the facts
POINTS_MIN = 3  # percentage points that a conversion must have changed by
CHANGE_MIN = 0.1  # by which the people who come must have become more or fewer
PLAIN_MIN = 100  # people behind a fact that compares with nothing

Value = str | int | float | None


@dataclass(frozen=True, slots=True)
class Recovered:
    """People who had a signal of a rule in the period, and those who came back."""

    rule: str
    share: Share


@dataclass(frozen=True, slots=True)
class Told:
    """A fact, about the people of a cell or, without one, who came back after a rule's signal."""

    code: str
    parameters: dict[str, Value]
    cell: Cell | None


def facts(
    findings: Findings,
    sides: Sides,
    stages: Sequence[str],
    recovered: Sequence[Recovered],
) -> list[Told]:
    """At most `FACTS_MAX`."""
    now, before = sides.now, sides.before
    changed = sorted(_changes(findings, now, before, stages), key=lambda one: one[0], reverse=True)
    found = [told for _, told in changed[:3]]
    fell = {told.parameters["stage"] for told in found if told.code == "conversion_fell"}
    found += list(_pains(findings, fell))[:PAINS_MAX]
    found += list(_entered(now, before, stages))
    found += list(_plain(now, stages, recovered))
    return found[:FACTS_MAX]


def _whole(part: str, stage: str) -> Cell:
    return Cell(part, stage, None, "all", "")


def _went_on(stage: str, tally: Tally) -> Share:
    of = tally.get(_whole("arrived", stage), 0)
    return Share(of - tally.get(_whole("leaked", stage), 0), of)


def _changes(
    findings: Findings, now: Tally, before: Tally, stages: Sequence[str]
) -> Iterator[tuple[float, Told]]:
    """Stages whose conversion has changed, with how many people more or fewer went on."""
    z = one_sided(CHANCE / 2 / max(1, len(stages)))
    for stage in stages:
        share, earlier = _went_on(stage, now), _went_on(stage, before)
        if min(share.of, earlier.of) < PEOPLE_MIN:
            continue
        change = share.value - earlier.value
        bounds = difference(share, earlier, z)
        points = round(abs(change) * 100)
        if points < POINTS_MIN or bounds.low <= 0 <= bounds.high:
            continue
        parameters: dict[str, Value] = {
            "stage": stage,
            "points": points,
            "share": share.value,
            "baseline": earlier.value,
            **(_mostly(findings, stage) if change < 0 else {}),
        }
        code = "conversion_fell" if change < 0 else "conversion_rose"
        cell = _whole("leaked" if change < 0 else "arrived", stage)
        yield abs(change) * share.of, Told(code, parameters, cell)


def _mostly(findings: Findings, stage: str) -> dict[str, Value]:
    for pain in findings.pains:
        cell = pain.found.cell
        if (cell.part, cell.stage) == ("leaked", stage) and cell.dimension != "all":
            return {"dimension": cell.dimension, "value": cell.value}
    return {}


def _pains(findings: Findings, fell: Collection[Value]) -> Iterator[Told]:
    """Where it was told of a stage that fewer go on, a leak of the whole period says no more."""
    for pain in findings.pains:
        found = pain.found
        known = found.cell.stage in fell and found.against == "previous" and not found.is_latest
        if found.cell.part != "leaked" or not known:
            yield Told("pain", {}, found.cell)


def _entered(now: Tally, before: Tally, stages: Sequence[str]) -> Iterator[Told]:
    """The stage to which most people more or fewer have come, if it is no chance."""
    z = one_sided(CHANCE / 2 / max(1, len(stages)))
    found = []
    for stage in stages:
        cell = _whole("came", stage)
        people, earlier = now.get(cell, 0), before.get(cell, 0)
        if min(people, earlier) < PEOPLE_MIN:
            continue
        change = people / earlier - 1
        bounds = wilson(Share(people, people + earlier), z)
        if abs(change) >= CHANGE_MIN and not bounds.low <= 0.5 <= bounds.high:
            code = "entered_more" if change > 0 else "entered_fewer"
            parameters: dict[str, Value] = {
                "stage": stage,
                "people": people,
                "before": earlier,
                "change": abs(change),
            }
            found.append((abs(people - earlier), Told(code, parameters, cell)))
    if found:
        yield max(found, key=lambda one: one[0])[1]


def _plain(now: Tally, stages: Sequence[str], recovered: Sequence[Recovered]) -> Iterator[Told]:
    """What is so, compared with nothing."""
    shares = {stage: _went_on(stage, now) for stage in stages}
    enough = [stage for stage in stages if shares[stage].of >= PLAIN_MIN]
    if len(enough) > 1:
        stage = min(enough, key=lambda one: shares[one].value)
        share = shares[stage]
        yield Told(
            "went_on_least",
            {"stage": stage, "people": share.people, "of": share.of, "share": share.value},
            _whole("leaked", stage),
        )
    left = [one for one in recovered if one.share.of >= PLAIN_MIN and one.share.people]
    if left:
        most = max(left, key=lambda one: (one.share.of, one.rule))
        people, of = most.share
        parameters: dict[str, Value] = {
            "cause": most.rule,
            "people": people,
            "of": of,
            "share": most.share.value,
        }
        yield Told("abandonment_recovered", parameters, None)
    came = {c: n for c, n in now.items() if c.part == "came" and c.dimension == "channel"}
    wholes = {stage: now.get(_whole("came", stage), 0) for stage in stages}
    stage = max(stages, key=lambda one: wholes[one], default="")
    if stage and wholes[stage] >= PLAIN_MIN:
        ways = [(n, c) for c, n in came.items() if c.stage == stage]
        people, cell = max(ways, key=lambda one: (one[0], one[1].value))
        share = Share(people, wholes[stage])
        yield Told(
            "mostly_used",
            {"stage": stage, "value": cell.value, "people": people, "share": share.value},
            cell,
        )
