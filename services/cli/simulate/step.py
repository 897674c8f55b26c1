"""One thing a persona did: when, where, and when the event about it leaves the device."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from services.contracts.touchpoint import Call, Channel

MINUTE = 60.0
HOUR = 60 * MINUTE
DAY = 24 * HOUR


@dataclass(frozen=True, slots=True)
class Step:
    """An event as the persona lived it. Times are microseconds since 1970."""

    message_id: str
    at_us: int
    sent_us: int
    channel: Channel
    call: Call
    event: str  # the name of a `track` call; the call itself for others
    ids: Mapping[str, str]  # kind to value
    properties: Mapping[str, Any] = field(default_factory=dict)
    traits: Mapping[str, Any] = field(default_factory=dict)
    context: Mapping[str, Any] = field(default_factory=dict)
    historical: bool = False

    @property
    def late(self) -> bool:
        """Whether the device was offline: it left more than a few seconds after it happened."""
        return self.sent_us - self.at_us > 5_000_000
