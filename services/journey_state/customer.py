"""What is kept of one customer: the journey, who it is, and what has been published."""

from __future__ import annotations

import msgspec

from services.journey_state.journey import Journey
from services.journey_state.touchpoint import Place


class OwnedIdentifier(msgspec.Struct, frozen=True, array_like=True):
    """An identifier of the customer and since when it was met."""

    kind: str
    value: str
    since: int


class Standing(msgspec.Struct, array_like=True):
    """A signal that has been computed and not retracted, as far as it was made known."""

    rule: str
    scope: str | None
    due: int
    state: str  # raised, recovered, expired
    published: bool
    revision: int
    raised_at: int  # the watermark at which it was raised
    reminded: int = 0  # the newest reminder that went out


class CustomerState(msgspec.Struct, kw_only=True, array_like=True):
    """The `state` column of a customer: one msgpack array, read and written whole."""

    made: Place  # of the touchpoint that made the customer
    identifiers: list[OwnedIdentifier] = []
    journey: Journey = msgspec.field(default_factory=Journey)
    published_stage: str = "none"
    stage_version: int = 0
    signal_version: int = 0
    state_version: int = 0
    signals: dict[str, Standing] = {}  # by signal_id; those whose window is over are left out
    wake_at: int | None = None  # what the timer's row holds


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(CustomerState)


def encode_state(state: CustomerState) -> bytes:
    """The bytes of the `state` column."""
    return _encoder.encode(state)


def decode_state(value: bytes) -> CustomerState:
    """The state of a `state` column."""
    return _decoder.decode(value)
