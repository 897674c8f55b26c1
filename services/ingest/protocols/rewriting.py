"""Events of other dialects, said again in Segment's fields and held to the same limits."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import msgspec

from services.ingest.errors import EventError, Fault, RequestError, too_many_events
from services.ingest.json_rules import JsonLimits, is_plain, structure_fault, value_fault
from services.ingest.json_split import items_of, malformed, members_of
from services.ingest.protocols.event import Incoming, Scalar, read_event

Document = dict[str, Any]
Rewrite = Callable[[Document], Document | list[Document]]

# Beside Segment's fields a call may have this one, for `Incoming.clock_is_true`.
CLOCK_IS_TRUE = "clock_is_true"

# Products of one event that become calls of their own, each with all that they share: beyond, a
# small body would grow to a large one.
PRODUCTS_APART_MAX = 20

_encode = msgspec.json.encode
_members = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_items = msgspec.json.Decoder(list[msgspec.Raw]).decode
_UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
_NUMBER = re.compile(r"-?\d{1,15}(?:\.\d{1,15})?")
_STANDARD = bytes.maketrans(b"-_", b"+/")


class Envelope(NamedTuple):
    """The members of a body's object, unread; `is_whole` when all of it is readable JSON."""

    members: dict[str, bytes]
    is_whole: bool

    def scalar(self, name: str) -> Scalar:
        """The text or number under a name; None when there is none, or it cannot be read."""
        try:
            value = msgspec.json.decode(self.members.get(name, b"null"))
        except _UNREADABLE:
            return None
        return value if isinstance(value, str | int | float) else None

    def items(self, name: str) -> list[bytes]:
        """The elements of the list under a name, unread. Raises RequestError."""
        raw = self.members.get(name)
        if raw is None or raw.lstrip()[:1] != b"[":
            raise RequestError("invalid_body", f"the body must have the events in a list {name!r}")
        return list_items(raw)


def read_envelope(body: bytes) -> Envelope:
    """The body's object. Raises RequestError when the body is none."""
    try:
        return Envelope({name: bytes(raw) for name, raw in _members(body).items()}, is_whole=True)
    except msgspec.ValidationError:
        raise RequestError("invalid_body", "the body must be a JSON object") from None
    except _UNREADABLE:
        members = members_of(body)
    named = {name.decode("utf-8", "replace"): raw for name, raw in members.items()}
    return Envelope(named, is_whole=False)


def list_items(raw: bytes) -> list[bytes]:
    """The elements of a JSON list, unread. Raises RequestError."""
    try:
        return [bytes(item) for item in _items(raw)]
    except _UNREADABLE:
        return items_of(raw)


def rewritten_all(
    raws: Sequence[bytes], limits: JsonLimits, rewrite: Rewrite, *, is_whole: bool
) -> list[Incoming]:
    """Each of a body's events by itself.

    Raises RequestError when they are too many, or one of them is no JSON at all.
    """
    if len(raws) > limits.events_max:
        # Before they are said again with all that they share, which may be much more.
        raise too_many_events(len(raws), limits.events_max)
    events = [one for n, raw in enumerate(raws) for one in rewritten(n, raw, limits, rewrite)]
    for incoming in events:
        fault = incoming.fault
        if not is_whole and fault is not None and fault.code == "malformed_json":
            raise malformed(f"event {incoming.position}: {fault.message}")
    return events


def rewritten(position: int, raw: bytes, limits: JsonLimits, rewrite: Rewrite) -> list[Incoming]:
    """The event in `raw`, a JSON object, as `rewrite` puts it into one or more Segment calls.

    `rewrite` may raise EventError; its event alone is then rejected, with `raw` as its bytes.
    """
    try:
        calls = rewrite(as_object(read_json(raw, limits), "an event"))
    except EventError as error:
        return [Incoming(position, raw, None, error.fault)]
    said = calls if isinstance(calls, list) else [calls]
    return [_again(position, raw, call, limits) for call in said]


def _again(position: int, raw: bytes, call: Document, limits: JsonLimits) -> Incoming:
    is_true = call.pop(CLOCK_IS_TRUE, False)
    canonical = _encode(call)
    # What the sender wrote was held to the limits; Segment's form of it may be somewhat larger.
    wider = JsonLimits(2 * limits.event_bytes_max, 2 * limits.depth_max, 2 * limits.keys_max)
    incoming = read_event(position, canonical, wider, plain=is_plain(canonical))
    return msgspec.structs.replace(incoming, raw=raw, canonical=canonical, clock_is_true=is_true)


def read_json(raw: bytes, limits: JsonLimits) -> Any:
    """What stands in `raw`. Raises EventError for what is no JSON, or beyond the limits."""
    look = structure_fault if is_plain(raw) else value_fault
    fault = look(raw, limits)
    if fault is not None:
        raise EventError(*fault)
    try:
        return msgspec.json.decode(raw)
    except _UNREADABLE as error:
        reason = value_fault(raw, limits) or Fault("malformed_json", f"not valid JSON: {error}")
        raise EventError(*reason) from None


def as_object(value: Any, what: str) -> Document:
    """The value, which must be an object. Raises EventError."""
    if isinstance(value, dict):
        return value
    raise EventError("invalid_event", f"{what} must be a JSON object")


def object_in(document: Document, name: str) -> Document:
    """The object under a name; empty when there is none. Raises EventError for anything else."""
    value = document.get(name)
    if value is None or value == "":
        return {}
    if isinstance(value, dict):
        return value
    raise EventError("invalid_field", f"{name} must be a JSON object")


def text_in(document: Document, name: str) -> str | None:
    """The text under a name, a number as text; None when there is neither."""
    value = document.get(name)
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    return str(value) or None


def from_base64(text: bytes) -> bytes:
    """The bytes in base64, its URL-safe form too, padded or not. Raises EventError."""
    tidy = text.strip().replace(b" ", b"+").translate(_STANDARD).rstrip(b"=")
    try:
        return base64.b64decode(tidy + b"=" * (-len(tidy) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise EventError("invalid_encoding", "a value that should be base64 is not") from None


def without_empty(document: Document) -> Document:
    """The members that say something: neither null nor an empty object."""
    return {name: value for name, value in document.items() if value is not None and value != {}}


def renamed(document: Document, names: dict[str, str], dropped: Iterable[str] = ()) -> Document:
    """The members that say something, under Segment's names where `names` has one."""
    gone = set(dropped)
    return {
        names.get(name, name): value
        for name, value in document.items()
        if value is not None and name not in gone
    }


def number_in(document: Document, name: str) -> int | float | str | None:
    """The number under a name, also one written as text; other text as it is."""
    value = document.get(name)
    if isinstance(value, str) and _NUMBER.fullmatch(value):
        return float(value) if "." in value else int(value)
    return None if isinstance(value, bool) or not isinstance(value, str | int | float) else value


def about_products(shared: Document, products: list[Document], *, apart: bool) -> list[Document]:
    """The properties of a call about all the products, or if `apart` of one for each of them."""
    if apart and 0 < len(products) <= PRODUCTS_APART_MAX:
        return [shared | product for product in products]
    return [shared | ({"products": products} if products else {})]
