"""What the live stream says: stage changes, signals and figures as server-sent events."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

import msgspec
from fastapi.sse import format_sse_event

from services.contracts.times import SECOND_US, format_time
from services.journey_state.api import profile
from services.journey_state.api.masking import masked
from services.journey_state.places import Place, RowKey
from services.journey_state.stream_queries import Progress, Written

TOPICS = ("stages", "signals", "status")

# A signal without what could tell who it was: all else of its value is left out.
SIGNAL_FIELDS = (
    "signal_id", "customer_id", "revision", "rule", "scope", "state", "published", "suppressed",
    "journey", "definition", "stage", "opened_at", "last_activity_at", "due_at", "raised_at",
    "recover_until", "items", "items_complete", "value", "currency", "origin", "recovered",
    "replaced_by",
)  # fmt: skip
_TOUCHPOINT_FIELDS = ("event", "channel", "source", "at")

_encode = msgspec.json.Encoder(order="deterministic").encode


@dataclass(frozen=True, slots=True)
class Event:
    """A stage change or a signal, written once for everybody who reads along."""

    topic: str
    written_by: int
    key: RowKey
    customer_id: str
    stages: tuple[str, ...]  # it concerns: those left and entered, or the signal's
    rule: str | None
    name: str
    text: str  # JSON, masked


class Wanted(NamedTuple):
    """Which events someone reads; None: whatever."""

    topics: frozenset[str] = frozenset(TOPICS)
    stage: str | None = None
    rule: str | None = None
    customer_id: str | None = None

    def takes(self, event: Event) -> bool:
        """Whether all that is asked for holds of the event."""
        return (
            event.topic in self.topics
            and (self.stage is None or self.stage in event.stages)
            and (self.rule is None or self.rule == event.rule)
            and (self.customer_id is None or self.customer_id == event.customer_id)
        )


def events_of(written: Written) -> list[Event]:
    """In the order of their keys."""
    events = [*_changes(written), *_signals(written)]
    return sorted(events, key=lambda event: event.key)


def frame(event: Event, place: Place) -> bytes:
    """The event as it is sent; `place` is right behind it."""
    return format_sse_event(event=event.name, data_str=event.text, id=str(place))


def notice(name: str, place: Place | None = None, **values: Any) -> bytes:
    """An event of the stream's own."""
    text = _encode(values).decode()
    return format_sse_event(event=name, data_str=text, id=None if place is None else str(place))


def beat(place: Place) -> bytes:
    """Says nothing but that someone is there, and how far everything was said."""
    return format_sse_event(comment="beat", id=str(place))


def greeting(retry_milliseconds: int) -> bytes:
    """The first bytes: when to come again after a loss."""
    return format_sse_event(comment="milepost", retry=retry_milliseconds)


def status_values(progress: Progress, per_second: float | None, now: int) -> dict[str, Any]:
    """The figures of a `status` event."""
    age = None if progress.watermark is None else max(0, now - progress.watermark) / SECOND_US
    return {
        "at": format_time(now),
        "touchpoints": progress.touchpoints,
        "touchpoints_per_second": per_second,
        "watermark": profile.optional_time(progress.watermark),
        "watermark_age_seconds": age,
        "outbox_pending": progress.outbox,
        "dead_letters": progress.dead_letters,
    }


def _changes(written: Written) -> Iterable[Event]:
    for written_by, row in written.changes:
        value = profile.stage_change(row).model_dump()
        yield Event(
            topic="stages",
            written_by=written_by,
            key=RowKey("c", row.history_id, ""),
            customer_id=str(row.customer_id),
            stages=(row.previous, row.stage),
            rule=None,
            name="stage",
            text=_encode(masked(value, {})).decode(),
        )


def _signals(written: Written) -> Iterable[Event]:
    for written_by, row in written.signals:
        value = profile.signal(row).model_dump()
        yield Event(
            topic="signals",
            written_by=written_by,
            key=RowKey("s", written_by, row.signal_id.hex),
            customer_id=str(row.customer_id),
            stages=(value.get("stage") or "none",),
            rule=row.rule,
            name="signal",
            text=_encode(masked(_without_person(value), {})).decode(),
        )


def _without_person(value: dict[str, Any]) -> dict[str, Any]:
    shown = {name: value[name] for name in SIGNAL_FIELDS if name in value}
    last = value.get("last_touchpoint")
    shown["last_touchpoint"] = last and {name: last.get(name) for name in _TOUCHPOINT_FIELDS}
    return shown
