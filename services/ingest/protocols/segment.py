"""Segment's HTTP tracking API, as its SDKs and those of RudderStack speak it."""

from __future__ import annotations

import msgspec

from services.contracts.touchpoint import EMPTY_OBJECT
from services.ingest.errors import Fault, RequestError
from services.ingest.json_rules import JsonLimits, is_plain, structure_fault, value_fault
from services.ingest.json_split import items_of, malformed, members_of
from services.ingest.protocols.dialect import Dialect, Head
from services.ingest.protocols.event import Incoming, Parsed, Scalar, read_event, read_plain_events

CALLS = ("track", "identify", "page", "screen", "group", "alias")
_ENVELOPE_FIELDS = (b"sentAt", b"writeKey")


class Envelope(msgspec.Struct, rename="camel", gc=False):
    """What stands around the events of one request; `events` is the native name of the list."""

    batch: list[msgspec.Raw] | None = None
    events: list[msgspec.Raw] | None = None
    sent_at: Scalar = None
    write_key: Scalar = None
    context: msgspec.Raw = EMPTY_OBJECT


_decode_envelope = msgspec.json.Decoder(Envelope).decode
_decode_scalar = msgspec.json.Decoder(Scalar).decode


def parse_single(body: bytes, head: Head, limits: JsonLimits) -> Parsed:  # noqa: ARG001
    """A body that is one event; its call is in the path. Raises RequestError."""
    return single(read_event(0, body, limits, plain=is_plain(body)))


def single(incoming: Incoming) -> Parsed:
    """A body that is the event `incoming`, which then is its own envelope."""
    event = incoming.event
    if event is None:
        if incoming.fault is not None and (
            incoming.fault.code == "malformed_json" or incoming.raw.strip()[:1] != b"{"
        ):
            raise malformed(incoming.fault.message)
        return Parsed([incoming], write_key=_key_in(incoming.raw))
    return Parsed([incoming], event.sent_at, event.write_key)


def parse_batch(body: bytes, head: Head, limits: JsonLimits) -> Parsed:  # noqa: ARG001
    """A body `{"batch": [...]}`. Raises RequestError."""
    return parse_envelope(body, limits, "batch")


def parse_envelope(body: bytes, limits: JsonLimits, field: str) -> Parsed:
    """The events under `field` of the body's object. Raises RequestError."""
    plain = is_plain(body)
    try:
        envelope = _decode_envelope(body)
    except msgspec.ValidationError as error:
        raise RequestError("invalid_body", f"the body must be an object: {error}") from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _parse_slowly(body, limits, field)
    raws: list[msgspec.Raw] | None = getattr(envelope, field)
    if raws is None:
        raise RequestError("invalid_body", f"the body must have the events in a list {field!r}")
    events = read_events([bytes(raw) for raw in raws], limits, plain=plain)
    if envelope.context is not EMPTY_OBJECT:
        events = _sharing(bytes(envelope.context), events, limits)
    return Parsed(events, envelope.sent_at, envelope.write_key, envelope.context)


def read_events(raws: list[bytes], limits: JsonLimits, *, plain: bool) -> list[Incoming]:
    """Each of the events, read by itself."""
    if plain:
        return read_plain_events(raws, limits)
    return [read_event(index, raw, limits, plain=False) for index, raw in enumerate(raws)]


def read_events_apart(raws: list[bytes], limits: JsonLimits) -> list[Incoming]:
    """The events of a body that could not be read as a whole.

    Raises RequestError when it is no JSON even but for the values that are told by name.
    """
    events = read_events(raws, limits, plain=False)
    for incoming in events:
        if incoming.fault is not None and incoming.fault.code == "malformed_json":
            raise malformed(f"event {incoming.position}: {incoming.fault.message}")
    return events


def _sharing(context: bytes, events: list[Incoming], limits: JsonLimits) -> list[Incoming]:
    """The events, each with the fault of the context that all share, if that has one.

    It is held to the limits of an event, for it becomes a part of each. Raises RequestError.
    """
    fault = _context_fault(context, limits)
    if fault is None:
        return events
    return [
        one if one.event is None else Incoming(one.position, one.raw, None, fault) for one in events
    ]


def _context_fault(context: bytes, limits: JsonLimits) -> Fault | None:
    fault = (structure_fault if is_plain(context) else value_fault)(context, limits)
    if fault is None:
        try:
            msgspec.json.decode(context)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            fault = value_fault(context, limits)
            if fault is None:
                raise malformed(f"the context: {error}") from None
    return fault and Fault(fault.code, f"the context around the events: {fault.message}")


def _parse_slowly(body: bytes, limits: JsonLimits, field: str) -> Parsed:
    members = members_of(body)
    if field.encode() not in members:
        raise RequestError("invalid_body", f"the body must have the events in a list {field!r}")
    events = read_events_apart(items_of(members[field.encode()]), limits)
    context = members.get(b"context", b"{}")
    events = _sharing(context, events, limits)
    sent_at, write_key = (_scalar(members.get(name, b"null")) for name in _ENVELOPE_FIELDS)
    return Parsed(events, sent_at, write_key, msgspec.Raw(context))


def _key_in(raw: bytes) -> Scalar:
    """The key that a faulty event carries, so that the sender is told of the fault."""
    try:
        return _scalar(members_of(raw).get(b"writeKey", b"null"))
    except RequestError:
        return None


def _scalar(raw: bytes) -> Scalar:
    try:
        value: Scalar = _decode_scalar(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return value


SINGLE = Dialect("segment single", "One {} call", parse_single)
BATCH = Dialect("segment batch", "Several calls in `batch`", parse_batch)
DROPPED = Dialect("dropped", "Taken and dropped: what SDKs measure of themselves", None)
