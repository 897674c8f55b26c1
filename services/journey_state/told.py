"""What the output topics tell, as far as a rebuild must not tell it again."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from services.contracts.times import read_time
from services.journey_state.customer import CustomerState
from services.journey_state.publication import CUSTOMER_MERGED, CUSTOMER_STATE, TopicCode

SIGNAL_TYPE = "milepost.abandonment."
_COMMON = ("customer_id", "version", "journey", "definition", "published_at")

_encode = msgspec.json.Encoder(order="sorted").encode
_decode = msgspec.json.Decoder().decode


class Message(NamedTuple):
    """A record of an output topic, or on its way there; without a value: a tombstone."""

    topic: TopicCode
    customer_id: bytes
    ce_type: str
    value: bytes | None


@dataclass(slots=True)
class ToldSignal:
    """The newest record of a signal."""

    kind: str  # raised, reminded, recovered, retracted
    revision: int
    reminded: int
    published_at: int  # microseconds

    @property
    def state(self) -> str:
        """The state of the signal that subscribers know."""
        return "raised" if self.kind == "reminded" else self.kind


@dataclass(slots=True)
class ToldCustomer:
    """The newest snapshot of a customer, or whom it was merged into."""

    version: int
    digest: bytes = b""
    merged_into: bytes | None = None
    value: dict[str, Any] | None = None  # of customers whose row is lost


@dataclass(slots=True)
class Told:
    """What subscribers know. `lost`: customers without a row, of whom more is kept."""

    lost: set[bytes] = field(default_factory=set)
    signals: dict[str, ToldSignal] = field(default_factory=dict)
    customers: dict[bytes, ToldCustomer] = field(default_factory=dict)
    versions: dict[tuple[bytes, TopicCode], int] = field(default_factory=dict)
    put_back: set[str] = field(default_factory=set)  # signals, by id

    def take(self, message: Message) -> None:
        """Know of this message; what is no message of ours is passed over."""
        if message.value is None:
            self._take_tombstone(message)
            return
        with contextlib.suppress(msgspec.DecodeError, KeyError, TypeError, ValueError):
            value = _decode(message.value)
            version = int(value["version"])
            if message.topic is TopicCode.CUSTOMERS:
                self._take_customer(message, value, version)
                return
            if message.customer_id in self.lost:
                known = (message.customer_id, message.topic)
                self.versions[known] = max(version, self.versions.get(known, 0))
            if message.topic is TopicCode.SIGNALS:
                self._take_signal(message, value)

    def _take_tombstone(self, message: Message) -> None:
        known = self.customers.get(message.customer_id)
        if known is None or known.merged_into is None:
            self.customers.pop(message.customer_id, None)  # erased
        else:
            known.version += 1

    def _take_customer(self, message: Message, value: dict[str, Any], version: int) -> None:
        known = self.customers.get(message.customer_id)
        if known is None:
            known = self.customers[message.customer_id] = ToldCustomer(version)
        if version < known.version:
            return
        known.version = version
        if message.ce_type == CUSTOMER_MERGED:
            known.merged_into = UUID(value["to"]).bytes
        elif message.ce_type == CUSTOMER_STATE:
            known.merged_into = None
            known.digest = _digest(value)
            known.value = value if message.customer_id in self.lost else None

    def _take_signal(self, message: Message, value: dict[str, Any]) -> None:
        kind = message.ce_type.removeprefix(SIGNAL_TYPE).removesuffix(".v1")
        reminder = value.get("reminder") or {}
        at = read_time(value["published_at"])
        known = self.signals.get(value["signal_id"])
        if known is not None and at < known.published_at:
            return
        told = ToldSignal(kind, int(value["revision"]), int(reminder.get("n", 0)), at)
        self.signals[value["signal_id"]] = told

    def tells(self, signal_id: str, kind: str, revision: int, reminded: int) -> bool:
        """Whether a record says of the signal what would be said now."""
        known = self.signals.get(signal_id)
        if known is None or known.revision < revision:
            return False
        if kind == "reminded":
            return known.reminded >= reminded
        if kind == "raised":
            return known.kind != "retracted"
        return known.kind == kind

    def shows(self, customer_id: bytes, value: Mapping[str, Any]) -> bool:
        """Whether the newest snapshot of the customer says the same."""
        known = self.customers.get(customer_id)
        return known is not None and known.digest == _digest(_decode(_encode(value)))

    def count_on(self, customer_id: bytes, state: CustomerState) -> None:
        """Versions go on from the greatest that was told."""
        known = self.customers.get(customer_id)
        if known is not None:
            state.state_version = max(state.state_version, known.version)
        stages = self.versions.get((customer_id, TopicCode.STAGE_CHANGES), 0)
        state.stage_version = max(state.stage_version, stages)
        signals = self.versions.get((customer_id, TopicCode.SIGNALS), 0)
        state.signal_version = max(state.signal_version, signals)

    def now(self, customer_id: bytes) -> bytes:
        """Whom the id means, as far as merges were told."""
        seen: set[bytes] = set()
        while customer_id not in seen:
            seen.add(customer_id)
            known = self.customers.get(customer_id)
            customer_id = (known and known.merged_into) or customer_id
        return customer_id


def _digest(value: Mapping[str, Any]) -> bytes:
    said = {name: field for name, field in value.items() if name not in _COMMON}
    # That a window is over has no record of its own: the next snapshot shows it.
    said["signals"] = [
        one | {"state": "raised"} if one["state"] == "expired" else one for one in said["signals"]
    ]
    said["identifiers"] = sorted((one["kind"], one["value"]) for one in said["identifiers"])
    return blake2b(_encode(said), digest_size=8).digest()
