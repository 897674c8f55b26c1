"""GA4's Measurement Protocol: events of one client, as servers and apps post them."""

from __future__ import annotations

from collections.abc import Sequence

from services.ingest import answers
from services.ingest.answers import Answer
from services.ingest.errors import EventError
from services.ingest.json_rules import JsonLimits
from services.ingest.protocols.dialect import SDK_WORDS, Dialect, Head, Words
from services.ingest.protocols.epoch import time_text
from services.ingest.protocols.event import Parsed
from services.ingest.protocols.ga4_event import calls_of
from services.ingest.protocols.rewriting import (
    Document,
    Envelope,
    object_in,
    read_envelope,
    read_json,
    rewritten_all,
    text_in,
    without_empty,
)
from services.ingest.translate import Verdict

_OBJECTS = ("user_properties", "consent", "device", "user_location")
_GRANTED = {"GRANTED": True, "DENIED": False}


def parse(body: bytes, head: Head, limits: JsonLimits) -> Parsed:
    """The events, all about the client that the body names. Raises RequestError."""
    envelope = read_envelope(body)
    raws = envelope.items("events")
    shared: Document | EventError
    try:
        shared = _shared(envelope, limits)
    except EventError as error:
        shared = error

    def rewrite(event: Document) -> list[Document]:
        if isinstance(shared, EventError):
            raise shared
        return _calls(event, shared)

    secret = head.query.get(b"api_secret", [b""])[0]
    events = rewritten_all(raws, limits, rewrite, is_whole=envelope.is_whole)
    return Parsed(events, write_key=secret.decode("latin-1"))


def _calls(event: Document, shared: Document) -> list[Document]:
    own = time_text(event.get("timestamp_micros"), "us")
    time = {"timestamp": own} if own else {}
    return [
        call | shared | time | {"context": shared["context"] | call.get("context", {})}
        for call in calls_of(event)
    ]


def _shared(envelope: Envelope, limits: JsonLimits) -> Document:
    """Who it is about, the time that counts for events without one, traits and context.

    Raises EventError, also when it is larger than an event may be: it becomes a part of each.
    """
    size = sum(len(raw) for name, raw in envelope.members.items() if name != "events")
    if size > limits.event_bytes_max:
        raise EventError(
            "event_too_large",
            f"what all events share has {size} bytes; at most {limits.event_bytes_max} are taken",
        )
    said = {
        name: read_json(envelope.members[name], limits)
        for name in _OBJECTS
        if name in envelope.members
    }
    who = {
        "userId": envelope.scalar("user_id"),
        "anonymousId": envelope.scalar("client_id") or envelope.scalar("app_instance_id"),
        "timestamp": time_text(envelope.scalar("timestamp_micros"), "us"),
        "traits": _traits_of(object_in(said, "user_properties")),
    }
    return without_empty(who) | {"context": _context_of(said, envelope)}


def _traits_of(user_properties: Document) -> Document:
    """`{"plan": {"value": "gold"}}` as `{"plan": "gold"}`."""
    return {
        name: said.get("value") if isinstance(said, dict) else said
        for name, said in user_properties.items()
    }


def _context_of(said: Document, envelope: Envelope) -> Document:
    device, place = object_in(said, "device"), object_in(said, "user_location")
    return without_empty(
        {
            "library": {"name": "ga4-measurement-protocol"},
            "consent": _consent_of(object_in(said, "consent")),
            "ip": envelope.scalar("ip_override"),
            "userAgent": envelope.scalar("user_agent"),
            "locale": text_in(device, "language"),
            "device": without_empty(
                {
                    "type": text_in(device, "category"),
                    "manufacturer": text_in(device, "brand"),
                    "model": text_in(device, "model"),
                }
            ),
            "os": without_empty(
                {
                    "name": text_in(device, "operating_system"),
                    "version": text_in(device, "operating_system_version"),
                }
            ),
            "location": without_empty(
                {"city": text_in(place, "city"), "country": text_in(place, "country_id")}
            ),
        }
    )


def _consent_of(consent: Document) -> dict[str, bool]:
    """Both of Google's answers are about advertising; a denial of one counts."""
    said = [_GRANTED[one] for one in consent.values() if isinstance(one, str) and one in _GRANTED]
    return {"marketing": all(said)} if said else {}


def _success(verdicts: Sequence[Verdict]) -> Answer:
    refused = answers.sdk_success(verdicts)
    return answers.EMPTY if refused.status == 200 else refused


DIALECT = Dialect(
    "ga4",
    "Events of GA4's Measurement Protocol",
    parse,
    Words(_success, SDK_WORDS.failure, SDK_WORDS.strict),
)
