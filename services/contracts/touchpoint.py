"""The touchpoint record: what ingest publishes and journey_state reads (contract 4)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal
from zlib import crc32

import msgspec

Channel = Literal["website", "app", "email", "chatbot", "phone", "offline"]
Clock = Literal["ok", "corrected", "uncorrected", "clamped", "none"]
Call = Literal["track", "identify", "page", "screen", "group", "alias", "consent"]

CHANNELS: tuple[Channel, ...] = ("website", "app", "email", "chatbot", "phone", "offline")
CALLS: tuple[Call, ...] = ("track", "identify", "page", "screen", "group", "alias", "consent")
SCHEMA_VERSION = 1

EMPTY_OBJECT = msgspec.Raw(b"{}")

_FIRST_KINDS = ("user_id", "anonymous_id", "email", "phone")
_RANK = {kind: f"{n}" for n, kind in enumerate(_FIRST_KINDS)}


class Touchpoint(msgspec.Struct, kw_only=True, gc=False):
    """One event by one customer on one channel, as it stands on the topic.

    Times are RFC 3339 text as `times.format_time` writes it; `properties`, `traits` and `context`
    are the sender's JSON objects, forwarded as they came.
    """

    schema: int = SCHEMA_VERSION
    message_id: str
    source: str
    channel: Channel
    type: Call
    event: str
    occurred_at: str
    received_at: str
    original_timestamp: str | None = None
    sent_at: str | None = None
    clock: Clock = "none"
    zone: Literal["assumed"] | None = None
    identifiers: dict[str, str]
    previous_id: str | None = None
    group_id: str | None = None
    properties: msgspec.Raw = EMPTY_OBJECT
    traits: msgspec.Raw = EMPTY_OBJECT
    context: msgspec.Raw = EMPTY_OBJECT
    consent: dict[str, bool] | None = None
    bot: bool = False
    historical: bool = False
    # Only where it is so: the source demands a statement before anything is sent (semantics 8.2).
    consent_required: bool | msgspec.UnsetType = msgspec.UNSET


def kind_order(kind: str) -> str:
    """Sort key of an identifier kind: user_id, anonymous_id, email, phone, then others by name."""
    return _RANK.get(kind) or f"4{kind}"


def primary_identifier(identifiers: dict[str, str]) -> tuple[str, str]:
    """The first identifier in key order; `identifiers` must not be empty."""
    for kind in _FIRST_KINDS:
        if kind in identifiers:
            return kind, identifiers[kind]
    kind = min(identifiers)
    return kind, identifiers[kind]


def record_key(identifiers: dict[str, str]) -> bytes:
    """The Kafka key: `kind:value` of the primary identifier."""
    kind, value = primary_identifier(identifiers)
    return f"{kind}:{value}".encode()


def partition_of(key: bytes, partitions: int) -> int:
    """The partition of a key on the touchpoint topic: CRC-32 modulo the partition count.

    Ours on purpose instead of murmur2, which is pure Python in aiokafka; no other program
    produces to this topic.
    """
    return crc32(key) % partitions


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Touchpoint)


encode: Callable[[Touchpoint], bytes] = _encoder.encode
"""The record's value."""


def decode(value: bytes) -> Touchpoint:
    """The touchpoint of a record's value; raises `msgspec.ValidationError` or `DecodeError`."""
    return _decoder.decode(value)
