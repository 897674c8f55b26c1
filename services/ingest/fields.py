"""What one event says in its fields: call, name, identifiers, properties."""

from __future__ import annotations

from typing import Any

import msgspec

from services.contracts.touchpoint import CALLS, EMPTY_OBJECT, Call, Channel
from services.ingest import identifiers as ids
from services.ingest import objects
from services.ingest.errors import EventError
from services.ingest.protocols.event import Event, object_of, text_of

CALLS_BY_NAME: dict[object, Call] = {call: call for call in CALLS if call != "consent"}
_NAMES = tuple(map(str, CALLS_BY_NAME))
_CHANNELS_OF_CONTACTS = ("email", "phone")
_decode_stated = msgspec.json.Decoder(dict[str, Any]).decode


def call_of(event: Event) -> Call:
    """The call that the event names itself. Raises EventError."""
    stated = event.type
    if type(stated) is str and (call := CALLS_BY_NAME.get(stated)) is not None:
        return call
    if stated is None or stated == "":
        if event.event:
            return "track"
        raise EventError("invalid_type", "an event needs a type: " + ", ".join(_NAMES))
    raise EventError("invalid_type", f"type must be one of {', '.join(_NAMES)}")


def name_of(event: Event) -> str:
    """The name of a track call, trimmed. Raises EventError."""
    name = event.event
    if isinstance(name, str) and (text := name.strip()):
        return text
    raise EventError("missing_event", "a track call needs the event's name in `event`")


def properties_of(event: Event, call: Call) -> msgspec.Raw:
    """The properties, with the name and category that pages and screens have outside of them."""
    if call == "track" and event.properties is EMPTY_OBJECT:
        return EMPTY_OBJECT
    properties = object_of(event.properties, "properties")
    if call == "track" and properties != b"{}":
        return event.properties
    if call in ("page", "screen") and (event.name is not None or event.category is not None):
        named = {"name": text_of(event.name), "category": text_of(event.category)}
        given = {field: text for field, text in named.items() if text is not None}
        properties = objects.with_missing(properties, given)
    return msgspec.Raw(properties)


def identifiers_of(
    event: Event, call: Call, channel: Channel, traits: bytes, context: bytes
) -> dict[str, str]:
    """Whom the event is about, one value per kind (semantics 2.1). Raises EventError."""
    found: dict[str, str] = {}
    user, anonymous = event.user_id, event.anonymous_id
    if user is not None and (text := ids.clean_value(user)) is not None:
        found["user_id"] = text
    if anonymous is not None and (text := ids.clean_value(anonymous)) is not None:
        found["anonymous_id"] = text
    if event.identifiers is not EMPTY_OBJECT:
        ids.add_stated(found, _decode_stated(object_of(event.identifiers, "identifiers")))
    if call == "identify":
        _add_contacts(found, traits)
    elif channel in _CHANNELS_OF_CONTACTS:
        _add_contacts(found, objects.traits_in(context))
    if found:
        return found
    raise EventError(
        "no_identifier", "an event needs a userId, an anonymousId or another identifier"
    )


def _add_contacts(found: dict[str, str], traits: bytes) -> None:
    if b"email" not in traits and b"phone" not in traits:
        return
    members = _decode_stated(traits)
    for kind in ("email", "phone"):
        value = members.get(kind)
        if isinstance(value, str | int | float):
            ids.add(found, kind, value)
