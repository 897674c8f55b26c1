"""A customer's past computed again from the timeline, and how it differs from what was stored."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from msgspec.structs import replace

from services.journey_state.checkpointing import leave_checkpoints
from services.journey_state.customer import UNDECIDED, Customer, Refold
from services.journey_state.holdings import load_holdings
from services.journey_state.in_force import FAR, Journeys, fold_under
from services.journey_state.journey import Transition
from services.journey_state.seen import with_ids
from services.journey_state.signals import DEFINITION
from services.journey_state.store import cuts, outcomes
from services.journey_state.store.outcomes import HistoryRow
from services.journey_state.store.pool import Connection
from services.journey_state.stored_past import load_pasts
from services.journey_state.touchpoint import Identifier, Touchpoint

LATE_EVENT = "late_event"  # why a retraction says that it is one
BROUGHT_FORWARD_MAX = 25  # customers of a batch; the others wait: events go first


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
    """Each customer's journeys from all that is stored; gives what changed in the histories.

    While a cut is under way they get their checkpoints of it first: what is known of their past
    may have changed since they got them.
    """
    for customer in customers:
        if customer.absorbed:
            keep_in_step(journeys, [customer])
    ids = [customer.customer_id for customer in customers]
    cut = await cuts.read_cut(connection)
    holdings = await load_holdings(connection, ids)
    pasts = await load_pasts(connection, holdings, ids, cut.reached_at)
    if cut.under_way is not None:
        await leave_checkpoints(connection, journeys, customers, holdings, pasts, cut.under_way)
    stored: dict[bytes, list[tuple[int, HistoryRow]]] = defaultdict(list)
    for history_id, row in await outcomes.read_history(connection, ids):
        stored[row.customer_id].append((history_id, row))
    changes = {}
    for customer in customers:
        await asyncio.sleep(0)  # a fold takes its time: others may go on in between
        known = pasts[customer.customer_id]
        past = fold_under(journeys, customer.under(journeys), known.touchpoints, known.start)
        customer.state.journey, customer.state.earlier = past.folded.journey, past.earlier
        customer.state.seen = with_ids(b"", [t.message_id for t in known.touchpoints])
        _meet_earlier(customer, known.touchpoints)
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
