"""Events of other dialects, said again in Segment's fields and held to the same limits."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from typing import Any

import msgspec

from services.ingest.errors import EventError, Fault
from services.ingest.json_rules import JsonLimits, is_plain, structure_fault, value_fault
from services.ingest.protocols.event import Incoming, read_event

Document = dict[str, Any]
Rewrite = Callable[[Document], Document]

_encode = msgspec.json.encode


def rewritten(position: int, raw: bytes, limits: JsonLimits, rewrite: Rewrite) -> Incoming:
    """The event in `raw`, a JSON object, as `rewrite` puts it into Segment's fields.

    `rewrite` may raise EventError; its event alone is then rejected, with `raw` as its bytes.
    """
    try:
        said = as_object(read_json(raw, limits), "an event")
        again = _encode(rewrite(said))
    except EventError as error:
        return Incoming(position, raw, None, error.fault)
    incoming = read_event(position, again, limits, plain=is_plain(again))
    return incoming._replace(raw=raw, canonical=again)


def read_json(raw: bytes, limits: JsonLimits) -> Any:
    """What stands in `raw`. Raises EventError for what is no JSON, or beyond the limits."""
    look = structure_fault if is_plain(raw) else value_fault
    fault = look(raw, limits)
    if fault is not None:
        raise EventError(*fault)
    try:
        return msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
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
    return {} if value is None or value == "" else as_object(value, name)


def text_in(document: Document, name: str) -> str | int | float | None:
    """The text or number under a name, else None."""
    value = document.get(name)
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    return value


def from_base64(text: bytes) -> bytes:
    """The bytes in base64, its URL-safe form too, padded or not. Raises EventError."""
    tidy = text.strip().replace(b" ", b"+").translate(_STANDARD).rstrip(b"=")
    try:
        return base64.b64decode(tidy + b"=" * (-len(tidy) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise EventError("invalid_encoding", "a value that should be base64 is not") from None


def without_empty(document: Document) -> Document:
    """The members that say something: neither null nor an empty object."""
    return {name: value for name, value in document.items() if value not in (None, {})}


_STANDARD = bytes.maketrans(b"-_", b"+/")
