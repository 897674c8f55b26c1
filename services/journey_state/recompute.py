"""A customer's past computed again from the timeline, and how it differs from what was stored."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from msgspec.structs import replace

from services.journey_state.checkpointing import leave_checkpoints
from services.journey_state.customer import UNDECIDED, Customer, Refold
from services.journey_state.holdings import Holdings, load_holdings
from services.journey_state.in_force import FAR, Journeys
from services.journey_state.journey import Transition
from services.journey_state.keys import identifier_key
from services.journey_state.publication import transition_of
from services.journey_state.resuming import fold_anew, fold_resumed, load_resumed
from services.journey_state.signals import DEFINITION
from services.journey_state.store import cuts, outcomes
from services.journey_state.store.cuts import Cut
from services.journey_state.store.outcomes import HistoryRow
from services.journey_state.store.pool import Connection
from services.journey_state.stored_past import StoredPast, load_pasts
from services.journey_state.touchpoint import Identifier, Place, Touchpoint

LATE_EVENT = "late_event"  # why a retraction says that it is one
BROUGHT_FORWARD_MAX = 25  # customers of a batch; the others wait: events go first


@dataclass(frozen=True, slots=True)
class HistoryChange:
    """What a refold made of a stage history."""

    kept: tuple[HistoryRow, ...]
    superseded: tuple[tuple[int, HistoryRow], ...]
    added: tuple[Transition, ...]
    whole: tuple[Transition, ...]
    folded: int = 0  # touchpoints that were read for it

    @property
    def changed(self) -> bool:
        return bool(self.superseded or self.added)


async def refold(
    connection: Connection, journeys: Journeys, customers: Sequence[Customer]
) -> dict[bytes, HistoryChange]:
    """Each customer's journeys from what is stored; gives what changed in the histories.

    Of whom nothing but late touchpoints are new, from the newest intermediate checkpoint before
    them; else from all of it. While a cut is under way they get their checkpoints of it first:
    what is known of their past may have changed since they got them.
    """
    for customer in customers:
        if customer.absorbed:
            keep_in_step(journeys, [customer])
    cut = await cuts.read_cut(connection)
    resumed = await load_resumed(connection, journeys, customers, cut)
    holdings, pasts = await _whole_pasts(
        connection, journeys, [c for c in customers if c.customer_id not in resumed], cut
    )
    stored: dict[bytes, list[tuple[int, HistoryRow]]] = defaultdict(list)
    ids = [customer.customer_id for customer in customers]
    for history_id, row in await outcomes.read_history(connection, ids):
        stored[row.customer_id].append((history_id, row))
    changes = {}
    for customer in customers:
        await asyncio.sleep(0)  # a fold takes its time: others may go on in between
        rows, known = stored[customer.customer_id], resumed.get(customer.customer_id)
        if known is None:
            past = pasts[customer.customer_id]
            found = fold_anew(journeys, customer, past)
            touchpoints, whole = past.touchpoints, found.past.folded.history
        else:
            found = fold_resumed(journeys, customer, known)
            before = (transition_of(row) for _, row in rows if _place_of(row) <= known.mark.place)
            touchpoints, whole = known.touchpoints, (*before, *found.past.folded.history)
        state = customer.state
        state.journey, state.earlier = found.past.folded.journey, found.past.earlier
        customer.stops, state.since_checkpoint = found.stops, found.since
        _meet_earlier(customer, touchpoints, holdings if known is None else known.holdings)
        changes[customer.customer_id] = compare(rows, whole, len(touchpoints))
    return changes


async def _whole_pasts(
    connection: Connection, journeys: Journeys, customers: Sequence[Customer], cut: Cut
) -> tuple[Holdings, dict[bytes, StoredPast]]:
    if not customers:
        return Holdings((), {}, {}), {}
    ids = [customer.customer_id for customer in customers]
    holdings = await load_holdings(connection, ids)
    pasts = await load_pasts(connection, holdings, ids, cut.reached_at)
    if cut.under_way is not None:
        await leave_checkpoints(connection, journeys, customers, holdings, pasts, cut.under_way)
    return holdings, pasts


def _meet_earlier(
    customer: Customer, touchpoints: Sequence[Touchpoint], holdings: Holdings
) -> None:
    """After this an identifier is known since the first touchpoint that names it.

    One that has moved is the customer's since then.
    """
    met: dict[Identifier, int] = {}
    for touchpoint in touchpoints:
        if not touchpoint.bot:
            for identifier in touchpoint.identifiers.items():
                met[identifier] = min(touchpoint.occurred_at, met.get(identifier, FAR))
    owned = customer.state.identifiers
    earlier = {
        (one.kind, one.value)
        for one in owned
        if met.get((one.kind, one.value), FAR) < one.since
        and not holdings.has_moved(identifier_key(one.kind, one.value))
    }
    if earlier:
        customer.state.identifiers = [
            replace(one, since=met[(one.kind, one.value)])
            if (one.kind, one.value) in earlier
            else one
            for one in owned
        ]


def keep_in_step(journeys: Journeys, customers: Sequence[Customer]) -> None:
    """Those folded again come under the newest definition among them and those they absorbed.

    Signals pass between them, and an older definition does not explain those of a newer one.
    """
    everybody = [*customers, *(gone for one in customers for gone in one.absorbed)]
    newest = max((one.under(journeys).definition_id for one in everybody), default=UNDECIDED)
    for customer in customers:
        if customer.refold is not None:
            customer.definition_id = newest


def bring_forward(journeys: Journeys, customers: Sequence[Customer]) -> bool:
    """Some of those under an earlier definition are to be folded again, under the one in force.

    Not those whose past is computed again already: what changes in it has a cause of its own.
    Gives whether there are any.

    Who is active now is who the new definition's deadlines are about: those of whom nothing has
    come since wait for their turn in the background, and what was due meanwhile is raised then.
    """
    current = journeys.current.definition_id
    behind = [
        customer
        for customer in customers
        if customer.definition_id not in (current, UNDECIDED) and customer.refold is None
    ]
    for customer in behind[:BROUGHT_FORWARD_MAX]:
        customer.definition_id = current
        # A definition takes no signal back: what does is the event that came late.
        customer.refold = Refold(DEFINITION, None, LATE_EVENT)
        customer.transitions.clear()
    return bool(behind)


def compare(
    stored: Sequence[tuple[int, HistoryRow]], computed: Sequence[Transition], folded: int = 0
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
    return HistoryChange(tuple(kept), tuple(superseded), added, tuple(computed), folded)


def _identity_of_transition(t: Transition) -> tuple[object, ...]:
    return (t.entered_at, t.message_id, t.source, t.previous, t.stage, t.direction, t.rule)


def _place_of(row: HistoryRow) -> Place:
    return (row.entered_at, row.message_id, row.source)


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
