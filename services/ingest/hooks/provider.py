"""What a provider is: how its calls are checked, translated and answered."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import msgspec

from services.ingest.answers import Answer
from services.ingest.errors import Fault
from services.ingest.hooks.call import Call
from services.ingest.hooks.reading import form_of, json_of, stable_id
from services.ingest.json_rules import JsonLimits, is_plain
from services.ingest.protocols.event import Incoming, read_event

# The provider makes the secret and signs with it; we make a key that the provider sends back;
# Amazon signs with a certificate, and the source lists its topics.
Proof = Literal["secret", "key", "either", "certificate"]

ID_CHARACTERS_MAX = 100

Members = dict[str, Any]


class Occurrence(NamedTuple):
    """What a customer did, or was sent, as a provider tells it; None and empty are left out."""

    name: str
    id: str | None  # None: made of the item
    at: str | None  # ISO 8601; None: when it came
    identifiers: Members
    properties: Members
    user_id: str | None = None
    anonymous_id: str | None = None
    context: Members = {}  # noqa: RUF012 - never changed
    bot: bool = False


Translate = Callable[[Members, Call], Iterable[Occurrence]]
Items = Callable[[Call], list[Any]]


class Translated(NamedTuple):
    """A body's events, and how many of its items concern no customer."""

    events: list[Incoming]
    skipped: int


@dataclass(frozen=True, slots=True)
class Setup:
    """What whoever connects it has to know."""

    secret: str  # what the provider calls the secret, and where it is
    steps: tuple[str, str]  # {url} and {key} stand for those of the source


def json_items(call: Call) -> list[Any]:
    """The body's JSON value; a list is several. Raises RequestError."""
    value = json_of(call.body)
    return value if isinstance(value, list) else [value]


def form_items(call: Call) -> list[Any]:
    """The fields of a form body, as one item. Raises RequestError."""
    return [form_of(call.body)]


OK = Answer(200, [(b"content-type", b"application/json"), (b"content-length", b"2")], b"{}")


@dataclass(frozen=True, slots=True)
class Provider:
    """One provider. Verifying raises UnverifiedError, splitting and translating RequestError."""

    name: str
    proof: Proof
    setup: Setup
    verify: Callable[[Call], None]
    translate: Translate
    items: Items = json_items
    answer: Answer = OK
    # What a GET is for, where there is one; a HEAD is always 200.
    challenge: Callable[[Call], Answer] | None = None
    # What makes the provider stop sending what can never be taken, where it has such a code.
    stop_status: int | None = None
    # Why a secret cannot be this provider's, to be told when it is given.
    secret_fault: Callable[[bytes], str | None] = lambda _: None
    # Amazon SNS alone: where the certificate is, and what confirms a subscription.
    certificate_url: Callable[[Call], str] | None = None
    confirm_url: Callable[[Call], str | None] | None = None

    def translated(self, call: Call, limits: JsonLimits) -> Translated:
        """The events of a verified call. An item of which nothing can be made is a fault."""
        events: list[Incoming] = []
        skipped = 0
        for position, item in enumerate(self.items(call)):
            raw = _encoded(item)
            if not isinstance(item, dict):
                fault = Fault("invalid_event", "an event must be a JSON object")
                events.append(Incoming(position, raw, None, fault))
                continue
            found = list(self.translate(item, call))
            skipped += not found
            events += [_incoming(position, raw, one, limits) for one in found]
        return Translated(events, skipped)


def _incoming(position: int, raw: bytes, one: Occurrence, limits: JsonLimits) -> Incoming:
    event = {
        "type": "track",
        "event": one.name,
        "messageId": _id_of(one.id, raw),
        "timestamp": one.at,
        "userId": one.user_id,
        "anonymousId": one.anonymous_id,
        "identifiers": _stated(one.identifiers),
        "properties": _stated(one.properties),
        "context": _stated(one.context),
    }
    encoded = _encoded(event)
    read = read_event(position, encoded, limits, plain=is_plain(encoded))
    return msgspec.structs.replace(read, raw=raw, bot=one.bot)


def _id_of(stated: str | None, raw: bytes) -> str:
    """The event's own id; made of it when it is longer than ids are kept, or of all it says."""
    if stated and len(stated) <= ID_CHARACTERS_MAX:
        return stated
    return stable_id(stated or raw)


def _stated(members: Members) -> Members:
    return {name: value for name, value in members.items() if value not in (None, "")}


def _encoded(value: object) -> bytes:
    try:
        return msgspec.json.encode(value)
    except (OverflowError, UnicodeEncodeError):
        return repr(value).encode("utf-8", "replace")
