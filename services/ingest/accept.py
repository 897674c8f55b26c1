"""Events of one source become durable; only what is on return may be answered 200."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from services.contracts.times import DAY_US, SECOND_US
from services.ingest.body import BodyReader
from services.ingest.consent import browser_signals
from services.ingest.errors import RequestError, too_many_events
from services.ingest.heartbeat import Pulse
from services.ingest.inflight import InFlight
from services.ingest.json_rules import JsonLimits
from services.ingest.metrics import Metrics
from services.ingest.protocols.dialect import Head, Headers, Query
from services.ingest.protocols.event import Parsed
from services.ingest.rate import Rates
from services.ingest.rejection import rejection
from services.ingest.sink import EventSink, RejectedRecord
from services.ingest.sources import Sources
from services.ingest.sources_file import Source
from services.ingest.translate import Moment, TimeLimits, Translator, Verdict
from services.settings import IngestSettings, TimeSettings

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
            JsonLimits(
                ingest.event_bytes_max, ingest.depth_max, ingest.keys_max, ingest.events_max
            ),
            TimeLimits(int(time.skew_hours_max * 3600 * SECOND_US), time.max_age_days * DAY_US),
            ingest.events_max,
        )


@dataclass(frozen=True, slots=True)
class Parts:
    """What ingest works with."""

    sources: Sources
    sink: EventSink
    pulse: Pulse
    inflight: InFlight
    reader: BodyReader
    metrics: Metrics
    limits: Limits
    rates: Rates


def wants_dry_run(query: Query) -> bool:
    """Whether the request asks only what would be published."""
    return query.get(b"dry_run", [b""])[0] in _TRUE


def is_strict(headers: Headers) -> bool:
    """Whether one bad event of the request is to refuse them all."""
    return headers.get(b"x-strict-mode") == b"1"


async def accept(
    parts: Parts, source: Source, parsed: Parsed, head: Head, *, dry_run: bool = False
) -> list[Verdict]:
    """A verdict per event; those without a fault are durable now, unless `dry_run`.

    In strict mode nothing is kept when any event has a fault. Raises UnavailableError, also when
    the source sends faster than it may.
    """
    parts.rates.require_room(source, len(parsed.events))
    ticket, received_at = parts.inflight.enter()
    try:
        parts.pulse.require_ready(received_at)
        translator = Translator(
            source,
            head.call,
            Moment(head.head_at, received_at),
            parts.limits.times,
            browser_signals(head.headers, source),
        )
        verdicts = translator.translate(parsed, _sent_at(head.headers))
        bad = [verdict for verdict in verdicts if verdict.fault is not None]
        if not dry_run and not (bad and is_strict(head.headers)):
            await _keep(parts, source, verdicts, bad, received_at)
        return verdicts
    finally:
        parts.inflight.leave(ticket)


async def _keep(
    parts: Parts, source: Source, verdicts: list[Verdict], bad: list[Verdict], received_at: int
) -> None:
    good = [(v.key, v.record) for v in verdicts if v.record is not None]
    await parts.sink.send(good, _rejections(source, bad, received_at) if bad else ())
    # A process that stood still meanwhile may have been given up: the watermark minds nobody's
    # event that is acknowledged after that.
    parts.pulse.require_ready(parts.inflight.now())
    count = parts.metrics.count_events
    if good:
        count(source.name, source.channel, "accepted", len(good))
    if bad:
        count(source.name, source.channel, "rejected", len(bad))


def _rejections(source: Source, bad: list[Verdict], received_at: int) -> list[RejectedRecord]:
    return [
        rejection(v.raw, source.name, v.fault, received_at)
        for v in bad
        if v.fault is not None and v.fault.code != _NEVER_KEPT
    ]


def require_small_head(scope: Mapping[str, Any]) -> None:
    """Raises RequestError when an ASGI request has more headers than one may have."""
    size = len(scope["query_string"])
    for name, value in scope["headers"]:
        size += len(name) + len(value)
    if size > HEADER_BYTES_MAX:
        raise RequestError("headers_too_large", f"the headers are over {HEADER_BYTES_MAX} bytes")


def require_few(parsed: Parsed, limits: Limits) -> None:
    """Raises RequestError when a request has more events than one may have."""
    if len(parsed.events) > limits.events_max:
        raise too_many_events(len(parsed.events), limits.events_max)


def _sent_at(headers: Headers) -> str | None:
    value = headers.get(b"sentat")
    return value.decode("latin-1").strip() if value else None
