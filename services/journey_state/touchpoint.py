"""A touchpoint as the pure core sees it: decoded, with times as integer microseconds."""

from __future__ import annotations

from typing import Any, NewType

import msgspec

CustomerId = NewType("CustomerId", str)
Identifier = tuple[str, str]  # (kind, value)
Place = tuple[int, str, str]  # (occurred_at, message_id, source): the order (semantics 1.6)

BEGINNING: Place = (-62_135_596_800_000_000, "", "")  # year 1: before every touchpoint


class Touchpoint(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One event by one customer. Times are microseconds since 1970 (UTC).

    `event` is the name as stored; the definition maps other names to canonical ones.
    """

    occurred_at: int
    received_at: int
    message_id: str
    source: str
    channel: str
    call: str
    event: str
    identifiers: dict[str, str]
    previous_id: str | None = None
    properties: dict[str, Any] = {}
    traits: dict[str, Any] = {}
    context: dict[str, Any] = {}
    consent: dict[str, bool] | None = None
    bot: bool = False
    historical: bool = False
    consent_required: bool = False  # its source demands a statement of consent

    @property
    def place(self) -> Place:
        """Where it stands in the order; code-point order of text is UTF-8 byte order."""
        return (self.occurred_at, self.message_id, self.source)
