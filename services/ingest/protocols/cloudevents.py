"""CloudEvents 1.0 over HTTP: structured, in batches, and binary."""

from __future__ import annotations

import base64
from typing import Any
from urllib.parse import unquote

import msgspec

from services.ingest import answers
from services.ingest.answers import Answer
from services.ingest.errors import EventError, RequestError
from services.ingest.json_rules import JsonLimits
from services.ingest.json_split import malformed
from services.ingest.protocols.dialect import NATIVE_WORDS, Dialect, Head, Headers
from services.ingest.protocols.event import Incoming, Parsed
from services.ingest.protocols.rewriting import (
    Document,
    list_items,
    object_in,
    read_json,
    rewritten,
    rewritten_all,
    text_in,
    without_empty,
)

_STRUCTURED, _BATCH = "application/cloudevents", "application/cloudevents-batch"
_REQUIRED = ("id", "source", "type")
_VERSION = "1.0"
# Said in the fields of a call; any other attribute is in `context.cloudevent`.
_PLACED = ("specversion", "id", "type", "subject", "time", "data", "data_base64", "anonymousid")


def parse(body: bytes, head: Head, limits: JsonLimits) -> Parsed:
    """The events of a body in the mode that its headers name. Raises RequestError."""
    media_type = head.headers.get(b"content-type", b"").decode("latin-1")
    media, _, format_ = media_type.partition(";")[0].strip().lower().partition("+")
    if media in (_STRUCTURED, _BATCH):
        if format_ not in ("", "json"):
            raise RequestError("unsupported_format", f"{format_[:20]!r} is not taken; send JSON")
        raws = [body] if media == _STRUCTURED else list_items(body)
        return Parsed(rewritten_all(raws, limits, call_of, is_whole=False))
    if b"ce-specversion" in head.headers:
        return Parsed(_binary(body, media_type, head.headers, limits))
    if body.lstrip()[:1] == b"[":
        return Parsed(rewritten_all(list_items(body), limits, call_of, is_whole=False))
    return Parsed(rewritten_all([body], limits, call_of, is_whole=False))


def call_of(event: Document) -> Document:
    """The event as a track call named by its type. Raises EventError."""
    if event.get("specversion") != _VERSION:
        raise EventError("invalid_event", f"a CloudEvent needs the specversion {_VERSION!r}")
    for name in _REQUIRED:
        if not isinstance(event.get(name), str) or not event[name].strip():
            raise EventError("invalid_event", f"a CloudEvent needs a text in {name!r}")
    others = {name: value for name, value in event.items() if name not in _PLACED}
    return without_empty(
        {
            "type": "track",
            "event": event["type"],
            "messageId": f"{event['source']}#{event['id']}",
            "userId": text_in(event, "subject"),
            "anonymousId": text_in(event, "anonymousid"),
            "timestamp": event.get("time"),
            "properties": _properties_of(event),
            "context": {"cloudevent": without_empty(others)},
        }
    )


def _properties_of(event: Document) -> Document:
    if "data_base64" in event:
        return {"data_base64": event["data_base64"]}
    if isinstance(event.get("data"), dict):
        return object_in(event, "data")
    return without_empty({"data": event.get("data")})


def _binary(body: bytes, media_type: str, headers: Headers, limits: JsonLimits) -> list[Incoming]:
    """The event whose attributes are headers and whose data is the body."""
    event: dict[str, Any] = {
        name[3:].decode("latin-1"): unquote(value.decode("latin-1"))
        for name, value in headers.items()
        if name.startswith(b"ce-")
    }
    try:
        event |= _data_of(body, media_type, limits)
    except EventError as error:
        if error.fault.code == "malformed_json":
            raise malformed(error.fault.message) from None
        return [Incoming(0, body, None, error.fault)]
    return rewritten(0, msgspec.json.encode(event), limits, call_of)


def _data_of(body: bytes, media_type: str, limits: JsonLimits) -> Document:
    """JSON as it is, other text as text, anything else as base64. Raises EventError."""
    media = media_type.partition(";")[0].strip().lower()
    if not body:
        return {}
    if media.endswith(("/json", "+json")) or (not media and body.lstrip()[:1] in b"{["):
        return {"data": read_json(body, limits)}
    stated = {"datacontenttype": media_type} if media else {}
    try:
        return stated | {"data": body.decode()}
    except UnicodeDecodeError:
        return stated | {"data_base64": base64.b64encode(body).decode()}


def handshake(headers: Headers) -> Answer | None:
    """The consent to receive that a webhook's sender asks for; None when nobody asks.

    It grants nothing: each request still needs a write key.
    """
    origin = headers.get(b"webhook-request-origin")
    if origin is None:
        return None
    return answers.nothing(
        (b"allow", b"POST, OPTIONS"),
        (b"webhook-allowed-origin", origin),
        (b"webhook-allowed-rate", b"*"),
    )


DIALECT = Dialect(
    "cloudevents",
    "CloudEvents, structured, batch or binary; each gets its verdict",
    parse,
    NATIVE_WORDS,
    handshake=handshake,
)
