"""Pixels: a call in the query of an image, which is always there (contract 3)."""

from __future__ import annotations

import msgspec

from services.ingest import answers
from services.ingest.errors import EventError
from services.ingest.json_rules import JsonLimits, is_plain
from services.ingest.protocols.columns import ColumnError, column_of, nested, require_apart
from services.ingest.protocols.dialect import Dialect, Head, Query, Words, agent_of
from services.ingest.protocols.event import Event, Incoming, Parsed, read_event
from services.ingest.protocols.rewriting import Document, from_base64, read_json

_FIELDS = frozenset(Event.__struct_encode_fields__) - {"writeKey"}


def parse(body: bytes, head: Head, limits: JsonLimits) -> Parsed:  # noqa: ARG001
    """The one event of a pixel: JSON as base64 in `data`, else a field per parameter."""
    raw = _shown(head.query)
    try:
        said = _event_of(head, limits)
    except EventError as error:
        return Parsed([Incoming(0, raw, None, error.fault)])
    again = msgspec.json.encode(said)
    incoming = read_event(0, again, limits, plain=is_plain(again))
    event = incoming.event
    key = event.write_key if event is not None else None
    return Parsed([msgspec.structs.replace(incoming, raw=raw, canonical=again)], write_key=key)


def _event_of(head: Head, limits: JsonLimits) -> Document:
    data = head.query.get(b"data", [b""])[0]
    said = _from_data(data, limits) if data else _from_fields(head.query)
    return _with_user_agent(said, head)


def _from_data(data: bytes, limits: JsonLimits) -> Document:
    said = read_json(from_base64(data), limits)
    if isinstance(said, dict):
        return said
    raise EventError("invalid_event", "`data` must be a JSON object as base64")


def _with_user_agent(said: Document, head: Head) -> Document:
    """The event with the browser that asked, unless it names one: crawlers load images too."""
    agent = agent_of(head)
    context = said.get("context") or {}
    if not agent or not isinstance(context, dict) or context.get("userAgent"):
        return said
    return said | {"context": context | {"userAgent": agent}}


def _from_fields(query: Query) -> Document:
    """Parameters that are no field of an event, such as one against caches, mean nothing."""
    try:
        said = {name.decode(): values[0].decode() for name, values in query.items()}
        cells = [
            (column_of(name, _FIELDS), text)
            for name, text in said.items()
            if name.partition(":")[0].partition(".")[0] in _FIELDS
        ]
        require_apart(column for column, _ in cells)
        return nested(cells)
    except UnicodeDecodeError:
        raise EventError("invalid_utf8", "the query is not UTF-8") from None
    except ColumnError as error:
        raise EventError("invalid_field", str(error)) from None


def _shown(query: Query) -> bytes:
    """The query as an object of texts, to be read by people should the event be rejected."""
    return msgspec.json.encode(
        {
            name.decode("utf-8", "replace"): values[0].decode("utf-8", "replace")
            for name, values in query.items()
            if name != b"writeKey"
        }
    )


WORDS = Words(
    success=lambda verdicts: answers.PIXEL,  # noqa: ARG005
    failure=lambda error: answers.PIXEL,  # noqa: ARG005
    strict=lambda verdicts: answers.PIXEL,  # noqa: ARG005
)
DIALECT = Dialect("pixel", "One {} call in an image; always the image", parse, WORDS, "GET")
