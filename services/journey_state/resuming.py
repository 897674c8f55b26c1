"""Customers folded again from an intermediate checkpoint, or from the beginning of their past."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from services.journey_state.customer import Customer
from services.journey_state.holdings import Holdings, load_holdings
from services.journey_state.in_force import Journeys, Term
from services.journey_state.intermediate import (
    Intermediate,
    Mark,
    Stretches,
    decode,
    encode,
    fold_in_stretches,
    newest_before,
    thinned,
)
from services.journey_state.journey import Journey, settle
from services.journey_state.seen import with_ids
from services.journey_state.signalling import Firing
from services.journey_state.store import intermediates
from services.journey_state.store.cuts import Cut
from services.journey_state.store.intermediates import Key
from services.journey_state.store.pool import Connection
from services.journey_state.stored_past import StoredPast, load_pasts
from services.journey_state.touchpoint import Touchpoint


@dataclass(frozen=True, slots=True)
class Resumed:
    """Where a customer's past is gone on from, and what came after."""

    marks: list[Mark]  # those that stand
    begun: Intermediate
    touchpoints: list[Touchpoint]
    holdings: Holdings

    @property
    def mark(self) -> Mark:
        return self.marks[-1]


async def load_resumed(
    connection: Connection, journeys: Journeys, customers: Sequence[Customer], cut: Cut
) -> dict[bytes, Resumed]:
    """Those who can be folded on from a checkpoint; whoever is in doubt is not among them."""
    if cut.under_way is not None:
        return {}
    standing: dict[bytes, list[Mark]] = {}
    for customer in customers:
        late = None if customer.refold is None else customer.refold.late
        if late is not None and customer.state.checkpoints:
            marks = newest_before(customer.state.checkpoints, late, cut.reached_at)
            if marks:
                standing[customer.customer_id] = marks
    if not standing:
        return {}
    keys = [Key(customer_id, marks[-1].place) for customer_id, marks in standing.items()]
    bodies = await intermediates.read_bodies(connection, keys)
    found = {}
    for customer in customers:
        customer_id = customer.customer_id
        if customer_id not in bodies:
            continue
        marks = standing[customer_id]
        begun = decode(marks[-1], bodies[customer_id])
        if begun is not None and begun.definition_id == customer.under(journeys).definition_id:
            holdings = await load_holdings(connection, [customer_id])
            past = await load_pasts(
                connection, holdings, [customer_id], None, after=marks[-1].place
            )
            found[customer_id] = Resumed(marks, begun, past[customer_id].touchpoints, holdings)
    return found


def fold_anew(journeys: Journeys, customer: Customer, past: StoredPast) -> Stretches:
    """The past from its beginning; the checkpoints of before are not the customer's any more."""
    for one in (customer, *customer.absorbed):
        one.state.checkpoints = []
    customer.state.seen = with_ids(b"", [t.message_id for t in past.touchpoints])
    return fold_in_stretches(journeys, customer.under(journeys), past.touchpoints, past.start)


def fold_resumed(journeys: Journeys, customer: Customer, known: Resumed) -> Stretches:
    """The past from the checkpoint on; those behind it are not the customer's any more."""
    state = customer.state
    state.checkpoints = known.marks
    state.seen = with_ids(state.seen, [touchpoint.message_id for touchpoint in customer.fresh])
    customer.unchanged_to = known.mark.settled_to + 1
    term = customer.under(journeys)
    return fold_in_stretches(journeys, term, known.touchpoints, begun=known.begun)


def keep_stops(
    customer: Customer, journeys: Journeys, firing: Firing
) -> Iterable[tuple[Key, bytes]]:
    """The rows of the customer's new checkpoints, which its state lists after this."""

    state, rows = customer.state, {}
    marks = list(state.checkpoints)
    for stop in customer.stops:
        assert stop.journey.place is not None
        # What was over by its place is left out, if it has been told by now.
        at = min(firing.watermark, stop.journey.place[0] - 1)

        def settled(term: Term, journey: Journey, at: int = at) -> Journey:
            return settle(term.definition, journey, at, firing.grace_us, firing.hold)

        mark, body = encode(stop.settled(journeys, settled))
        marks.append(mark)
        rows[mark] = (Key(customer.customer_id, mark.place), body)
    state.checkpoints = thinned(marks)
    return [rows[mark] for mark in state.checkpoints if mark in rows]


def dropped(customers: Iterable[Customer]) -> list[Key]:
    """The checkpoints that these customers' states listed before and do not any more."""
    return [
        Key(customer.customer_id, mark.place)
        for customer in customers
        if customer.state.checkpoints is not customer.before.checkpoints
        for mark in customer.before.checkpoints
        if mark not in customer.state.checkpoints
    ]
