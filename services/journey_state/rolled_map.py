"""The map of a period from the roll-ups, corrected by whoever is not in them as they are now."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from itertools import accumulate
from math import ceil, floor
from typing import NamedTuple
from uuid import UUID

from services.journey_state import rolled_queries
from services.journey_state.database import Connection
from services.journey_state.map_queries import (
    TOUCHPOINTS_MAX,
    Count,
    Figures,
    Signals,
    Touches,
)
from services.journey_state.people_queries import STAGE_PARTS, Asked
from services.journey_state.rolled_periods import Slots, slots_of
from services.journey_state.rolled_queries import EDGE_PARTS, Key, Line, Stay, Wanted

SHARES = (0.5, 0.9)  # of stays that are no longer than what is shown

Totals = dict[Key, Count]


async def figures(
    connection: Connection,
    asked: Asked,
    definition_id: int,
    *,
    now: int,
    events_max: int | None = TOUCHPOINTS_MAX,
) -> Figures | None:
    """The same as `map_queries.figures` counts, in this snapshot; None: roll-ups cannot tell.

    That is while they are not complete, with filters, over more than a quarter, before what
    retention has cut, and when too many people would have to be looked up.
    """
    known_by, cut = await rolled_queries.definition_rolled_up(connection)
    if known_by != definition_id or not rolled_queries.is_of_everybody(asked):
        return None
    slots = slots_of(asked.filters, now, cut)
    if slots is None:
        return None
    people = await rolled_queries.looked_up(connection, asked.filters, slots)
    if people is None:
        return None
    theirs = asked._replace(among=people)
    totals = _sum(
        await rolled_queries.rolled(connection, slots),
        await rolled_queries.rolled_of(connection, slots, people) if people else [],
    )
    found = _named(totals)
    _add(found, await rolled_queries.counted(connection, theirs) if people else [])
    stays = await rolled_queries.stays(connection, theirs) if people else []
    bins = _bins(totals, stays)
    return Figures(
        {(key[1], key[0]): found[key] for key in found if key[0] in STAGE_PARTS},
        await _dwell(connection, slots, bins, people, stays),
        [*_channels(found), *_events(found, events_max)],
        [
            Signals(stage, rule, state, count)
            for (part, stage, state, rule), count in sorted(found.items())
            if part == "signaled" and count.people
        ],
    )


def _sum(plus: Iterable[Line], minus: Iterable[Line]) -> Totals:
    totals: dict[Key, Count] = defaultdict(lambda: Count(0, 0))
    for sign, lines in ((1, plus), (-1, minus)):
        for line in lines:
            before = totals[line.key]
            totals[line.key] = Count(
                before.people + sign * line.people, before.times + sign * line.times
            )
    return totals


def _add(found: Totals, lines: Iterable[Line]) -> None:
    for line in lines:
        before = found.get(line.key, Count(0, 0))
        found[line.key] = Count(before.people + line.people, before.times + line.times)


def _named(totals: Totals) -> Totals:
    """The parts as they are counted over rows: some are what others leave."""
    found = {key: count for key, count in totals.items() if key[0] not in EDGE_PARTS.values()}
    for stage in {key[1] for key in totals}:

        def standing(begun: str, ended: str, edge: str, stage: str = stage) -> int:
            of_both = (totals.get((part, stage, edge, ""), Count(0, 0)) for part in (begun, ended))
            return next(of_both).times - next(of_both).times

        def people(part: str, stage: str = stage) -> int:
            return totals.get((part, stage, "", ""), Count(0, 0)).people

        fresh = people("present")
        first, there, now = (standing("begun", "over", e) for e in ("first", "last", "now"))
        left = standing("abandoned", "let go", "last")
        figures = {
            "present": first + fresh,
            "moved": first + fresh - there,
            "left": left,
            "still_here": there - left,
            "there": there,
            "stock": now,
            "converted": people("converted") - people("converted_before"),
        }
        found |= {(part, stage, "", ""): Count(n, n) for part, n in figures.items()}
    return found


def _channels(found: Totals) -> list[Touches]:
    return [
        Touches(stage, name, None, count)
        for (part, stage, _, name), count in found.items()
        if part == "channel" and count.people
    ]


def _events(found: Totals, events_max: int | None) -> list[Touches]:
    by_stage: dict[str, list[Touches]] = defaultdict(list)
    for (part, stage, _, name), count in found.items():
        if part == "event" and count.people:
            by_stage[stage].append(Touches(stage, None, name, count))
    return [
        one for touches in by_stage.values() for one in sorted(touches, key=_place)[:events_max]
    ]


def _place(one: Touches) -> tuple[int, int, bytes]:
    return -one.counted.people, -one.counted.times, (one.event or "").encode()


Bins = dict[str, dict[int, int]]  # by stage and number: how many stays


def _bins(totals: Totals, beside: Sequence[Stay]) -> Bins:
    bins: dict[str, dict[int, int]] = defaultdict(Counter)
    for (part, stage, detail, _), count in totals.items():
        if part == "dwell":
            bins[stage][int(detail)] += count.times
    for stay in beside:
        bins[stay.stage][int(stay.bin)] += 1
    return bins


class _Share(NamedTuple):
    """Between the two stays lies what is shown, this far from the first."""

    first: Wanted
    second: Wanted
    way: float


async def _dwell(
    connection: Connection,
    slots: Slots,
    bins: Bins,
    people: Sequence[UUID],
    beside: Sequence[Stay],
) -> dict[str, list[float]]:
    shares = {
        stage: [_share(stage, of_stage, share) for share in SHARES]
        for stage, of_stage in bins.items()
        if any(of_stage.values())
    }
    wanted = {one for of_stage in shares.values() for s in of_stage for one in (s.first, s.second)}
    if not wanted:
        return {}
    near = {(one.stage, one.bin) for one in wanted}
    seconds = await rolled_queries.lasted(
        connection,
        slots,
        sorted(wanted),
        without=people,
        beside=[stay for stay in beside if (stay.stage, stay.bin) in near],
    )
    return {stage: [_at(seconds, s) for s in of_stage] for stage, of_stage in shares.items()}


def _share(stage: str, bins: dict[int, int], share: float) -> _Share:
    """Where PostgreSQL's `percentile_cont` looks."""
    place = share * (sum(bins.values()) - 1)
    first, second = (_wanted(stage, bins, number) for number in (floor(place), ceil(place)))
    return _Share(first, second, place - floor(place))


def _wanted(stage: str, bins: dict[int, int], place: int) -> Wanted:
    numbers = sorted(bins)
    for number, upto in zip(numbers, accumulate(bins[n] for n in numbers), strict=True):
        if place < upto:
            return Wanted(stage, str(number), place - upto + bins[number])
    raise AssertionError(place)


def _at(seconds: dict[Wanted, float], share: _Share) -> float:
    first, second = seconds[share.first], seconds[share.second]
    return first if share.first == share.second else first + share.way * (second - first)
