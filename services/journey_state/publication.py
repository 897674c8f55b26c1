"""What subscribers are told: the values of contract 5 and their order in the outbox."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from functools import cached_property, lru_cache
from typing import Any, NamedTuple, cast
from zlib import crc32

import msgspec
from uuid_utils import uuid7

from services.contracts.times import SECOND_US, format_time
from services.journey_state.consent import current
from services.journey_state.customer import Customer, CustomerState, Standing
from services.journey_state.in_force import Journeys, Term
from services.journey_state.journey import Direction, Journey, Transition
from services.journey_state.overlays import open_at
from services.journey_state.store.outcomes import RELAY_SHARDS, HistoryRow, OutboxRow


class TopicCode(IntEnum):
    """The topics as the outbox names them: the output topics, and where records go back to."""

    STAGE_CHANGES = 1
    SIGNALS = 2
    CUSTOMERS = 3
    TOUCHPOINTS = 4


STAGE_CHANGED = "milepost.stage.changed.v1"
CUSTOMER_STATE = "milepost.customer.state.v1"
CUSTOMER_MERGED = "milepost.customer.merged.v1"
CUSTOMER_SPLIT = "milepost.customer.split.v1"
TOMBSTONE = "tombstone"

# A correction tells the newest part of a long history, so that every message fits its topic.
HISTORY_ROWS_MAX = 500
SUPERSEDES_MAX = 1000
PAST_SIGNALS_MAX = 50  # of one customer; older ones are left out of snapshots

CUSTOMER_TEXTS_CACHED = 8_192  # ids whose text is kept at hand

_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True)
class Edition:
    """What every message of one transaction says alike."""

    published_at: int  # wall clock, microseconds
    watermark: int

    @cached_property
    def published_text(self) -> str:
        """`published_at` as messages say it."""
        return format_time(self.published_at)


class Sent(NamedTuple):
    """A queued message: its `ce_id` and its value with the common fields."""

    ce_id: bytes
    value: dict[str, Any]


@dataclass(slots=True)
class Outgoing:
    """The messages of one transaction, numbered per customer and topic as they are added."""

    journeys: Journeys
    edition: Edition
    rows: list[OutboxRow] = field(default_factory=list)

    def add(
        self,
        customer: Customer,
        topic: TopicCode,
        ce_type: str,
        value: dict[str, Any],
        term: Term | None = None,
    ) -> Sent:
        """Queue a message about the customer, by the customer's definition unless one is given."""
        version = _next_version(customer.state, topic)
        definition = (term or customer.under(self.journeys)).definition
        whole = {
            "customer_id": customer_text(customer.customer_id),
            "version": version,
            "journey": definition.journey,
            "definition": definition.version,
            "published_at": self.edition.published_text,
            **value,
        }
        encoded = _encode(whole)
        return Sent(self._queue(customer.customer_id, topic, version, ce_type, encoded), whole)

    def bury(self, customer: Customer) -> None:
        """Queue the tombstone of a customer that is merged away."""
        version = _next_version(customer.state, TopicCode.CUSTOMERS)
        self._queue(customer.customer_id, TopicCode.CUSTOMERS, version, TOMBSTONE, None)

    def _queue(
        self, customer_id: bytes, topic: TopicCode, version: int, ce_type: str, value: bytes | None
    ) -> bytes:
        ce_id = uuid7().bytes
        at = self.edition.published_at
        shard = crc32(customer_id) % RELAY_SHARDS
        self.rows.append(
            OutboxRow(shard, customer_id, int(topic), version, ce_id, ce_type, value, at)
        )
        return ce_id


def _next_version(state: CustomerState, topic: TopicCode) -> int:
    if topic is TopicCode.STAGE_CHANGES:
        state.stage_version += 1
        return state.stage_version
    if topic is TopicCode.SIGNALS:
        state.signal_version += 1
        return state.signal_version
    state.state_version += 1
    return state.state_version


def id_text(identifier: bytes) -> str:
    """A customer's or message's id as text."""
    digits = identifier.hex()
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


@lru_cache(CUSTOMER_TEXTS_CACHED)
def customer_text(customer_id: bytes) -> str:
    """`id_text` of a customer: each has several messages in a batch, and soon again."""
    return id_text(customer_id)


def stage_change(
    customer: Customer, transition: Transition, since: int | None, *, watermark: int
) -> dict[str, Any]:
    """An in-order transition; `since` is when the stage before was entered."""
    dwell = None if since is None else (transition.entered_at - since) / SECOND_US
    return {
        "previous": transition.previous,
        "current": transition.stage,
        "direction": transition.direction,
        "entered_at": format_time(transition.entered_at),
        "dwell_seconds": dwell,
        "cause": _cause(transition, "touchpoint"),
        "correction": False,
        **_person(customer, watermark),
    }


@dataclass(frozen=True, slots=True)
class Correction:
    """A past that was computed again, or imported."""

    kind: str
    message_id: str | None
    history: Sequence[Transition]  # the whole of it
    supersedes: Sequence[bytes]
    is_latest: bool = True  # False: transitions that are told one by one follow


def correction(
    customer: Customer, past: Correction, *, previous: str, watermark: int
) -> dict[str, Any]:
    """One stage change for a history that is not what it was."""
    last = past.history[-1] if past.history else None
    before = past.history[-2].entered_at if len(past.history) > 1 else None
    return {
        "previous": previous,
        "current": current_of(customer, past),
        "direction": None if last is None else last.direction,
        "entered_at": None if last is None else format_time(last.entered_at),
        "dwell_seconds": None
        if last is None or before is None
        else (last.entered_at - before) / SECOND_US,
        "cause": _cause_of(customer, past),
        "correction": True,
        "history": history_values(past.history[-HISTORY_ROWS_MAX:]),
        "supersedes": [id_text(i) for i in list(dict.fromkeys(past.supersedes))[-SUPERSEDES_MAX:]],
        **_person(customer, watermark),
    }


def _cause_of(customer: Customer, past: Correction) -> dict[str, Any]:
    """The touchpoint that made the past another one, if it is known, and the last row's rule."""
    last = past.history[-1] if past.history else None
    cause: dict[str, Any] = {
        **dict.fromkeys(("event", "channel", "source", "rule")),
        **({} if last is None else _cause(last, past.kind)),
        "kind": past.kind,
    }
    if past.message_id is None:
        return {"message_id": None, **cause}
    by = next((one for one in customer.fresh if one.message_id == past.message_id), None)
    if by is not None:
        cause |= {"event": by.event.strip(), "channel": by.channel, "source": by.source}
    return {**cause, "message_id": past.message_id}


def current_of(customer: Customer, past: Correction) -> str:
    """The stage that a correction leads to."""
    return customer.state.journey.stage if past.is_latest else past.history[-1].stage


def history_values(history: Sequence[Transition]) -> list[dict[str, Any]]:
    """A history as messages show it; each stage is left when the next is entered."""
    left = [*(format_time(t.entered_at) for t in history[1:]), None][: len(history)]
    return [
        {
            "stage": t.stage,
            "entered_at": format_time(t.entered_at),
            "left_at": left_at,
            "direction": t.direction,
            "cause": _cause(t, "import" if t.historical else "touchpoint"),
        }
        for t, left_at in zip(history, left, strict=True)
    ]


def snapshot(customer: Customer, *, watermark: int) -> dict[str, Any]:
    """The customer's present state, for the compacted topic."""
    journey = customer.state.journey
    person = _person(customer, watermark)
    del person["campaign"]
    return {
        "stage": journey.stage,
        "entered_at": None if journey.entered_at is None else format_time(journey.entered_at),
        "signals": [
            {
                "signal_id": signal_id,
                "rule": standing.rule,
                "scope": standing.scope,
                "due_at": format_time(standing.due),
                "state": standing.state,
            }
            for signal_id, standing in _shown(customer.state)
        ],
        "counters": journey.counts,
        **person,
    }


def open_overlays(state: CustomerState, watermark: int) -> list[str]:
    """The names of the overlays open at W."""
    return sorted(open_at(state.journey.overlays, watermark))


def differs(before: CustomerState, after: CustomerState, watermark: int) -> bool:
    """Whether a snapshot is owed, overlays that expired by W apart (semantics 7.3).

    What did not change is most often the same object, so that is asked first.
    """
    old, new = before.journey, after.journey
    return (
        old.stage != new.stage
        or old.entered_at != new.entered_at
        or (
            old.overlays is not new.overlays
            and open_at(old.overlays, watermark) != open_at(new.overlays, watermark)
        )
        or (before.signals is not after.signals and _states(before) != _states(after))
        or (before.identifiers is not after.identifiers and before.identifiers != after.identifiers)
        or (old.traits is not new.traits and old.traits != new.traits)
        or (old.consent is not new.consent and consent_now(old) != consent_now(new))
    )


def _states(state: CustomerState) -> dict[str, str]:
    return {signal_id: standing.state for signal_id, standing in _shown(state)}


def _shown(state: CustomerState) -> list[tuple[str, Standing]]:
    """The standing signals that a snapshot shows, by their due."""
    return sorted({**state.past_signals, **state.signals}.items(), key=_by_due)


def newest(signals: dict[str, Standing]) -> dict[str, Standing]:
    """The signals whose window is over that snapshots go on to show."""
    return dict(sorted(signals.items(), key=_by_due)[-PAST_SIGNALS_MAX:])


def _by_due(item: tuple[str, Standing]) -> tuple[int, str, str]:
    signal_id, standing = item
    return (standing.due, standing.rule, signal_id)


def consent_now(journey: Journey) -> dict[str, bool]:
    """Consent as of the newest touchpoint."""
    return current(journey.consent, journey.place[0]) if journey.place else {}


def overlay_values(journey: Journey, at: int) -> list[dict[str, Any]]:
    """The overlays open at an instant."""
    return [
        {
            "name": name,
            "opened_at": format_time(overlay.opened_at),
            "expires_at": None if overlay.expires_at is None else format_time(overlay.expires_at),
        }
        for name, overlay in open_at(journey.overlays, at).items()
    ]


def identifier_values(state: CustomerState, until: int | None = None) -> list[dict[str, str]]:
    """The customer's identifiers, those met by `until` if given."""
    return [
        {"kind": owned.kind, "value": owned.value}
        for owned in state.identifiers
        if until is None or owned.since <= until
    ]


def _person(customer: Customer, watermark: int) -> dict[str, Any]:
    journey = customer.state.journey
    return {
        "overlays": overlay_values(journey, watermark),
        "identifiers": identifier_values(customer.state),
        "traits": journey.traits,
        "consent": consent_now(journey),
        "campaign": {"first": journey.campaign_first, "last": journey.campaign_last},
    }


def _cause(transition: Transition, kind: str) -> dict[str, Any]:
    return {
        "kind": kind,
        "message_id": transition.message_id,
        "event": transition.event,
        "channel": transition.channel,
        "source": transition.source,
        "rule": transition.rule,
    }


def transition_of(row: HistoryRow) -> Transition:
    """The other way: a kept transition as a fold made it."""
    return Transition(
        previous=row.previous,
        stage=row.stage,
        entered_at=row.entered_at,
        direction=cast("Direction", row.direction),
        rule=row.rule,
        message_id=row.message_id,
        event=row.event,
        channel=row.channel,
        source=row.source,
        historical=row.historical,
    )


def history_row(
    customer_id: bytes,
    transition: Transition,
    *,
    kind: str,
    definition_id: int,
    ce_id: bytes | None,
) -> HistoryRow:
    """The row that keeps a transition."""
    return HistoryRow(
        customer_id=customer_id,
        previous=transition.previous,
        stage=transition.stage,
        entered_at=transition.entered_at,
        direction=transition.direction,
        rule=transition.rule,
        message_id=transition.message_id,
        event=transition.event,
        channel=transition.channel,
        source=transition.source,
        cause_kind=kind,
        definition_id=definition_id,
        ce_id=ce_id,
        historical=transition.historical,
    )
