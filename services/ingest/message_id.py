"""The id of an event that came without one: the same bytes sent again get the same (1.5)."""

from __future__ import annotations

from hashlib import sha256

import msgspec

# The key says who sends, not what happened: the same event under a rotated key is the same.
_NOT_OF_THE_EVENT = ("sentAt", "writeKey")
_decode = msgspec.json.Decoder(dict[str, object]).decode


def derived_id(source: str, call: str, raw: bytes, received_at: int | None) -> str:
    """A stable id of `raw`, a valid event; `received_at` when the event has no time of its own."""
    event = _decode(raw)
    for field in _NOT_OF_THE_EVENT:
        event.pop(field, None)
    canonical = msgspec.json.encode([source, call, event, received_at], order="sorted")
    return "h-" + sha256(canonical).hexdigest()[:32]
