"""Queued records that a withdrawal forbids: taken out of the outbox before they are handed over."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import msgspec
from msgspec.structs import replace

from services.journey_state.customer import Customer
from services.journey_state.permission import is_withdrawn
from services.journey_state.store import queued
from services.journey_state.store.pool import Connection
from services.journey_state.store.queued import QueuedSignal

RAISED = "milepost.abandonment.raised.v1"
REMINDED = "milepost.abandonment.reminded.v1"


class _Named(msgspec.Struct):
    signal_id: str


_decode = msgspec.json.Decoder(_Named).decode


@dataclass(slots=True)
class Withheld:
    """What is not sent, and of which signals nothing has been told then."""

    outbox_ids: list[int] = field(default_factory=list)
    unraised: set[str] = field(default_factory=set)
    reminders: set[str] = field(default_factory=set)


async def withhold(connection: Connection, customers: Sequence[Customer]) -> None:
    """After this nothing is queued that a withdrawal of these customers forbids (semantics 8.2).

    Which records are not sent is kept in the signals' rows. A record that a relay is handing over
    is waited for: it went before the withdrawal.
    """
    ids = [one for customer in customers for one in _newly_withdrawn(customer)]
    rows = await queued.lock_signals(connection, ids) if ids else []
    if not rows:
        return
    found = withheld(rows)
    if not found.outbox_ids:
        return
    await queued.suppress(connection, found.outbox_ids, found.unraised, found.reminders)
    for customer in customers:
        signals = customer.state.signals
        if not found.unraised.isdisjoint(signals):
            customer.state.signals = {
                identity: replace(one, published=one.published and identity not in found.unraised)
                for identity, one in signals.items()
            }


def withheld(rows: Iterable[QueuedSignal]) -> Withheld:
    """Raised and reminded records, and whatever follows of a signal that was never told of."""
    found = Withheld()
    for row in rows:
        identity = _decode(row.value).signal_id
        if row.ce_type == RAISED:
            found.unraised.add(identity)
        elif row.ce_type == REMINDED and identity not in found.unraised:
            found.reminders.add(identity)
        if row.ce_type in (RAISED, REMINDED) or identity in found.unraised:
            found.outbox_ids.append(row.outbox_id)
    return found


def _newly_withdrawn(customer: Customer) -> list[bytes]:
    """The ids, those of customers merged into it among them, that had not withdrawn before."""
    after = customer.state.journey.consent
    if after is customer.before.journey.consent and not customer.absorbed:
        return []
    if not is_withdrawn(after):
        return []
    before = [(customer.customer_id, customer.before.journey.consent)]
    before += [(gone.customer_id, gone.before.journey.consent) for gone in customer.absorbed]
    return [customer_id for customer_id, consent in before if not is_withdrawn(consent)]
