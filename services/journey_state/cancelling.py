"""One deadline cancelled by an operator: its episode makes no signal, whatever is recomputed."""

from __future__ import annotations

from services.journey_state.customer import Customer, decode_state
from services.journey_state.episodes import Episode, signal_id
from services.journey_state.keys import message_key
from services.journey_state.operator import Act
from services.journey_state.permission import cancellation_key
from services.journey_state.store import cancelled, outcomes, people
from services.journey_state.store.cancelled import CancelledDeadline
from services.journey_state.store.pool import Connection


class DeadlineUnknownError(Exception):
    """No such customer, or no such episode of theirs any more."""


class SignalExistsError(Exception):
    """The deadline has passed: there is a signal, which a cancellation does not undo."""


async def cancel(act: Act, customer_id: bytes, deadline: str) -> tuple[bytes, Episode]:
    """The customer now, and the episode that will make no signal; a second time changes nothing.

    `deadline` is the id that its signal would have. Raises DeadlineUnknownError and
    SignalExistsError.
    """
    customer = await _locked(act.connection, customer_id)
    state = customer.state
    for row in await outcomes.read_signals(act.connection, [customer.customer_id]):
        if row.signal_id.hex() == deadline and row.state != "retracted":
            raise SignalExistsError
    episode = next((e for e in state.episodes if signal_id(e) == deadline), None)
    if episode is None:
        raise DeadlineUnknownError
    key = cancellation_key(episode)
    if key not in state.cancelled:
        await cancelled.add_cancelled(act.connection, _fact(key, episode))
        state.cancelled = [*state.cancelled, key]
        await act.conclusion.conclude(act.connection, [customer], {})
    return customer.customer_id, episode


async def _locked(connection: Connection, customer_id: bytes) -> Customer:
    """The customer that the id stands for now, locked."""
    following: bytes | None = customer_id
    while following is not None:
        rows = await people.lock_customers(connection, [following])
        if not rows:
            break
        following = rows[0].merged_into
        if following is None:
            return Customer.found(
                rows[0].customer_id, decode_state(rows[0].state), rows[0].definition_id
            )
    raise DeadlineUnknownError


def _fact(key: str, episode: Episode) -> CancelledDeadline:
    return CancelledDeadline(
        bytes.fromhex(key),
        message_key(episode.last_source, episode.last_message_id),
        episode.rule,
        episode.scope,
        episode.last_source,
        episode.last_message_id,
    )
