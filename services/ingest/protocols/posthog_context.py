"""What PostHog's SDKs write into `$` properties, at the places where Segment's context has it."""

from __future__ import annotations

from services.ingest.protocols.rewriting import Document, text_in, without_empty
from services.ingest.protocols.web_context import campaign_of, page_of

_OWN = ("$set", "$set_once", "$unset", "$groups", "$ip", "$group_set", "$group_type", "$group_key")
_SCREEN = {"width": "$screen_width", "height": "$screen_height"}
_UTM = "utm_"


def context_of(properties: Document, event: Document, agent: str) -> Document:
    """Segment's context; `$` properties without a place there are in `context.posthog`."""
    url = text_in(properties, "$current_url")
    library = text_in(properties, "$lib")
    asked = agent if library == "web" else ""
    return without_empty(
        {
            "library": _named(properties, {"name": "$lib", "version": "$lib_version"}),
            "page": page_of(url, text_in(properties, "title"), _referrer(properties)),
            "campaign": campaign_of(url) or _campaign_in(properties),
            "userAgent": text_in(properties, "$raw_user_agent") or asked or None,
            "ip": text_in(properties, "$ip"),
            "timezone": text_in(properties, "$timezone"),
            "locale": text_in(properties, "$browser_language"),
            "os": _named(properties, {"name": "$os", "version": "$os_version"}),
            "app": _named(properties, {"name": "$app_name", "version": "$app_version"}),
            "device": _named(
                properties,
                {
                    "id": "$device_id",
                    "type": "$device_type",
                    "manufacturer": "$device_manufacturer",
                    "model": "$device_model",
                },
            ),
            "screen": {k: properties[v] for k, v in _SCREEN.items() if properties.get(v)},
            "sessionId": text_in(properties, "$session_id") or text_in(event, "session_id"),
            "groups": properties.get("$groups"),
            "posthog": _others(properties),
        }
    )


def page_properties(properties: Document) -> Document:
    """The properties of Segment's page call."""
    url = text_in(properties, "$current_url")
    page = page_of(url, text_in(properties, "title"), _referrer(properties))
    path = text_in(properties, "$pathname")
    return page | ({"path": path} if path else {})


def _referrer(properties: Document) -> str | None:
    """Where the visitor came from; `$direct` says nowhere."""
    referrer = text_in(properties, "$referrer")
    return None if referrer == "$direct" else referrer


def _named(properties: Document, names: dict[str, str]) -> Document:
    return without_empty({ours: text_in(properties, theirs) for ours, theirs in names.items()})


def _campaign_in(properties: Document) -> Document:
    found = {
        name.removeprefix(_UTM): text
        for name, text in properties.items()
        if name.startswith(_UTM) and isinstance(text, str) and text
    }
    if "campaign" in found:
        found["name"] = found.pop("campaign")
    return found


def _others(properties: Document) -> Document:
    return {
        name: value
        for name, value in properties.items()
        if name.startswith("$") and name not in _PLACED and value is not None
    }


_PLACED = frozenset(
    [
        *_OWN,
        *_SCREEN.values(),
        "$lib",
        "$lib_version",
        "$raw_user_agent",
        "$timezone",
        "$browser_language",
        "$os",
        "$os_version",
        "$app_name",
        "$app_version",
        "$device_id",
        "$device_type",
        "$device_manufacturer",
        "$device_model",
        "$session_id",
        "$current_url",
        "$referrer",
        "$pathname",
        "$anon_distinct_id",
        "$is_identified",
        "$process_person_profile",
        "$insert_id",
        "$screen_name",
    ]
)
