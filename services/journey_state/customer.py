"""What is kept of one customer, and the customer as one transaction works on it."""

from __future__ import annotations

from dataclasses import dataclass, field

import msgspec

from services.journey_state.journey import Journey, Transition
from services.journey_state.touchpoint import Place, Touchpoint


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
    told_overlays: list[str] = []  # those open in the last published snapshot


@dataclass(slots=True)
class Refold:
    """Why a customer's past is computed again, as messages say it."""

    kind: str  # refold, merge, import ...
    message_id: str | None


@dataclass(slots=True)
class Customer:
    """A customer inside one transaction: as it was, as it becomes, and what is to be told."""

    customer_id: bytes
    state: CustomerState
    is_new: bool
    before: CustomerState
    fresh: list[Touchpoint] = field(default_factory=list)
    transitions: list[Transition] = field(default_factory=list)
    absorbed: list[Customer] = field(default_factory=list)
    refold: Refold | None = None

    @classmethod
    def found(cls, customer_id: bytes, state: CustomerState) -> Customer:
        """A customer read from its row."""
        return cls(customer_id, state, is_new=False, before=msgspec.structs.replace(state))

    @classmethod
    def made(cls, customer_id: bytes, place: Place) -> Customer:
        """A customer that this transaction makes."""
        state = CustomerState(made=place)
        return cls(customer_id, state, is_new=True, before=CustomerState(made=place))

    @property
    def known(self) -> bool:
        """Whether it owns a user id."""
        return any(owned.kind == "user_id" for owned in self.state.identifiers)


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(CustomerState)


def encode_state(state: CustomerState) -> bytes:
    """The bytes of the `state` column."""
    return _encoder.encode(state)


def decode_state(value: bytes) -> CustomerState:
    """The state of a `state` column."""
    return _decoder.decode(value)
