"""PostHog's capture API: what its SDKs post as JSON, as a form, or compressed in their own way."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from functools import partial

import msgspec

from services.ingest import answers
from services.ingest.answers import Answer
from services.ingest.errors import EventError, RequestError
from services.ingest.json_rules import JsonLimits
from services.ingest.json_split import malformed
from services.ingest.protocols.dialect import SDK_WORDS, Dialect, Head, Words, agent_of
from services.ingest.protocols.epoch import time_text
from services.ingest.protocols.event import Parsed, Scalar
from services.ingest.protocols.posthog_event import Sender, call_of
from services.ingest.protocols.rewriting import (
    Envelope,
    from_base64,
    list_items,
    read_envelope,
    rewritten_all,
)
from services.ingest.translate import Verdict
from services.ingest.write_key import read_query

_KEYS = ("api_key", "token")
_SENT = (b"sent_at", b"_")
_KNOWN = (b"", b"base64", b"gzip", b"gzip-js")  # gzip is undone already, known by its first bytes


class _Token(msgspec.Struct):
    token: Scalar = None


class _Keyed(msgspec.Struct):
    """Where an event itself carries the key."""

    api_key: Scalar = None
    token: Scalar = None
    properties: _Token = msgspec.field(default_factory=_Token)


class _Named(msgspec.Struct):
    uuid: str | None = None


_decode_keyed = msgspec.json.Decoder(_Keyed).decode
_decode_named = msgspec.json.Decoder(_Named).decode


def parse(body: bytes, head: Head, limits: JsonLimits) -> Parsed:
    """One event, a list of them, or `{"batch": [...]}`. Raises RequestError."""
    document = _document_in(body, head)
    if document.lstrip()[:1] == b"[":
        envelope, raws = Envelope({}, is_whole=False), list_items(document.strip())
    else:
        envelope = read_envelope(document)
        raws = envelope.items("batch") if "batch" in envelope.members else [document]
    rewrite = partial(call_of, sender=Sender(agent_of(head), head.head_at))
    events = rewritten_all(raws, limits, rewrite, is_whole=envelope.is_whole)
    return Parsed(events, _sent_at(envelope, head), _key_in(envelope, raws, head))


def _document_in(body: bytes, head: Head) -> bytes:
    """The JSON in a body, out of its form and its encoding. Raises RequestError."""
    compression = head.query.get(b"compression", [b""])[0]
    if body.startswith((b"data=", b"compression=")):
        form = read_query(body)
        compression = form.get(b"compression", [compression])[0]
        body = form.get(b"data", [b""])[0]
    if compression not in _KNOWN:
        shown = compression[:40].decode("latin-1")
        raise RequestError(
            "unsupported_encoding", f"compression {shown!r} is not taken; use gzip-js or base64"
        )
    # SDKs name an encoding in the address and then send without it when they could not use it.
    if body.lstrip()[:1] in (b"{", b"["):
        return body
    try:
        return from_base64(body)
    except EventError:
        raise malformed("it is neither an object nor a list, nor base64 of one") from None


def _sent_at(envelope: Envelope, head: Head) -> Scalar:
    """When it was sent: in the envelope, in the newer API's header, in the query as a number."""
    if sent := envelope.scalar("sent_at"):
        return sent
    if header := head.headers.get(b"posthog-request-timestamp"):
        return header.decode("latin-1")
    for name in _SENT:
        with contextlib.suppress(EventError):
            if number := head.query.get(name, [b""])[0].decode("latin-1"):
                return time_text(number, "ms")
    return None


def _key_in(envelope: Envelope, raws: Sequence[bytes], head: Head) -> Scalar:
    """The key in the body, in an event, in the query."""
    for name in _KEYS:
        if key := envelope.scalar(name):
            return key
    for raw in raws:
        with contextlib.suppress(msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            said = _decode_keyed(raw)
            if key := said.api_key or said.token or said.properties.token:
                return key
    return next(
        (
            head.query[name.encode()][0].decode("latin-1")
            for name in _KEYS
            if name.encode() in head.query
        ),
        None,
    )


def _success(verdicts: Sequence[Verdict]) -> Answer:
    if len(verdicts) == 1 and (fault := verdicts[0].fault):
        return answers.sdk_refusal(fault)
    return answers.json_answer({"status": "Ok"})


def _results(verdicts: Sequence[Verdict]) -> Answer:
    """What became of each event, by its `uuid`."""
    results = {}
    for verdict in verdicts:
        if uuid := _uuid_of(verdict):
            fault = verdict.fault
            results[uuid] = (
                {"result": "ok"}
                if fault is None
                else {
                    "result": "drop",
                    "details": f"{fault.code}: {fault.message}",
                }
            )
    return answers.json_answer({"results": results})


def _uuid_of(verdict: Verdict) -> str | None:
    if verdict.fault is None:
        return verdict.id
    try:
        return _decode_named(verdict.raw).uuid
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


DIALECT = Dialect(
    "posthog",
    "Events of PostHog's SDKs",
    parse,
    Words(_success, SDK_WORDS.failure, SDK_WORDS.strict),
)
RESULTS = Dialect(
    "posthog v1",
    "Events of PostHog's SDKs; each gets its result",
    parse,
    Words(_results, SDK_WORDS.failure, SDK_WORDS.strict),
)
