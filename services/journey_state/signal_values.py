"""A signal's row and its message: built when it is raised, amended when something becomes of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from services.contracts.times import SECOND_US, format_time
from services.journey_state.customer import Customer, Standing
from services.journey_state.episodes import Episode, Recovery, signal_id
from services.journey_state.journey import snapshot
from services.journey_state.payload import payload
from services.journey_state.publication import id_text, identifier_values
from services.journey_state.signalling import Change, Seen
from services.journey_state.store.outcomes import SignalRow

BACKLOG_US = (
    60 * SECOND_US
)  # a signal that goes out later than this after its time was in a backlog


def new_value(customer: Customer, change: Change, seen: Seen, *, origin: str) -> dict[str, Any]:
    """The value of a signal that is raised now, as of its `due` (semantics 5.9)."""
    episode = seen.episode
    as_of_due = episode.abandoned or snapshot(seen.journey, episode.due)
    standing = change.standing
    return {
        "signal_id": change.signal_id,
        "revision": standing.revision,
        "raised_at": format_time(standing.raised_at),
        **_readable(payload(as_of_due, episode, seen.rule)),
        "open_signals": _open_signals(customer, change.signal_id, episode.due),
        "identifiers": identifier_values(customer.state, episode.due),
        "origin": origin,
        "replaces": None,
        "replaced_by": None,
        "raised_as": None,
        "reminder": None,
        "recovered": None,
        "cause": None,
    }


def _readable(value: dict[str, Any]) -> dict[str, Any]:
    """The payload with its times as text."""
    times = ("opened_at", "last_activity_at", "due_at", "recover_until")
    last = value["last_touchpoint"]
    return {
        **value,
        **{name: format_time(value[name]) for name in times},
        "last_touchpoint": last and {**last, "at": format_time(last["at"])},
    }


def _open_signals(customer: Customer, but: str, due: int) -> list[dict[str, Any]]:
    return [
        {"signal_id": other, "rule": standing.rule, "scope": standing.scope}
        for other, standing in customer.state.signals.items()
        if other != but and standing.state == "raised" and standing.due <= due
    ]


def recovery_value(recovery: Recovery, due: int) -> dict[str, Any]:
    """What brought the customer back, and how long after `due`."""
    return {
        "at": format_time(recovery.at),
        "after_seconds": (recovery.at - due) / SECOND_US,
        "event": recovery.event,
        "channel": recovery.channel,
        "source": recovery.source,
        "message_id": recovery.message_id,
    }


def replaced(rows: Sequence[SignalRow], episode: Episode, now: str) -> SignalRow | None:
    """The retracted signal that this episode's takes the place of: the due time moved."""
    candidates = [
        row
        for row in rows
        if row.state == "retracted"
        and row.published
        and (row.rule, row.scope) == (episode.rule, episode.scope)
        and row.signal_id.hex() != now
        and _last_activity(row) >= format_time(episode.opened_at)
        and _last_activity(row) <= format_time(episode.due)
    ]
    return max(candidates, key=lambda row: row.due_at, default=None)


def successor(customer: Customer, row: SignalRow) -> str | None:
    """The standing signal that a retracted one is replaced by, if it is abandoned at W now."""
    for episode in customer.state.episodes:
        if (episode.rule, episode.scope) != (row.rule, row.scope):
            continue
        identity = signal_id(episode)
        inside = format_time(episode.opened_at) <= _last_activity(row) <= format_time(episode.due)
        if inside and identity in customer.state.signals:
            return identity
    return None


def _last_activity(row: SignalRow) -> str:
    return str(read_value(row)["last_activity_at"])


def read_value(row: SignalRow) -> dict[str, Any]:
    """The value that a signal was last known by."""
    value: dict[str, Any] = msgspec.json.decode(row.payload)
    return value


def signal_row(
    customer: Customer,
    identity: str,
    standing: Standing,
    value: dict[str, Any],
    *,
    definition_id: int,
    old: SignalRow | None = None,
) -> SignalRow:
    """The row that keeps a signal with this value."""
    raised_as = None if old is None else old.raised_as
    return SignalRow(
        signal_id=bytes.fromhex(identity),
        customer_id=customer.customer_id,
        rule=standing.rule,
        scope=standing.scope,
        due_at=standing.due,
        state=standing.state,
        published=standing.published,
        suppressed=None,
        revision=standing.revision,
        raised_at=standing.raised_at,
        reminded=standing.reminded,
        raised_as=raised_as,
        definition_id=definition_id if old is None else old.definition_id,
        payload=value_text(
            {**value, "raised_as": None if raised_as is None else id_text(raised_as)}
        ),
    )


def value_text(value: dict[str, Any]) -> str:
    """The `payload` column."""
    return msgspec.json.encode(value).decode()


# Of each message anew: what the last one of this signal said of them does not hold.
_COMMON = ("customer_id", "version", "journey", "definition", "published_at")


def signal_message(value: dict[str, Any]) -> dict[str, Any]:
    """A kept value without the common fields, which each message has of its own."""
    return {name: field for name, field in value.items() if name not in _COMMON}
