"""Events of one request into touchpoint records: checked, timed, consented, keyed."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple, cast

import msgspec

from services.contracts.times import format_time
from services.contracts.touchpoint import (
    CHANNELS,
    EMPTY_OBJECT,
    SCHEMA_VERSION,
    Call,
    Channel,
    Touchpoint,
    encode,
    primary_identifier,
)
from services.ingest import fields, objects, times
from services.ingest import identifiers as ids
from services.ingest.bots import is_bot
from services.ingest.consent import NO_SIGNALS, Signals, stated_consent, with_signals
from services.ingest.errors import EventError, Fault
from services.ingest.message_id import derived_id
from services.ingest.protocols.event import Event, Incoming, Parsed, Scalar, object_of, text_of
from services.ingest.sources_file import Source
from services.ingest.times import Correction, Instant

_CHANNELS: dict[str, Channel] = {channel: channel for channel in CHANNELS}
# RudderStack's SDKs say there which kind of SDK they are.
_NO_CHANNELS = ("", "web", "mobile", "server", "sources")


class TimeLimits(NamedTuple):
    """How far a client's clock is believed, in microseconds."""

    skew_us_max: int
    age_us_max: int


class Moment(msgspec.Struct, frozen=True, gc=False):
    """When a request came: its head by the clock, its body in the in-flight set."""

    head_at: int
    received_at: int


class Verdict(msgspec.Struct, frozen=True, gc=False):
    """What became of one event."""

    position: int
    id: str | None
    fault: Fault | None
    record: bytes | None = None
    key: bytes = b""
    raw: bytes = b""


# By position: naming twenty fields costs as much as writing them.
_touchpoint = cast(
    "Callable[..., Touchpoint]",
    msgspec.defstruct(
        "Touchpoint",
        [(field.name, field.type) for field in msgspec.structs.fields(Touchpoint)],
        gc=False,
    ),
)


class _Draft(msgspec.Struct, gc=False):
    """An event that is good so far; its time may still move with the others of its customer."""

    incoming: Incoming
    touchpoint: Touchpoint
    occurred_at: int


class _Context(NamedTuple):
    """A context and what it says; those of one request are mostly the same."""

    json: bytes
    raw: msgspec.Raw
    traits: bytes
    consent: dict[str, bool] | None
    bot: bool


_NO_CONTEXT = _Context(b"{}", EMPTY_OBJECT, b"{}", None, bot=False)


CONTEXTS_CACHED_MAX = 2048
CACHED_CONTEXT_BYTES_MAX = 1024


def _said(context: bytes, signals: Signals) -> _Context:
    """What a context says, and the browser beside it. `context` is a valid JSON object."""
    return _Context(
        context,
        EMPTY_OBJECT if context == b"{}" else msgspec.Raw(context),
        objects.traits_in(context),
        with_signals(stated_consent(context), signals),
        is_bot(context),
    )


_cached_said = lru_cache(CONTEXTS_CACHED_MAX)(_said)


def _context_saying(context: bytes, signals: Signals) -> _Context:
    """As `_said`; libraries repeat theirs with each event. Traits and addresses are never kept."""
    is_short = len(context) <= CACHED_CONTEXT_BYTES_MAX
    if is_short and b"traits" not in context and b'"ip"' not in context:
        return _cached_said(context, signals)
    return _said(context, signals)


class Translator:
    """One request's events into records, all by one clock and for one source."""

    def __init__(
        self,
        source: Source,
        call: Call | None,
        moment: Moment,
        limits: TimeLimits,
        signals: Signals = NO_SIGNALS,
    ) -> None:
        self._source = source
        self._signals = signals
        self._call = call
        self._moment = moment
        self._limits = limits
        self._received = format_time(moment.received_at)
        self._sent_stated: Scalar = None
        self._sent: str | None = None
        self._correction: Correction = times.NO_CORRECTION
        self._context = b"{}"
        self._contexts: dict[bytes, _Context] = {}
        self._common = _NO_CONTEXT if signals is NO_SIGNALS else _context_saying(b"{}", signals)
        self._ahead_from = moment.received_at + times.RIGHT_CLOCK_US
        self._is_ahead = False
        self._has_policy = (
            source.consent_required
            or source.keep_properties is not None
            or source.keep_traits is not None
        )

    def translate(self, parsed: Parsed, header_sent_at: str | None) -> list[Verdict]:
        """A verdict per event, in their order."""
        self._set_clock(parsed, header_sent_at)
        if parsed.context is not EMPTY_OBJECT:
            self._context = self._with_short_ip(_envelope_context(parsed.context))
            self._common = _context_saying(self._context, self._signals)
        drafts: list[_Draft | Verdict] = []
        for incoming in parsed.events:
            try:
                event = incoming.event
                drafts.append(
                    _unreadable(incoming) if event is None else self._draft(incoming, event)
                )
            except EventError as error:
                drafts.append(_refused(incoming, error))
        if self._is_ahead:
            self._clamp([draft for draft in drafts if isinstance(draft, _Draft)])
        return [self._finish(draft) if isinstance(draft, _Draft) else draft for draft in drafts]

    def _set_clock(self, parsed: Parsed, header_sent_at: str | None) -> None:
        sent = _instant_or_none(parsed.sent_at) or _instant_or_none(header_sent_at)
        if sent is None:
            sent = _latest_sent_at(parsed.events)
        else:
            self._sent_stated = parsed.sent_at
        if sent is not None:
            self._sent = sent.text
            self._correction = times.correction(
                self._moment.head_at, sent.time_us, self._limits.skew_us_max
            )

    def _draft(self, incoming: Incoming, event: Event) -> _Draft:
        source = self._source
        # Here and below the usual case stands in line: calls are half of what an event costs.
        call = self._call or fields.CALLS_BY_NAME.get(event.type) or fields.call_of(event)
        context = self._common if event.context is EMPTY_OBJECT else self._context_of(event)
        stated = event.traits
        traits = b"{}" if stated is EMPTY_OBJECT else object_of(stated, "traits")
        if call != "group" and context.traits != b"{}":
            traits = objects.merged(context.traits, traits)
        channel = source.channel if event.channel is None else self._channel_of(event)
        identifiers = fields.identifiers_of(event, call, channel, traits, context.json)
        instant = self._original_of(event)
        original = instant.time_us if instant else None
        by = times.NO_CORRECTION if incoming.clock_is_true else self._correction
        occurred_at, clock = times.corrected(original, by, self._moment.received_at)
        stands = instant is not None and occurred_at == original
        previous, message_id = event.previous_id, event.message_id
        touchpoint = _touchpoint(
            SCHEMA_VERSION,
            (message_id if type(message_id) is str else text_of(message_id))
            or self._derived_id(call, incoming, original),
            source.name,
            channel,
            call,
            fields.name_of(event) if call == "track" else call,
            instant.text if stands and instant else "",  # occurred_at
            self._received,
            instant.text if instant else None,  # original_timestamp
            self._sent,
            clock,
            "assumed" if instant and instant.zone_assumed else None,  # zone
            identifiers,
            None if previous is None else ids.clean_value(previous),
            None if event.group_id is None else text_of(event.group_id),
            fields.properties_of(event, call),
            EMPTY_OBJECT if traits == b"{}" else msgspec.Raw(traits),
            context.raw,
            context.consent,
            incoming.bot or context.bot,
            event.historical is not None and event.historical in (True, 1, "true"),
            True if source.consent_required else msgspec.UNSET,
        )
        if self._has_policy:
            self._keep_listed(touchpoint)
        if self._has_policy or context.consent is not None:
            self._apply_consent(touchpoint)
        if occurred_at > self._ahead_from:
            self._is_ahead = True
        return _Draft(incoming, touchpoint, occurred_at)

    def _original_of(self, event: Event) -> Instant | None:
        """The time the event states; that of its sending must be one too."""
        sent_at = event.sent_at
        if sent_at and sent_at is not self._sent_stated:
            times.read_timestamp(sent_at)
        stated = event.original_timestamp
        if stated is None or stated == "":
            stated = event.timestamp
        if type(stated) is str and (usual := times.read_usual(stated)) is not None:
            return usual
        return None if stated is None or stated == "" else times.read_timestamp(stated)

    def _context_of(self, event: Event) -> _Context:
        stated = object_of(event.context, "context")
        known = self._contexts.get(stated)
        if known is None:
            own = self._with_short_ip(stated)
            whole = own if self._context == b"{}" else objects.merged(self._context, own)
            known = self._contexts[stated] = _context_saying(whole, self._signals)
        return known

    def _with_short_ip(self, context: bytes) -> bytes:
        return context if self._source.keep_full_ip else objects.with_short_ip(context)

    def _channel_of(self, event: Event) -> Channel:
        if event.channel in _NO_CHANNELS or not self._source.allow_channel_override:
            return self._source.channel
        channel = _CHANNELS.get(str(event.channel))
        if channel is None:
            raise EventError("invalid_channel", f"channel must be one of {', '.join(CHANNELS)}")
        return channel

    def _derived_id(self, call: str, incoming: Incoming, original: int | None) -> str:
        without_time = self._moment.received_at if original is None else None
        raw = incoming.canonical or incoming.raw
        return derived_id(self._source.name, call, raw, without_time)

    def _keep_listed(self, touchpoint: Touchpoint) -> None:
        """Of properties and traits only what the source lists remains (semantics 8.4)."""
        properties, traits = self._source.keep_properties, self._source.keep_traits
        if properties is not None:
            touchpoint.properties = msgspec.Raw(
                objects.only(bytes(touchpoint.properties), properties)
            )
        if traits is not None:
            context = objects.with_only_traits(bytes(touchpoint.context), traits)
            touchpoint.traits = msgspec.Raw(objects.only(bytes(touchpoint.traits), traits))
            touchpoint.context = msgspec.Raw(context)

    def _apply_consent(self, touchpoint: Touchpoint) -> None:
        """Without leave to analyse, only who, when and the statement itself remain."""
        said = touchpoint.consent
        analytics = said.get("analytics") if said else None
        if analytics or (analytics is None and not self._source.consent_required):
            return
        if said is None:
            raise EventError("no_consent", "the source demands a statement of consent")
        touchpoint.type = "consent"
        touchpoint.event = "consent"
        touchpoint.previous_id = touchpoint.group_id = None
        touchpoint.properties = touchpoint.traits = touchpoint.context = EMPTY_OBJECT

    def _clamp(self, drafts: list[_Draft]) -> None:
        received_at = self._moment.received_at
        moved = times.clamped(
            [(primary_identifier(d.touchpoint.identifiers), d.occurred_at) for d in drafts],
            received_at,
            self._limits.skew_us_max,
        )
        for draft, time in zip(drafts, moved, strict=True):
            if time is not None:
                draft.occurred_at = time
                draft.touchpoint.clock = "clamped"
                draft.touchpoint.occurred_at = ""

    def _finish(self, draft: _Draft) -> Verdict:
        incoming, touchpoint = draft.incoming, draft.touchpoint
        age = self._moment.received_at - draft.occurred_at
        if age > self._limits.age_us_max and not touchpoint.historical:
            days = age // (86_400 * 1_000_000)
            fault = Fault("too_old", f"it happened {days} days ago; mark it historical to keep it")
            return Verdict(incoming.position, touchpoint.message_id, fault, raw=incoming.raw)
        if not touchpoint.occurred_at:
            touchpoint.occurred_at = format_time(draft.occurred_at)
        kind, value = primary_identifier(touchpoint.identifiers)
        key = f"{kind}:{value}".encode()
        return Verdict(incoming.position, touchpoint.message_id, None, encode(touchpoint), key)


def _unreadable(incoming: Incoming) -> Verdict:
    return Verdict(incoming.position, None, incoming.fault, raw=incoming.raw)


def _refused(incoming: Incoming, error: EventError) -> Verdict:
    message_id = text_of(incoming.event.message_id) if incoming.event is not None else None
    return Verdict(incoming.position, message_id, error.fault, raw=incoming.raw)


def _envelope_context(raw: msgspec.Raw) -> bytes:
    data = bytes(raw)
    return data if data[:1] == b"{" else b"{}"


def _instant_or_none(value: Scalar) -> Instant | None:
    """An envelope's time that cannot be read corrects nothing; no event is to blame for it."""
    if not value:
        return None
    try:
        return times.read_timestamp(value)
    except EventError:
        return None


def _latest_sent_at(events: list[Incoming]) -> Instant | None:
    stated = (_instant_or_none(one.event.sent_at) for one in events if one.event is not None)
    told = (instant for instant in stated if instant is not None)
    return max(told, key=lambda instant: instant.time_us, default=None)
