"""A customer's past computed again from the timeline, and how it differs from what was stored."""

from __future__ import annotations

import asyncio
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from msgspec.structs import replace

from services.journey_state.customer import Customer
from services.journey_state.event import read_kept
from services.journey_state.in_force import FAR, Journeys, fold_under
from services.journey_state.journey import Transition
from services.journey_state.store import facts, outcomes, people
from services.journey_state.store.outcomes import HistoryRow
from services.journey_state.store.pool import Connection
from services.journey_state.touchpoint import Identifier, Place, Touchpoint


@dataclass(frozen=True, slots=True)
class HistoryChange:
    """What a refold made of a stage history."""

    kept: tuple[HistoryRow, ...]
    superseded: tuple[tuple[int, HistoryRow], ...]
    added: tuple[Transition, ...]
    whole: tuple[Transition, ...]

    @property
    def changed(self) -> bool:
        return bool(self.superseded or self.added)


async def refold(
    connection: Connection, journeys: Journeys, customers: Sequence[Customer]
) -> dict[bytes, HistoryChange]:
    """Each customer's journeys from all touchpoints; gives what changed in the histories."""
    touchpoints = await load_touchpoints(connection, [c.customer_id for c in customers])
    stored: dict[bytes, list[tuple[int, HistoryRow]]] = defaultdict(list)
    for history_id, row in await outcomes.read_history(
        connection, [c.customer_id for c in customers]
    ):
        stored[row.customer_id].append((history_id, row))
    changes = {}
    for customer in customers:
        await asyncio.sleep(0)  # a fold takes its time: others may go on in between
        past = fold_under(journeys, customer.under(journeys), touchpoints[customer.customer_id])
        customer.state.journey, customer.state.earlier = past.folded.journey, past.earlier
        _meet_earlier(customer, touchpoints[customer.customer_id])
        changes[customer.customer_id] = compare(stored[customer.customer_id], past.folded.history)
    return changes


def _meet_earlier(customer: Customer, touchpoints: Sequence[Touchpoint]) -> None:
    """After this an identifier is known since the first touchpoint that names it."""
    met: dict[Identifier, int] = {}
    for touchpoint in touchpoints:
        if not touchpoint.bot:
            for identifier in touchpoint.identifiers.items():
                met[identifier] = min(touchpoint.occurred_at, met.get(identifier, FAR))
    owned = customer.state.identifiers
    if any(met.get((one.kind, one.value), FAR) < one.since for one in owned):
        customer.state.identifiers = [
            replace(one, since=min(one.since, met.get((one.kind, one.value), FAR))) for one in owned
        ]


async def load_touchpoints(
    connection: Connection, customer_ids: Sequence[bytes]
) -> dict[bytes, list[Touchpoint]]:
    """Every touchpoint of each customer, by the ownership of its primary identifier."""
    owned = await people.owned_keys(connection, customer_ids)
    keys = sorted({key for _, key in owned})
    periods: dict[bytes, list[tuple[Place, bytes]]] = defaultdict(list)
    for period in await people.read_periods(connection, keys):
        periods[period.identifier_key].append((period.start, period.customer_id))
    owner_now = {key: customer_id for customer_id, key in owned if key not in periods}
    found: dict[bytes, list[Touchpoint]] = {customer_id: [] for customer_id in customer_ids}
    for row in await facts.read_timeline(connection, keys):
        owner = owner_now.get(row.identifier_key)
        if owner is None:
            place = (row.occurred_at, row.message_id, row.source)
            owner = _owner_at(periods[row.identifier_key], place)
        if owner in found:
            found[owner].append(read_kept(row))
    return found


def _owner_at(periods: Sequence[tuple[Place, bytes]], place: Place) -> bytes:
    """The owner at a place; each period lasts until the next one starts."""
    index = bisect_right(periods, place, key=lambda period: period[0])
    return periods[max(index - 1, 0)][1]


def compare(
    stored: Sequence[tuple[int, HistoryRow]], computed: Sequence[Transition]
) -> HistoryChange:
    """Rows that stand are kept; others are superseded or added. Order does not matter here."""
    wanted = {_identity_of_transition(t): t for t in computed}
    kept, superseded = [], []
    for history_id, row in stored:
        if wanted.pop(_identity_of_row(row), None) is None:
            superseded.append((history_id, row))
        else:
            kept.append(row)
    added = tuple(t for t in computed if _identity_of_transition(t) in wanted)
    return HistoryChange(tuple(kept), tuple(superseded), added, tuple(computed))


def _identity_of_transition(t: Transition) -> tuple[object, ...]:
    return (t.entered_at, t.message_id, t.source, t.previous, t.stage, t.direction, t.rule)


def _identity_of_row(row: HistoryRow) -> tuple[object, ...]:
    return (
        row.entered_at,
        row.message_id,
        row.source,
        row.previous,
        row.stage,
        row.direction,
        row.rule,
    )
