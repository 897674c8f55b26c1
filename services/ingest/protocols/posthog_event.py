"""An event of PostHog's SDKs as Segment's call: who it is about, and what its `$` names mean."""

from __future__ import annotations

from typing import NamedTuple
from uuid import UUID

from services.contracts.times import format_time
from services.ingest.errors import EventError
from services.ingest.protocols.posthog_context import context_of, page_properties
from services.ingest.protocols.rewriting import (
    CLOCK_IS_TRUE,
    Document,
    object_in,
    text_in,
    without_empty,
)

_DISTINCT = "distinct_id"
_SETTING = ("$identify", "$set", "$set_once", "$unset")
# Said elsewhere in a call, or about the sending alone.
_TAKEN = ("token", "distinct_id", "alias")
_OFFSET_MS_MAX = 400 * 86_400_000


class Sender(NamedTuple):
    """The user agent of a request, and when its head arrived, in microseconds."""

    agent: str
    head_at: int


def call_of(event: Document, *, sender: Sender) -> Document:
    """The event as a call. Raises EventError."""
    properties = object_in(event, "properties")
    name = text_in(event, "event")
    if name is None:
        raise EventError("missing_event", "an event needs its name in `event`")
    call = _what(name.strip(), properties, event)
    call |= _who(name, properties, event) | _when(properties, event, sender)
    call["messageId"] = text_in(event, "uuid") or text_in(properties, "$insert_id")
    call["context"] = context_of(properties, event, sender.agent)
    return without_empty(call)


def _what(name: str, properties: Document, event: Document) -> Document:
    own = _own(properties)
    traits = _traits_of(name, properties, event)
    match name:
        case "$pageview":
            return {
                "type": "page",
                "properties": page_properties(properties) | own,
                "traits": traits,
            }
        case "$screen":
            screen = {"type": "screen", "name": text_in(properties, "$screen_name")}
            return screen | {"properties": own, "traits": traits}
        case "$groupidentify":
            group = {"type": "group", "groupId": text_in(properties, "$group_key")}
            kind = without_empty({"group_type": text_in(properties, "$group_type")})
            return group | {"properties": kind, "traits": object_in(properties, "$group_set")}
        case "$create_alias":
            return {"type": "alias", "properties": own}
        case _ if name in _SETTING:
            return {"type": "identify", "properties": own, "traits": traits}
    return {"type": "track", "event": name, "properties": own, "traits": traits}


def _own(properties: Document) -> Document:
    """The sender's properties; the SDKs' begin with `$`, and null is what is not there."""
    return {
        name: value
        for name, value in properties.items()
        if value is not None and not name.startswith("$") and name not in _TAKEN
    }


def _traits_of(name: str, properties: Document, event: Document) -> Document:
    """What is set on the person; what is to be set once only when the event is about that."""
    traits: Document = {}
    if name in _SETTING:
        for place in (properties, event):
            once = object_in(place, "$set_once")
            traits |= {k: v for k, v in once.items() if not k.startswith("$initial_")}
    traits |= object_in(properties, "$set") | object_in(event, "$set")
    for place in (properties, event):
        removed = place.get("$unset")
        if isinstance(removed, list):
            traits |= {one: None for one in removed if isinstance(one, str)}
    return traits


def _who(name: str, properties: Document, event: Document) -> Document:
    """The user once identified, before that an anonymous visitor."""
    distinct = text_in(event, _DISTINCT) or text_in(properties, _DISTINCT)
    device = text_in(properties, "$device_id")
    if name == "$create_alias":
        # The SDKs put the id so far into `distinct_id`, and the one from now on into `alias`.
        return {"userId": text_in(properties, "alias"), "previousId": distinct}
    if name == "$identify":
        before = text_in(properties, "$anon_distinct_id") or device
        return {"userId": distinct, "anonymousId": None if before == distinct else before}
    if _is_anonymous(name, properties, event, distinct, device):
        return {"anonymousId": distinct}
    return {"userId": distinct, "anonymousId": None if device == distinct else device}


def _is_anonymous(
    name: str, properties: Document, event: Document, distinct: str | None, device: str | None
) -> bool:
    identified = properties.get("$is_identified")
    if isinstance(identified, bool):
        return not identified
    if device is not None:
        return device == distinct
    if name == "$groupidentify":
        # Servers' SDKs make up an id where the group is identified by nobody.
        return _is_uuid(distinct)
    options = object_in(event, "options")
    profile = properties.get("$process_person_profile", options.get("process_person_profile"))
    return profile is False


def _is_uuid(text: str | None) -> bool:
    try:
        return str(UUID(text or "")) == text
    except ValueError:
        return False


def _when(properties: Document, event: Document, sender: Sender) -> Document:
    """When it happened: by its time, else so long before the request arrived."""
    said = text_in(event, "timestamp") or text_in(properties, "timestamp")
    offset = event.get("offset")
    if said is None and isinstance(offset, int | float) and 0 <= offset < _OFFSET_MS_MAX:
        return {"timestamp": format_time(sender.head_at - int(offset * 1000)), CLOCK_IS_TRUE: True}
    options = object_in(event, "options")
    ignore = properties.get("$ignore_sent_at") or options.get("disable_skew_correction")
    return {"timestamp": said} | ({CLOCK_IS_TRUE: True} if ignore is True else {})
