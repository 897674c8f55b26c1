"""Checkpoints left at a cut under way: each customer's past before it, folded and kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from services.contracts.touchpoint import kind_order
from services.journey_state import checkpoint
from services.journey_state.checkpoint import Checkpoint, Held, settled
from services.journey_state.customer import Customer
from services.journey_state.holdings import Holdings
from services.journey_state.in_force import Journeys
from services.journey_state.journey import fold
from services.journey_state.keys import identifier_key, message_key
from services.journey_state.permission import cancellation_key
from services.journey_state.store import cancelled, cuts, people
from services.journey_state.store.pool import Connection
from services.journey_state.stored_past import StoredPast


async def leave_checkpoints(
    connection: Connection,
    journeys: Journeys,
    customers: Sequence[Customer],
    holdings: Holdings,
    pasts: Mapping[bytes, StoredPast],
    cut: int,
) -> None:
    """After this these customers, who are locked, have their checkpoints at the cut and no others.

    One is kept under the first of the identifiers that the customer owned there: whoever owns that
    identifier at the cut, by whatever is learned later, owns the checkpoint.
    """
    held = await _held_at(connection, customers, holdings, cut)
    left = []
    for customer in customers:
        owned = held[customer.customer_id]
        made = _checkpoint(journeys, customer, pasts[customer.customer_id], owned, cut)
        if made is not None:
            left.append(made)
    rows = [
        (identifier_key(*made.identifiers[0].identifier), checkpoint.encode(made)) for made in left
    ]
    ids = {customer.customer_id for customer in customers}
    keys = [key for key in holdings.keys if holdings.owner_at(key, (cut, "", "")) in ids]
    await cuts.replace_checkpoints(connection, cut, keys, rows)
    if await cancelled.any_cancelled(connection):
        await _settle_cancelled(connection, [pasts[i] for i in ids], left, cut)


async def _settle_cancelled(
    connection: Connection, pasts: Sequence[StoredPast], left: Sequence[Checkpoint], cut: int
) -> None:
    """What was cancelled before the cut ends with the touchpoints there, if no episode is left."""
    ended = {
        (episode.last_source, episode.last_message_id): episode.last_at
        for past in pasts
        if past.start is not None
        for episode in past.start.episodes
    }
    ended |= {
        (t.source, t.message_id): t.occurred_at
        for past in pasts
        for t in past.touchpoints
        if t.occurred_at < cut
    }
    open_keys = [cancellation_key(episode) for one in left for episode in one.episodes]
    activities = [(message_key(*named), at) for named, at in ended.items()]
    await cancelled.settle(connection, activities, list(map(bytes.fromhex, open_keys)))


async def _held_at(
    connection: Connection, customers: Sequence[Customer], holdings: Holdings, cut: int
) -> dict[bytes, list[Held]]:
    """What each customer owned at the cut, in key order."""
    held: dict[bytes, list[Held]] = {customer.customer_id: [] for customer in customers}
    place = (cut, "", "")
    for row in await people.describe_identifiers(connection, holdings.keys):
        owner = holdings.owner_at(row.identifier_key, place)
        if owner in held and row.since < cut:
            moves = row.moves - holdings.moves_after(row.identifier_key, place)
            held[owner].append(Held(row.kind, row.value, moves))
    for identifiers in held.values():
        identifiers.sort(key=lambda one: (kind_order(one.kind), one.value))
    return held


def _checkpoint(
    journeys: Journeys, customer: Customer, past: StoredPast, held: list[Held], cut: int
) -> Checkpoint | None:
    """The customer at the cut; None: nothing was known of it then."""
    before = [t for t in past.touchpoints if t.occurred_at < cut]
    start = past.start
    if not held or (start is None and not before):
        return None
    term = customer.under(journeys)
    rules = {name for one in journeys.terms for name in one.rules}
    history = [] if start is None else list(start.history)
    kept = {}
    for other in {one.definition_id: one for one in (*journeys.lasting(cut), term)}.values():
        definition = other.definition
        begun = None if start is None else start.journey(other.definition_id, definition)
        folded = fold(definition, before, begun)
        kept[other.definition_id] = settled(definition, folded.journey, cut, rules)
        if other is term:
            history += folded.history
    return Checkpoint(
        made=customer.state.made if start is None else min(start.made, customer.state.made),
        identifiers=held,
        history=history,
        journeys=kept,
    )
