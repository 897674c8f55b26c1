"""Snowplow's tracker protocol: rows of texts, many in one body or one in a query."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

import msgspec

from services.ingest import answers
from services.ingest.json_rules import JsonLimits
from services.ingest.protocols.dialect import SDK_WORDS, Dialect, Head, Words, agent_of
from services.ingest.protocols.event import Parsed, Scalar
from services.ingest.protocols.rewriting import read_envelope, rewritten, rewritten_all
from services.ingest.protocols.snowplow_row import calls_of


class _App(msgspec.Struct):
    """Where trackers put what is the write key here."""

    aid: Scalar = None


_decode_app = msgspec.json.Decoder(_App).decode


def parse_post(body: bytes, head: Head, limits: JsonLimits) -> Parsed:
    """The rows in `data`. Raises RequestError."""
    envelope = read_envelope(body)
    rows = envelope.items("data")
    rewrite = partial(calls_of, limits=limits, agent=agent_of(head))
    events = rewritten_all(rows, limits, rewrite, is_whole=envelope.is_whole)
    return Parsed(events, write_key=_key_in(rows))


def parse_get(body: bytes, head: Head, limits: JsonLimits) -> Parsed:  # noqa: ARG001
    """The one row in the query."""
    row = {
        name.decode("utf-8", "replace"): values[0].decode("utf-8", "replace")
        for name, values in head.query.items()
    }
    rewrite = partial(calls_of, limits=limits, agent=agent_of(head))
    events = rewritten(0, msgspec.json.encode(row), limits, rewrite)
    return Parsed(events, write_key=row.get("aid"))


def _key_in(rows: Iterable[bytes]) -> Scalar:
    for row in rows:
        try:
            key = _decode_app(row).aid
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            continue
        if key:
            return key
    return None


# A row that is rejected will not be better for being sent again, and its neighbours are kept.
POST_WORDS = Words(lambda verdicts: answers.EMPTY, SDK_WORDS.failure, SDK_WORDS.strict)  # noqa: ARG005
GET_WORDS = Words(lambda verdicts: answers.PIXEL, SDK_WORDS.failure, SDK_WORDS.strict)  # noqa: ARG005
POST = Dialect("snowplow", "Rows of Snowplow's trackers in `data`", parse_post, POST_WORDS)
GET = Dialect("snowplow pixel", "A row of Snowplow's trackers", parse_get, GET_WORDS, "GET")
