"""A customer's journey as a fold over touchpoints: stage, history, overlays, counters, episodes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal

import msgspec

from services.journey_state.definition import NONE_STAGE, Definition
from services.journey_state.episodes import Episode
from services.journey_state.touchpoint import Place, Touchpoint

Direction = Literal["first", "forward", "backward", "re-entry"]


class Transition(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """One row of the stage history: the stage was entered, and by what."""

    previous: str
    stage: str
    entered_at: int
    direction: Direction
    rule: str
    message_id: str
    event: str
    channel: str
    source: str
    historical: bool = False


class OpenOverlay(msgspec.Struct, frozen=True, array_like=True):
    """An overlay opened and not yet closed; it is open at W iff W < expires_at."""

    opened_at: int
    expires_at: int | None


class LastTouchpoint(msgspec.Struct, frozen=True, array_like=True):
    """The newest folded touchpoint, as signals name it."""

    event: str
    channel: str
    source: str
    at: int
    message_id: str


class Statement(msgspec.Struct, frozen=True, array_like=True):
    """One consent statement that still matters (semantics 8.2)."""

    occurred_at: int
    received_at: int
    granted: bool


class Journey(msgspec.Struct, kw_only=True, array_like=True, omit_defaults=True):
    """What `advance` needs to know of the touchpoints so far. Encoded as msgpack in the store."""

    place: Place | None = None  # of the newest touchpoint that went through `advance`
    stage: str = NONE_STAGE
    entered_at: int | None = None
    visited: list[str] = []
    counts: dict[str, int] = {}
    last_at: dict[str, int] = {}
    once: dict[str, list[str]] = {}
    traits: dict[str, Any] = {}
    overlays: dict[str, OpenOverlay] = {}
    consent: dict[str, list[Statement]] = {}
    campaign_first: dict[str, Any] | None = None
    campaign_last: dict[str, Any] | None = None
    locale: str | None = None
    last_touchpoint: LastTouchpoint | None = None
    first_seen_at: int | None = None
    last_seen_at: int | None = None
    episodes: list[Episode] = []  # open ones, and abandoned ones that `settle` has not dropped
    ended: dict[str, list[tuple[int, str]]] = {}  # rule -> (instant, scope) of its newest endings
    settled_to: int = 0  # a touchpoint at or before this may concern a dropped episode: refold


class Folded(msgspec.Struct, frozen=True):
    """The whole journey and the history that led to it."""

    journey: Journey
    history: tuple[Transition, ...]


def advance(
    definition: Definition, journey: Journey, touchpoint: Touchpoint
) -> tuple[Journey, Transition | None]:
    """The journey after one more touchpoint, which must `follow` it; the input stays as it is."""


def fold(
    definition: Definition, touchpoints: Iterable[Touchpoint], start: Journey | None = None
) -> Folded:
    """The journey of these touchpoints, in whatever order and however often they are given.

    `start` is a checkpoint that all of them follow.
    """


def follows(journey: Journey, touchpoint: Touchpoint) -> bool:
    """Whether `advance` may be used: the touchpoint is after all folded ones (semantics 4.2)."""
