"""A signal's row and its message: built when it is raised, amended when something becomes of it."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from services.contracts.times import SECOND_US, format_time, read_time
from services.journey_state.abandonment import concerns
from services.journey_state.customer import LATE_KINDS, Customer, Refold, Standing
from services.journey_state.definition import Definition
from services.journey_state.episodes import Episode, signal_id
from services.journey_state.journey import snapshot
from services.journey_state.payload import payload
from services.journey_state.publication import id_text, identifier_values
from services.journey_state.signalling import Change, Seen
from services.journey_state.store.outcomes import SignalRow
from services.journey_state.touchpoint import Touchpoint

BACKLOG_US = (
    60 * SECOND_US
)  # a signal that goes out later than this after its time was in a backlog


@dataclass(slots=True)
class Known:
    """A customer with the rows of all signals and every episode, to value signals by."""

    customer: Customer
    rows: Mapping[str, SignalRow]
    seen: Sequence[Seen]  # in the order of their due
    _dues: list[int] = field(init=False, repr=False)
    _widest: int = field(init=False, repr=False)  # window of any of them
    _left: list[tuple[int, Episode]] = field(init=False, repr=False)  # until when it was open
    _standing: list[Episode] | None = field(default=None, init=False, repr=False)
    _activities: dict[str, int] = field(default_factory=dict, init=False, repr=False)

    def __post_init__(self) -> None:
        self._dues = [one.episode.due for one in self.seen]
        windows = [one.rule.recover_within_us for one in self.seen]
        self._widest = max(windows, default=0)
        self._left = [
            (_open_until(one.episode, window), one.episode)
            for one, window in zip(self.seen, windows, strict=True)
        ]

    def open_at(self, at: int) -> list[Episode]:
        """Those due by then that had neither been come back to nor expired."""
        first = bisect_right(self._dues, at - self._widest)
        left = self._left[first : bisect_right(self._dues, at)]
        return [episode for until, episode in left if at < until]

    def standing_at(self, at: int) -> Iterator[Episode]:
        """The episodes that lasted then, of signals that stand."""
        if self._standing is None:
            state = self.customer.state
            self._standing = [e for e in state.episodes if signal_id(e) in state.signals]
        return (e for e in self._standing if e.opened_at <= at <= e.due)

    def last_activity(self, row: SignalRow) -> int:
        """When the signal's customer was last active, in microseconds; a row is read once."""
        at = self._activities.get(row.payload)
        if at is None:
            at = self._activities[row.payload] = last_activity(row)
        return at


def _open_until(episode: Episode, window: int) -> int:
    until = episode.due + window
    return until if episode.recovered is None else min(until, episode.recovered.at)


def first_value(known: Known, change: Change, origin: str) -> dict[str, Any]:
    """The value of a signal met for the first time, or back after a retraction (5.7, 5.9)."""
    standing, seen = change.standing, _seen(change)
    before = _replaced(known, seen.episode, change.signal_id)
    return {
        "signal_id": change.signal_id,
        "revision": standing.revision,
        "raised_at": format_time(standing.raised_at),
        **told_by_touchpoints(known, seen),
        "origin": origin,
        "replaces": None if before is None else before.signal_id.hex(),
        "replaced_by": None,
        "raised_as": None,
        "reminder": None,
        "recovered": recovery_value(seen.episode),
        "cause": None,
    }


def later_value(known: Known, change: Change, old: SignalRow) -> dict[str, Any]:
    """The value of a signal that stood before."""
    seen, value = _seen(change), read_value(old)
    if change.again:
        value |= told_by_touchpoints(known, seen)
    value["recovered"] = recovery_value(seen.episode)
    if change.kind == "reminded":
        value["reminder"] = {"n": change.reminder, "of": len(seen.rule.remind_us)}
    return value


def retracted_value(
    known: Known, change: Change, old: SignalRow, definition: Definition
) -> dict[str, Any]:
    """The value of a signal of this definition taken back: why, and what takes its place."""
    return {
        **read_value(old),
        "cause": _retraction_cause(known.customer, change, old, definition),
        "replaced_by": _successor(known, old),
    }


def _seen(change: Change) -> Seen:
    assert change.seen is not None  # only a retracted signal has none
    return change.seen


def _retraction_cause(
    customer: Customer, change: Change, old: SignalRow, definition: Definition
) -> dict[str, str | None]:
    fresh = customer.fresh
    cause = customer.refold or Refold("refold", fresh[0].message_id if fresh else None)
    kind = cause.retraction or ("late_event" if cause.kind in LATE_KINDS else cause.kind)
    suspects: Iterable[Touchpoint] = ()
    if change.refused is not None:
        kind = change.refused
        suspects = (t for t in fresh if t.consent and False in t.consent.values())
    elif kind == "late_event":
        suspects = _disproving(fresh, old, definition)
    message_id = next((t.message_id for t in suspects), cause.message_id)
    return {"kind": kind, "message_id": message_id}


def _disproving(
    fresh: Iterable[Touchpoint], old: SignalRow, definition: Definition
) -> Iterator[Touchpoint]:
    """Those that stand between the signal's last activity and its due, and are its rule's."""
    since = last_activity(old)
    rule = next((one for one in definition.abandonment if one.name == old.rule), None)
    for one in fresh:
        if since <= one.occurred_at <= old.due_at:
            event = definition.canonical(one.call, one.event)
            if rule is None or rule.stages is not None or event in rule.events:
                yield one


def told_by_touchpoints(known: Known, seen: Seen) -> dict[str, Any]:
    """The part of a signal's value that follows from touchpoints, as of its `due`."""
    episode = seen.episode
    as_of_due = episode.abandoned or snapshot(seen.journey, episode.due)
    return {
        **_readable(payload(as_of_due, episode, seen.rule)),
        "open_signals": _open_signals(known, episode),
        "identifiers": identifier_values(known.customer.state, episode.due),
    }


def _readable(value: dict[str, Any]) -> dict[str, Any]:
    """The payload with its times as text."""
    times = ("opened_at", "last_activity_at", "due_at", "recover_until")
    last = value["last_touchpoint"]
    return {
        **value,
        **{name: format_time(value[name]) for name in times},
        "last_touchpoint": last and {**last, "at": format_time(last["at"])},
        "overlays": [
            {
                "name": one["name"],
                "opened_at": format_time(one["opened_at"]),
                "expires_at": one["expires_at"] and format_time(one["expires_at"]),
            }
            for one in value["overlays"]
        ],
    }


def _open_signals(known: Known, episode: Episode) -> list[dict[str, Any]]:
    """The other signals that had been left and not come back by this one's `due`."""
    signals = known.customer.state.signals
    return [
        {"signal_id": signal_id(other), "rule": other.rule, "scope": other.scope}
        for other in known.open_at(episode.due)
        if other is not episode and signal_id(other) in signals
    ]


def recovery_value(episode: Episode) -> dict[str, Any] | None:
    """What brought the customer back, and how long after `due`."""
    recovery = episode.recovered
    if recovery is None:
        return None
    return {
        "at": format_time(recovery.at),
        "after_seconds": (recovery.at - episode.due) / SECOND_US,
        "event": recovery.event,
        "channel": recovery.channel,
        "source": recovery.source,
        "message_id": recovery.message_id,
    }


def _replaced(known: Known, episode: Episode, now: str) -> SignalRow | None:
    """The retracted signal that this one takes the place of: its due moved, or its scope became
    known."""
    candidates = [
        row
        for row in known.rows.values()
        if row.state == "retracted"
        and row.published
        and row.rule == episode.rule
        and concerns(row.scope, episode.scope)
        and row.signal_id.hex() != now
        and episode.opened_at <= known.last_activity(row) <= episode.due
    ]
    return max(candidates, key=lambda row: row.due_at, default=None)


def _successor(known: Known, row: SignalRow) -> str | None:
    """The standing signal that a retracted one is replaced by, if it is abandoned at W now."""
    for episode in known.standing_at(last_activity(row)):
        if row.rule == episode.rule and concerns(row.scope, episode.scope):
            return signal_id(episode)
    return None


def last_activity(row: SignalRow) -> int:
    """When the signal's customer was last active, in microseconds."""
    return read_time(str(read_value(row)["last_activity_at"]))


def read_value(row: SignalRow) -> dict[str, Any]:
    """The value that a signal was last known by."""
    value: dict[str, Any] = msgspec.json.decode(row.payload)
    return value


def standing_of(row: SignalRow) -> Standing:
    """What the customer's state keeps of a signal's row."""
    return Standing(
        rule=row.rule,
        scope=row.scope,
        due=row.due_at,
        state=row.state,
        published=row.published,
        revision=row.revision,
        raised_at=row.raised_at,
        reminded=row.reminded,
    )


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
        # What was kept from being told is a fact of this revision.
        suppressed=old.suppressed
        if old is not None and old.revision == standing.revision
        else None,
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


def is_as_it_was(row: SignalRow, old: SignalRow) -> bool:
    """Whether two rows of one signal say the same."""
    if row._replace(payload="") != old._replace(payload=""):
        return False
    return signal_message(read_value(row)) == signal_message(read_value(old))


def signal_message(value: dict[str, Any]) -> dict[str, Any]:
    """A kept value without the common fields, which each message has of its own."""
    return {name: field for name, field in value.items() if name not in _COMMON}
