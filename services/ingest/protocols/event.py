"""An event as senders write it, in the field names that all Segment-like dialects share."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from services.contracts.touchpoint import EMPTY_OBJECT
from services.ingest.errors import EventError, Fault
from services.ingest.json_rules import (
    JsonLimits,
    is_plain,
    small_bytes,
    structure_fault,
    value_fault,
)

Scalar = str | int | float | bool | None


class Event(msgspec.Struct, rename="camel", gc=False):
    """What a sender said, unchecked but for JSON types; objects stay the sender's bytes."""

    type: Scalar = None
    event: Scalar = None
    message_id: Scalar = None
    user_id: Scalar = None
    anonymous_id: Scalar = None
    previous_id: Scalar = None
    group_id: Scalar = None
    timestamp: Scalar = None
    original_timestamp: Scalar = None
    sent_at: Scalar = None
    name: Scalar = None
    category: Scalar = None
    channel: Scalar = None
    historical: Scalar = None
    write_key: Scalar = None
    properties: msgspec.Raw = EMPTY_OBJECT
    traits: msgspec.Raw = EMPTY_OBJECT
    context: msgspec.Raw = EMPTY_OBJECT
    identifiers: msgspec.Raw = EMPTY_OBJECT


class Incoming(msgspec.Struct, frozen=True, gc=False):
    """One event of a body: its place there, its bytes, and what it says or why it says nothing.

    `bot`: the dialect itself knows that no person did it. `canonical`: a dialect's event in
    Segment's fields, from which an id is derived where it has none. `clock_is_true`: its time
    comes from a clock that is right, whatever the one that sent it says.
    """

    position: int
    raw: bytes
    event: Event | None
    fault: Fault | None
    bot: bool = False
    canonical: bytes = b""
    clock_is_true: bool = False


class Parsed(msgspec.Struct, frozen=True, gc=False):
    """A body, read: its events and what the envelope around them says for all."""

    events: list[Incoming]
    sent_at: Scalar = None
    write_key: Scalar = None
    context: msgspec.Raw = EMPTY_OBJECT


_decode = msgspec.json.Decoder(Event).decode


def read_event(position: int, raw: bytes, limits: JsonLimits, *, plain: bool) -> Incoming:
    """One event from its own bytes; `plain` when the body is known to hold only plain values."""
    look = structure_fault if plain or is_plain(raw) else value_fault
    fault = look(raw, limits)
    if fault is not None:
        return Incoming(position, raw, None, fault)
    try:
        return Incoming(position, raw, _decode(raw), None)
    except msgspec.ValidationError as error:
        return Incoming(position, raw, None, _type_fault(raw, error))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        reason = value_fault(raw, limits) or Fault("malformed_json", f"not valid JSON: {error}")
        return Incoming(position, raw, None, reason)


def read_plain_events(raws: Sequence[bytes], limits: JsonLimits) -> list[Incoming]:
    """As `read_event` does each, in line for those so small that no limit can be passed."""
    length_max, depth_max = small_bytes(limits), limits.depth_max
    events = []
    for position, raw in enumerate(raws):
        if len(raw) <= length_max and raw.count(b"{") + raw.count(b"[") <= depth_max:
            try:
                events.append(Incoming(position, raw, _decode(raw), None))
                continue
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
                pass  # `read_event` says why
        events.append(read_event(position, raw, limits, plain=True))
    return events


def _type_fault(raw: bytes, error: msgspec.ValidationError) -> Fault:
    if raw.lstrip()[:1] != b"{":
        return Fault("invalid_event", "an event must be a JSON object")
    return Fault("invalid_field", str(error))


def text_of(value: Scalar) -> str | None:
    """The text of an id or option field; None, `""` and missing are the same, numbers are text."""
    if isinstance(value, str):
        return value or None
    if value is None or isinstance(value, bool):
        return None
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def object_of(raw: msgspec.Raw, field: str) -> bytes:
    """The bytes of an object field, `{}` for null; raises EventError for anything else."""
    if raw is EMPTY_OBJECT:
        return b"{}"
    data = bytes(raw)
    if data[:1] == b"{":
        return data
    if data in (b"null", b'""'):
        return b"{}"
    raise EventError("invalid_field", f"{field} must be a JSON object")
