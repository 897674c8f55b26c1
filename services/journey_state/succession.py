"""What subscribers are told when customers are merged or split, and whose signals are then."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from services.journey_state.customer import Customer, Refold
from services.journey_state.episodes import Episode, signal_id
from services.journey_state.publication import (
    CUSTOMER_MERGED,
    CUSTOMER_SPLIT,
    Outgoing,
    TopicCode,
    id_text,
)
from services.journey_state.rearrangement import Rearrangement
from services.journey_state.signal_values import last_activity
from services.journey_state.store import links, outcomes
from services.journey_state.store.outcomes import SignalRow
from services.journey_state.store.pool import Connection
from services.journey_state.touchpoint import Place


def tell(outgoing: Outgoing, customer: Customer) -> list[Customer]:
    """Queue who was merged into the customer and who was split from it; gives those merged.

    What some of a merged customer's touchpoints went to first is told before it is gone.
    """
    merge = customer.refold or Refold("merge", None)
    for gone in customer.absorbed:
        for to in gone.splits:
            _tell(outgoing, gone, to, CUSTOMER_SPLIT, merge)
        _tell(outgoing, gone, customer.customer_id, CUSTOMER_MERGED, merge)
        outgoing.bury(gone)
    for to in customer.splits:
        _tell(outgoing, customer, to, CUSTOMER_SPLIT, customer.refold or Refold("split", None))
    return customer.absorbed


def _tell(outgoing: Outgoing, customer: Customer, to: bytes, ce_type: str, cause: Refold) -> None:
    kind = "split" if ce_type == CUSTOMER_SPLIT and cause.kind == "merge" else cause.kind
    value = {
        "from": id_text(customer.customer_id),
        "to": id_text(to),
        "cause": {"kind": kind, "message_id": cause.message_id},
    }
    outgoing.add(customer, TopicCode.CUSTOMERS, ce_type, value)


async def hand_over_signals(
    connection: Connection, changes: Iterable[Rearrangement], customers: Sequence[Customer]
) -> None:
    """Each signal is its last activity's owner's; `customers` have been folded again."""
    explained = {
        signal_id(episode): customer.customer_id
        for customer in customers
        for episode in customer.state.episodes
    }
    moves = []
    for change in changes:
        if not change.parted:
            continue
        places = _by_time(change)
        for row in await outcomes.read_signals(connection, change.parted):
            owner = explained.get(row.signal_id.hex())
            owner = owner or _owner_of_activity(row, change, places)
            if owner != row.customer_id:
                moves.append((row.signal_id, owner))
    if moves:
        await links.hand_over_signals(connection, moves)


def _by_time(change: Rearrangement) -> dict[int, list[Place]]:
    places: dict[int, list[Place]] = {}
    for place in change.owners:
        places.setdefault(place[0], []).append(place)
    return places


def _owner_of_activity(
    row: SignalRow, change: Rearrangement, places: dict[int, list[Place]]
) -> bytes:
    """The owner of the touchpoint that the signal's id was made of."""
    for place in places.get(last_activity(row), ()):
        if signal_id(_episode(row, place)) == row.signal_id.hex():
            return change.owners[place]
    return change.now.get(row.customer_id, row.customer_id)


def _episode(row: SignalRow, place: Place) -> Episode:
    at, message_id, source = place
    return Episode(
        rule=row.rule,
        scope=row.scope,
        opened_at=at,
        due=row.due_at,
        last_at=at,
        last_received_at=at,
        last_source=source,
        last_message_id=message_id,
    )
