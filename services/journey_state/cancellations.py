"""Which episodes of refolded customers an operator has cancelled."""

from __future__ import annotations

from collections.abc import Sequence

from services.journey_state.customer import Customer
from services.journey_state.permission import cancellation_key
from services.journey_state.store import cancelled
from services.journey_state.store.pool import Connection


async def note_cancelled(connection: Connection, customers: Sequence[Customer]) -> None:
    """Refolded customers know after this which of their episodes were cancelled."""
    keys = {
        bytes.fromhex(cancellation_key(episode))
        for customer in customers
        for episode in customer.state.episodes
    }
    found = await cancelled.known_cancelled(connection, keys) if keys else set()
    for customer in customers:
        own = (cancellation_key(episode) for episode in customer.state.episodes)
        customer.state.cancelled = [key for key in own if bytes.fromhex(key) in found]
