"""The slots and whole days that a period of the map is told by."""

from __future__ import annotations

from itertools import product
from typing import NamedTuple

from services.contracts.times import DAY_US, SECOND_US
from services.journey_state.filters import Filters
from services.journey_state.rollup_queries import DAY_SLOTS, GAP_SLOTS_MAX, SLOT_SECONDS

SLOT_US = SLOT_SECONDS * SECOND_US


class Edge(NamedTuple):
    """The slots between a bound and the midnight of UTC by it, the last excluded."""

    first: int
    last: int
    sign: int  # 1: the bound is later than the midnight, -1: earlier


class Slots(NamedTuple):
    """The slots since 1970 whose figures are taken, the last excluded, and the days by them."""

    first: int
    last: int
    first_day: int
    last_day: int

    @property
    def opening(self) -> Edge:
        """Between the first day and the first slot."""
        return _edge(self.first, self.first_day)

    @property
    def closing(self) -> Edge:
        """Between the last day and the last slot."""
        return _edge(self.last, self.last_day)


def _edge(slot: int, day: int) -> Edge:
    midnight = day * DAY_SLOTS
    return Edge(min(slot, midnight), max(slot, midnight), 1 if slot > midnight else -1)


def slots_of(filters: Filters, now: int, cut: int | None) -> Slots | None:
    """Slots such that as little as can be lies between them and the period; None: none are.

    Then days such that little lies between them and the slots. Nothing has happened after `now`, or
    hardly anything, and there is nothing before `cut`.
    """
    asked = filters.from_at, filters.to_at
    slots = _nearest(asked, SLOT_US, now, cut)
    if slots is None or slots[1] - slots[0] > GAP_SLOTS_MAX:
        return None
    days = _nearest((slots[0] * SLOT_US, slots[1] * SLOT_US), DAY_US, now, cut)
    return None if days is None else Slots(*slots, *days)


def _nearest(
    asked: tuple[int, int], unit: int, now: int, cut: int | None
) -> tuple[int, int] | None:
    def happened(one: int, other: int) -> int:
        return abs(min(one, now) - min(other, now))

    fitting = [
        (first, last)
        for first, last in product(*((at // unit, -(-at // unit)) for at in asked))
        if first <= last and (cut is None or first * unit >= cut)
    ]
    return min(
        fitting,
        key=lambda one: happened(asked[0], one[0] * unit) + happened(asked[1], one[1] * unit),
        default=None,
    )
