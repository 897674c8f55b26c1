"""Where a request may carry its write key, in the order that decides (contract 3)."""

from __future__ import annotations

import base64
import binascii
from functools import lru_cache
from urllib.parse import parse_qs

from services.ingest.protocols.dialect import Query
from services.ingest.protocols.event import Parsed, text_of
from services.ingest.sources import KEY_PATTERN

QUERY_FIELDS_MAX = 100
# Senders repeat the same header with each request; longer ones hold no key of ours.
HEADERS_CACHED_MAX = 1024
CACHED_HEADER_BYTES_MAX = 256


def read_query(query_string: bytes) -> Query:
    """The fields of a query string; those beyond reason are not read."""
    if not query_string:
        return {}
    try:
        # Latin-1 both ways: the parser knows text only, and every byte is to come out as it was.
        fields = parse_qs(
            query_string.decode("latin-1"), encoding="latin-1", max_num_fields=QUERY_FIELDS_MAX
        )
    except ValueError:
        return {}
    return {
        name.encode("latin-1"): [value.encode("latin-1") for value in values]
        for name, values in fields.items()
    }


def key_of(headers: dict[bytes, bytes], query: Query, parsed: Parsed) -> bytes:
    """The first key that is there: header, Basic, Bearer, query, body, event; else empty."""
    stated = headers.get(b"authorization", b"")
    read = _cached_key if len(stated) <= CACHED_HEADER_BYTES_MAX else _authorization_key
    return (
        headers.get(b"x-write-key", b"").strip()
        or read(stated)
        or query.get(b"writeKey", [b""])[0]
        or _body_key(parsed)
    )


def _authorization_key(value: bytes) -> bytes:
    scheme, _, credentials = value.partition(b" ")
    match scheme.lower():
        case b"basic":
            try:
                return base64.b64decode(credentials.strip(), validate=True).partition(b":")[0]
            except binascii.Error:
                return b""
        case b"bearer":
            # SDKs in OAuth mode put a token there and the key in the body.
            token = credentials.strip()
            return token if KEY_PATTERN.fullmatch(token) else b""
        case _:
            return b""


_cached_key = lru_cache(HEADERS_CACHED_MAX)(_authorization_key)


def _body_key(parsed: Parsed) -> bytes:
    if key := text_of(parsed.write_key):
        return key.encode()
    for incoming in parsed.events:
        if incoming.event is not None and (key := text_of(incoming.event.write_key)):
            return key.encode()
    return b""
