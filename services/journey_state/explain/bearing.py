"""What episodes and signals are explained by, besides the touchpoints."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from services.journey_state.customer import CustomerState
from services.journey_state.episodes import HoldForGaps
from services.journey_state.watermark import Gap

EpisodeResult = Literal[
    "open",
    "waiting",
    "closed",
    "dropped",
    "emptied",
    "left",
    "consent",
    "operator",
    "raised",
    "recovered",
    "expired",
]
HeldBy = Literal["watermark", "grace", "late_arrival", "gap"]


@dataclass(frozen=True, slots=True)
class Kept:
    """What is stored of a signal: what was made known of it."""

    signal_id: str
    rule: str
    scope: str | None
    due_at: int
    state: str
    published: bool
    suppressed: str | None
    raised_at: int
    reminded: int
    last_activity_at: int | None = None
    cause_kind: str | None = None
    cause_message_id: str | None = None
    replaced_by: str | None = None


@dataclass(frozen=True, slots=True)
class Bearing:
    """What signals depend on besides the touchpoints; times in microseconds.

    `state` holds the customer's consent, and what an operator cancelled.
    """

    watermark: int | None
    grace_us: int
    hold: HoldForGaps
    gaps: Sequence[Gap]
    state: CustomerState
    kept: Mapping[str, Kept] = field(default_factory=dict)
