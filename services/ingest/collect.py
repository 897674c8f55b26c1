"""The hot path: a body becomes events, events become durable, and only then it is answered."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from itertools import chain
from time import perf_counter
from typing import Any, NamedTuple

import structlog

from services.contracts.times import DAY_US, SECOND_US
from services.ingest import answers, cors
from services.ingest.answers import Answer
from services.ingest.body import BodyReader, ClientGoneError, Receive
from services.ingest.consent import browser_signals
from services.ingest.errors import RequestError, UnavailableError
from services.ingest.heartbeat import Pulse
from services.ingest.inflight import InFlight
from services.ingest.json_rules import JsonLimits
from services.ingest.metrics import Metrics
from services.ingest.protocols import native, segment
from services.ingest.protocols.event import Parsed
from services.ingest.rejection import rejection
from services.ingest.routes import BY_PATH, Route
from services.ingest.sink import EventSink
from services.ingest.sources import Sources
from services.ingest.sources_file import Source
from services.ingest.translate import Moment, TimeLimits, Translator, Verdict
from services.ingest.write_key import Query, key_of, read_query
from services.settings import IngestSettings, TimeSettings

_log = structlog.get_logger(__name__)

Scope = MutableMapping[str, Any]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

HEADER_BYTES_MAX = 64 << 10
# A body that needs the slow parser takes too long for the loop that heartbeats live on.
PARSED_HERE_BYTES_MAX = 512 << 10
# Without consent nothing of an event may be kept, not even why it was refused.
_NEVER_KEPT = "no_consent"
_TRUE = (b"1", b"true")


@dataclass(frozen=True, slots=True)
class Limits:
    """Every bound of a request."""

    json: JsonLimits
    times: TimeLimits
    events_max: int

    @classmethod
    def of(cls, ingest: IngestSettings, time: TimeSettings) -> Limits:
        """From the settings."""
        return cls(
            JsonLimits(ingest.event_bytes_max, ingest.depth_max, ingest.keys_max),
            TimeLimits(int(time.skew_hours_max * 3600 * SECOND_US), time.max_age_days * DAY_US),
            ingest.events_max,
        )


@dataclass(frozen=True, slots=True)
class Parts:
    """What the collector works with."""

    sources: Sources
    sink: EventSink
    pulse: Pulse
    inflight: InFlight
    reader: BodyReader
    metrics: Metrics
    limits: Limits


class _Request(NamedTuple):
    """One request, its head read."""

    route: Route
    headers: dict[bytes, bytes]
    query: Query
    head_at: int


class Collector:
    """An ASGI application in front of another one: paths that take events are its own."""

    def __init__(self, parts: Parts, fallback: App) -> None:
        self._parts = parts
        self._fallback = fallback

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        route = BY_PATH.get(scope["path"]) if scope["type"] == "http" else None
        if route is None:
            await self._fallback(scope, receive, send)
            return
        started = perf_counter()
        try:
            answer = await self._answer(route, scope, receive)
        except ClientGoneError:
            return
        await send(
            {"type": "http.response.start", "status": answer.status, "headers": answer.headers}
        )
        await send({"type": "http.response.body", "body": answer.body})
        self._parts.metrics.observe_request(perf_counter() - started)

    async def _answer(self, route: Route, scope: Scope, receive: Receive) -> Answer:
        parts = self._parts
        headers: dict[bytes, bytes] = dict(scope["headers"])
        origin = headers.get(b"origin")
        if scope["method"] != "POST":
            if scope["method"] == "OPTIONS":
                return cors.preflight(headers, parts.sources)
            return answers.method_not_allowed()
        query = read_query(scope["query_string"])
        request = _Request(route, headers, query, parts.inflight.now())
        try:
            answer = await self._collect(request, scope, receive)
        except (RequestError, UnavailableError) as error:
            answer = answers.failure(error, native=route.is_native)
        if origin is not None:
            allowed = cors.response_headers(origin, parts.sources)
            answer = answer._replace(headers=answer.headers + allowed)
        return answer

    async def _collect(self, request: _Request, scope: Scope, receive: Receive) -> Answer:
        parts = self._parts
        _require_small_head(scope)
        body = await parts.reader.read(receive, request.headers.get(b"content-encoding", b""))
        if request.route.dialect == "dropped":
            return answers.SDK_SUCCESS
        if len(body) > PARSED_HERE_BYTES_MAX:
            parsed = await asyncio.to_thread(self._parse, request, body)
        else:
            parsed = self._parse(request, body)
        source = self._source_of(request, parsed)
        ticket, received_at = parts.inflight.enter()
        try:
            parts.pulse.require_ready(received_at)
            moment = Moment(request.head_at, received_at)
            signals = browser_signals(request.headers, source)
            times = parts.limits.times
            translator = Translator(source, request.route.call, moment, times, signals)
            verdicts = translator.translate(parsed, _sent_at(request.headers))
            return await self._keep(request, source, verdicts, received_at)
        finally:
            parts.inflight.leave(ticket)

    def _parse(self, request: _Request, body: bytes) -> Parsed:
        limits = self._parts.limits
        match request.route.dialect:
            case "single":
                return segment.parse_single(body, limits.json)
            case "batch":
                parsed = segment.parse_batch(body, limits.json)
            case _:
                kind = request.headers.get(b"content-type", b"")
                parsed = native.parse(body, kind, limits.json)
        if len(parsed.events) > limits.events_max:
            count, most = len(parsed.events), limits.events_max
            raise RequestError("too_many_events", f"{count} events; a request has at most {most}")
        return parsed

    def _source_of(self, request: _Request, parsed: Parsed) -> Source:
        key = key_of(request.headers, request.query, parsed)
        source = self._parts.sources.find(key) if key else None
        if source is None:
            raise RequestError("invalid_write_key", "a valid write key is needed")
        cors.require_origin(request.headers.get(b"origin"), source)
        return source

    async def _keep(
        self, request: _Request, source: Source, verdicts: list[Verdict], received_at: int
    ) -> Answer:
        native_path = request.route.is_native
        bad = [verdict for verdict in verdicts if verdict.fault is not None]
        if native_path and request.query.get(b"dry_run", [b""])[0] in _TRUE:
            return answers.native_success(verdicts, dry_run=True)
        if bad and request.headers.get(b"x-strict-mode") == b"1":
            return answers.strict_refusal(verdicts, native=native_path)
        good = [(v.key, v.record) for v in verdicts if v.record is not None]
        rejected = [
            rejection(v.raw, source.name, v.fault, received_at)
            for v in bad
            if v.fault is not None and v.fault.code != _NEVER_KEPT
        ]
        await self._parts.sink.send(good, rejected)
        # A process that stood still meanwhile may have been given up: the watermark minds nobody's
        # event that is acknowledged after that.
        self._parts.pulse.require_ready(self._parts.inflight.now())
        self._count(source, len(good), len(bad))
        if native_path:
            return answers.native_success(verdicts)
        return answers.sdk_success(verdicts)

    def _count(self, source: Source, good: int, bad: int) -> None:
        metrics = self._parts.metrics
        if good:
            metrics.count_events(source.name, source.channel, "accepted", good)
        if bad:
            metrics.count_events(source.name, source.channel, "rejected", bad)


def _require_small_head(scope: Scope) -> None:
    parts = [scope["query_string"], *chain.from_iterable(scope["headers"])]
    if sum(map(len, parts)) > HEADER_BYTES_MAX:
        raise RequestError("headers_too_large", f"the headers are over {HEADER_BYTES_MAX} bytes")


def _sent_at(headers: dict[bytes, bytes]) -> str | None:
    value = headers.get(b"sentat")
    return value.decode("latin-1").strip() if value else None
