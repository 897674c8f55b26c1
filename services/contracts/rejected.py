"""The rejected event: what a sender said that could not be taken, and why (contract 5)."""

from __future__ import annotations

import msgspec

TYPE = "milepost.event.rejected.v1"
# In base64 still well under the message size that brokers take by default.
ORIGINAL_BYTES_MAX = 256 << 10


class RejectedEvent(msgspec.Struct, kw_only=True, gc=False):
    """One rejected event; `original` is its bytes, base64 on the wire.

    Of an event over `ORIGINAL_BYTES_MAX` the first part is kept, and `size` says how long it was.
    """

    original: bytes
    size: int
    source: str
    code: str
    message: str
    received_at: str


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(RejectedEvent)


def encode(event: RejectedEvent) -> bytes:
    """The record's value."""
    return _encoder.encode(event)


def decode(value: bytes) -> RejectedEvent:
    """The event of a record's value; raises `msgspec.ValidationError` or `DecodeError`."""
    return _decoder.decode(value)
