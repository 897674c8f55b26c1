"""Touchpoints from before the cut: stored, of effect on identity alone (semantics 2.2, 4.4)."""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass, field

from msgspec.structs import replace

from services.journey_state.customer import Customer, Refold
from services.journey_state.event import Arrival
from services.journey_state.touchpoint import Place


@dataclass(frozen=True, slots=True)
class TooLate:
    """Those of a batch that occurred before the cut, by the place that they are given at it."""

    places: frozenset[Place] = field(default_factory=frozenset)

    def holds(self, arrival: Arrival) -> bool:
        """Whether the arrival is one of them."""
        return bool(self.places) and arrival.touchpoint.place in self.places

    def set_aside(self, customers: Iterable[Customer], replacing: Container[str]) -> None:
        """They are not folded; where one replaces a copy, that copy is to be forgotten."""
        if not self.places:
            return
        for customer in customers:
            late = [t for t in customer.fresh if t.place in self.places]
            customer.fresh = [t for t in customer.fresh if t.place not in self.places]
            for touchpoint in late:
                if touchpoint.message_id in replacing and customer.refold is None:
                    customer.refold = Refold("refold", touchpoint.message_id)


def judge(arrivals: Sequence[Arrival], cut: int | None) -> tuple[Sequence[Arrival], TooLate]:
    """The arrivals, those from before the cut as if they stood at it, and which they are."""
    if cut is None or not any(arrival.fact.occurred_at < cut for arrival in arrivals):
        return arrivals, TooLate()
    placed = [
        _at(arrival, cut) if arrival.fact.occurred_at < cut else arrival for arrival in arrivals
    ]
    late = [
        now.touchpoint.place
        for now, before in zip(placed, arrivals, strict=True)
        if now is not before
    ]
    return placed, TooLate(frozenset(late))


def _at(arrival: Arrival, cut: int) -> Arrival:
    return Arrival(
        replace(arrival.touchpoint, occurred_at=cut), arrival.fact._replace(occurred_at=cut)
    )
