"""Abandonment episodes: opened, kept alive, ended, abandoned, recovered (semantics 5)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal

import msgspec

from services.journey_state.definition import AbandonmentRule

SignalState = Literal["raised", "recovered", "expired"]
HoldForGaps = Callable[[int, int], int]  # (last activity, fires at) -> the W at which it may fire


class Item(msgspec.Struct, array_like=True):
    """One product of a cart. Numbers of money are decimal strings."""

    key: str
    product: dict[str, Any]
    quantity: str


class Recovery(msgspec.Struct, frozen=True, array_like=True):
    """The event that brought the customer back within the window."""

    at: int
    event: str
    channel: str
    source: str
    message_id: str


class Snapshot(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """The customer as of `due`, for the signal's payload (semantics 5.9)."""

    stage: str
    overlays: list[str]
    last_touchpoint: Any
    campaign_first: dict[str, Any] | None
    campaign_last: dict[str, Any] | None
    consent: dict[str, bool]
    locale: str | None


class Episode(msgspec.Struct, kw_only=True, array_like=True, omit_defaults=True):
    """One episode of one rule and scope that was neither closed nor dropped in time.

    It is open until `due`; `abandoned` is set once a touchpoint after `due` has been folded.
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
    stopped_at: int | None = None  # first thing after due that stops reminders


class Outlook(msgspec.Struct, frozen=True, kw_only=True):
    """What an episode is at a watermark, and when to look again."""

    state: SignalState | None  # None: not (yet) abandoned at this watermark
    fires_at: int  # the W at which it is or was raised, gaps included
    reminders: tuple[tuple[int, int], ...]  # (n, W at which it may go out), not stopped, n from 1
    expires_at: int  # the W at which the window is over
    next_at: int | None  # the next W at which something may happen; None: never again


def signal_id(episode: Episode) -> str:
    """32 hex digits of rule, scope, due and the last activity (semantics 5.8)."""


def outlook(
    rule: AbandonmentRule, episode: Episode, *, watermark: int, grace_us: int, hold: HoldForGaps
) -> Outlook:
    """State, reminders and next instant of an episode at a watermark (semantics 5.5, 5.6)."""
