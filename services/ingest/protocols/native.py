"""Milepost's own dialect: Segment's fields as one object, a list, an envelope, NDJSON or CSV."""

from __future__ import annotations

import msgspec

from services.ingest.json_rules import JsonLimits, is_plain
from services.ingest.json_split import items_of, members_of
from services.ingest.protocols.csv_table import parse_table
from services.ingest.protocols.dialect import NATIVE_WORDS, Dialect, Head
from services.ingest.protocols.event import Parsed, read_event
from services.ingest.protocols.segment import (
    parse_envelope,
    read_events,
    read_events_apart,
    single,
)

NDJSON_TYPES = (b"application/x-ndjson", b"application/ndjson", b"application/jsonl")
CSV_TYPE = b"text/csv"

_decode_list = msgspec.json.Decoder(list[msgspec.Raw]).decode


class _Shape(msgspec.Struct, gc=False):
    """Whether an object is an envelope."""

    events: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET


_decode_shape = msgspec.json.Decoder(_Shape).decode


def parse(body: bytes, head: Head, limits: JsonLimits) -> Parsed:
    """The events of a body, in the format its content type names. Raises RequestError."""
    media_type = head.headers.get(b"content-type", b"").partition(b";")[0].strip().lower()
    if media_type in NDJSON_TYPES:
        return _parse_lines(body, limits)
    if media_type == CSV_TYPE:
        return parse_table(body, limits)
    body = body.strip()
    if body[:1] == b"[":
        return _parse_list(body, limits)
    if b'"events"' in body and _is_envelope(body):
        return parse_envelope(body, limits, "events")
    return single(read_event(0, body, limits, plain=is_plain(body)))


def _parse_list(body: bytes, limits: JsonLimits) -> Parsed:
    plain = is_plain(body)
    try:
        raws = [bytes(raw) for raw in _decode_list(body)]
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return Parsed(read_events_apart(items_of(body), limits))
    return Parsed(read_events(raws, limits, plain=plain))


def _parse_lines(body: bytes, limits: JsonLimits) -> Parsed:
    plain = is_plain(body)
    lines = enumerate(body.split(b"\n"))
    return Parsed(
        [read_event(n, line.strip(), limits, plain=plain) for n, line in lines if line.strip()]
    )


def _is_envelope(body: bytes) -> bool:
    try:
        return _decode_shape(body).events is not msgspec.UNSET
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return b"events" in members_of(body)


DIALECT = Dialect("native", "Send events; each gets its verdict", parse, NATIVE_WORDS)
