"""A customer's stored state as the query API shows it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID

from services.contracts.times import format_time
from services.contracts.touchpoint import kind_order
from services.journey_state import consent
from services.journey_state.api.models import (
    Band,
    Cause,
    EpisodeItem,
    HistoryItem,
    Identifier,
    Overlay,
    Signal,
    StageChange,
)
from services.journey_state.customer import CustomerState
from services.journey_state.episodes import Episode, signal_id
from services.journey_state.overlays import OpenOverlay, open_at
from services.journey_state.past_queries import RecordedRow
from services.journey_state.queries import ChangeRow, HistoryRow, SignalRow

_ALL_TIME_US = 1 << 62
TOUCHPOINT = "touchpoint"  # the cause of a change that was told as it happened


def optional_time(time_us: int | None) -> str | None:
    """RFC 3339 text, or null."""
    return None if time_us is None else format_time(time_us)


def open_overlays(overlays: Mapping[str, OpenOverlay], at: int) -> list[Overlay]:
    """Those that have not expired at this instant of W (semantics 4.1)."""
    return [
        Overlay(
            name=name,
            opened_at=format_time(overlay.opened_at),
            expires_at=optional_time(overlay.expires_at),
        )
        for name, overlay in open_at(overlays, at).items()
    ]


def identifiers(state: CustomerState) -> list[Identifier]:
    """In key order."""
    ordered = sorted(state.identifiers, key=lambda i: (kind_order(i.kind), i.value))
    return [Identifier(kind=i.kind, value=i.value, since=format_time(i.since)) for i in ordered]


def granted(state: CustomerState) -> dict[str, bool]:
    """What each purpose stands at, by all statements."""
    return consent.current(state.journey.consent, _ALL_TIME_US)


def history_items(rows: Sequence[HistoryRow]) -> list[HistoryItem]:
    """The stage history with its causes."""
    return [history_item(row, row.left_at) for row in rows]


def history_item(row: HistoryRow | RecordedRow, left_at: int | None) -> HistoryItem:
    """One stage of a history."""
    return HistoryItem(
        stage=row.stage,
        entered_at=format_time(row.entered_at),
        left_at=optional_time(left_at),
        direction=row.direction,
        cause=_cause(row),
        definition=row.definition,
    )


def stage_change(row: ChangeRow) -> StageChange:
    """One entry of the list of changes."""
    return StageChange(
        customer_id=str(row.customer_id),
        previous=row.previous,
        current=row.stage,
        direction=row.direction,
        entered_at=format_time(row.entered_at),
        recorded_at=format_time(row.recorded_at),
        cause=_cause(row),
        correction=row.cause_kind != TOUCHPOINT,
    )


def _cause(row: HistoryRow | ChangeRow | RecordedRow) -> Cause:
    return Cause(
        kind=row.cause_kind,
        message_id=row.message_id,
        event=row.event,
        channel=row.channel,
        source=row.source,
        rule=row.rule,
    )


def bands(rows: Sequence[HistoryRow]) -> list[Band]:
    """The stretches of time in each stage."""
    return [
        Band(
            stage=row.stage,
            entered_at=format_time(row.entered_at),
            left_at=optional_time(row.left_at),
        )
        for row in rows
    ]


def pending_episodes(state: CustomerState, known: set[UUID]) -> list[Episode]:
    """Episodes that are or will be abandoned unless something happens, the first due first.

    `known` are ids of signals that exist already.
    """
    found = [e for e in state.episodes if UUID(signal_id(e)) not in known]
    return sorted(found, key=lambda e: (e.due, e.rule, e.scope or ""))


def episode_item(episode: Episode) -> EpisodeItem:
    """An episode as the customer's answer shows it."""
    return EpisodeItem(
        rule=episode.rule,
        scope=episode.scope,
        opened_at=format_time(episode.opened_at),
        last_activity_at=format_time(episode.last_at),
        due_at=format_time(episode.due),
    )


def signal(row: SignalRow) -> Signal:
    """The value on the topic; what the columns say of it is newer and wins."""
    current = {
        "customer_id": str(row.customer_id),
        "revision": row.revision,
        "rule": row.rule,
        "scope": row.scope,
        "due_at": format_time(row.due_at),
        "state": row.state,
        "published": row.published,
        "suppressed": row.suppressed,
    }
    common = {
        "signal_id": row.signal_id.hex,
        "journey": row.journey,
        "definition": row.definition,
    }
    return Signal.model_validate({**common, **row.payload, **current})
