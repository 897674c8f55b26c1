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
    # In fields of the event itself null, "" and missing are the same.
    stated = {
        name: value
        for name, value in event.items()
        if name not in _NOT_OF_THE_EVENT and value is not None and value != ""
    }
    canonical = msgspec.json.encode([source, call, stated, received_at], order="sorted")
    return "h-" + sha256(canonical).hexdigest()[:32]
