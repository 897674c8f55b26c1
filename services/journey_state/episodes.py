"""Abandonment episodes as values, and what each of them is at a watermark (semantics 5)."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import blake2b
from typing import Any, Literal

import msgspec

from services.journey_state.definition import AbandonmentRule

SignalState = Literal["raised", "recovered", "expired"]
HoldForGaps = Callable[[int, int], int]  # (last activity, fires at) -> the W at which it may fire

SIGNAL_ID_BYTES = 16


class LastTouchpoint(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """The newest folded touchpoint, as signals name it; `event` is the canonical name."""

    event: str
    channel: str
    source: str
    at: int
    message_id: str


class Item(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One product of a cart. Price and quantity are decimal strings."""

    key: str
    product: dict[str, Any]
    quantity: str


class Recovery(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """The event that brought the customer back within the window."""

    at: int
    event: str
    channel: str
    source: str
    message_id: str


class Snapshot(msgspec.Struct, frozen=True, kw_only=True, array_like=True, gc=False):
    """The customer as of `due`, for the signal's payload (semantics 5.9)."""

    stage: str
    overlays: list[str]
    last_touchpoint: LastTouchpoint | None
    campaign_first: dict[str, Any] | None
    campaign_last: dict[str, Any] | None
    consent: dict[str, bool]
    locale: str | None
    opened: list[tuple[str, int, int | None]] = []  # each overlay: name, opened_at, expires_at


class Episode(msgspec.Struct, kw_only=True, array_like=True, omit_defaults=True, gc=False):
    """One episode of one rule and scope that was neither closed nor dropped in time.

    It is open until `due`; `abandoned` is set once a touchpoint after `due` has come.
    """

    rule: str
    scope: str | None  # None: a stage rule; "": unscoped
    opened_at: int
    due: int
    last_at: int  # occurred_at of the last activity
    last_received_at: int
    last_source: str
    last_message_id: str
    last_historical: bool = False
    items: list[Item] = []
    items_complete: bool = False
    value: str | None = None
    currency: str | None = None
    abandoned: Snapshot | None = None
    recovered: Recovery | None = None
    stopped_at: int | None = None  # first thing in the window that stops reminders
    last_consent_required: bool = False  # by the source of the last activity


class Outlook(msgspec.Struct, frozen=True, kw_only=True):
    """What an episode is at a watermark, and when to look again."""

    state: SignalState | None  # None: not (yet) abandoned at this watermark
    fires_at: int  # the W at which it is or was raised, gaps included
    reminders: tuple[tuple[int, int], ...]  # (n, W at which it may go out), not stopped, n from 1
    expires_at: int  # the W at which the window is over
    next_at: int | None  # the next W at which something may happen; None: never again


def signal_id(episode: Episode) -> str:
    """32 hex digits of rule, scope, due and the last activity (semantics 5.8)."""
    parts = (
        episode.rule,
        episode.scope,
        episode.due,
        episode.last_source,
        episode.last_message_id,
    )
    return blake2b(msgspec.json.encode(parts), digest_size=SIGNAL_ID_BYTES).hexdigest()


def no_gaps(_last_at: int, fires_at: int) -> int:
    """The `HoldForGaps` of an ingest that was never silent."""
    return fires_at


def outlook(
    rule: AbandonmentRule, episode: Episode, *, watermark: int, grace_us: int, hold: HoldForGaps
) -> Outlook:
    """State, reminders and next instant of an episode at a watermark (semantics 5.5, 5.6).

    All times are microseconds on the watermark's scale.
    """
    # A gap counts while it overlaps the time from the last activity to due + grace, no longer.
    timely = hold(episode.last_at, episode.due + grace_us)
    fires_at = max(timely, episode.last_received_at + grace_us)
    expires_at = episode.due + rule.recover_within_us + grace_us
    reminders = tuple(
        (n, hold(episode.last_at, episode.due + wait + grace_us))
        for n, wait in enumerate(rule.remind_us, 1)
        if episode.stopped_at is None or episode.stopped_at > episode.due + wait
    )
    ahead = [at for at in (fires_at, expires_at, *(at for _, at in reminders)) if at > watermark]
    return Outlook(
        state=_state(episode, watermark, fires_at, expires_at),
        fires_at=fires_at,
        reminders=reminders,
        expires_at=expires_at,
        next_at=min(ahead, default=None),
    )


def _state(episode: Episode, watermark: int, fires_at: int, expires_at: int) -> SignalState | None:
    if watermark < fires_at:
        return None
    if episode.recovered is not None:
        return "recovered"
    return "expired" if watermark >= expires_at else "raised"
