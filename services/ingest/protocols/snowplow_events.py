"""The events of Snowplow's trackers as Segment's calls: names and properties."""

from __future__ import annotations

from services.ingest.errors import EventError
from services.ingest.protocols.rewriting import (
    Document,
    number_in,
    renamed,
    text_in,
    without_empty,
)
from services.ingest.protocols.snowplow_commerce import commerce_calls
from services.ingest.protocols.snowplow_schemas import COMMERCE, Described, Entities

_STRUCT = {"se_ca": "category", "se_la": "label", "se_pr": "property"}
_PING = {"pp_mix": "min_x", "pp_max": "max_x", "pp_miy": "min_y", "pp_may": "max_y"}
_ORDER = {
    "tr_id": "order_id",
    "tr_af": "affiliation",
    "tr_cu": "currency",
    "tr_ci": "city",
    "tr_st": "state",
    "tr_co": "country",
}
_ORDER_SUMS = {"tr_tt": "total", "tr_tx": "tax", "tr_sh": "shipping"}
_ITEM = {
    "ti_id": "order_id",
    "ti_sk": "sku",
    "ti_nm": "name",
    "ti_ca": "category",
    "ti_cu": "currency",
}
_ITEM_SUMS = {"ti_pr": "price", "ti_qu": "quantity"}
# Snowplow's own events that Segment has a name for.
_NAMES = {
    "link_click": "Link Clicked",
    "submit_form": "Form Submitted",
    "site_search": "Products Searched",
    "add_to_cart": "Product Added",
    "remove_from_cart": "Product Removed",
    "application_install": "Application Installed",
    "application_foreground": "Application Foregrounded",
    "application_background": "Application Backgrounded",
    "application_error": "Application Crashed",
    "deep_link_received": "Deep Link Opened",
}
_PROPERTIES = {"unitPrice": "price", "targetUrl": "url", "formId": "form_id"}
_SCREEN = {"previousName": "previous_name", "previousId": "previous_id", "id": "screen_id"}
_DENIALS = ("deny_all", "withdrawn")


def page_ping(row: Document, page: Document) -> Document:
    """A visitor who stays on a page."""
    return _track("Page Ping", page | _numbers(row, _PING))


def structured(row: Document) -> Document:
    """An event of category, action, label, property, value: the action is its name."""
    properties = _texts(row, _STRUCT) | _numbers(row, {"se_va": "value"})
    return _track(text_in(row, "se_ac"), properties)


def old_order(row: Document) -> Document:
    """A transaction of the trackers before their e-commerce actions."""
    sums = _numbers(row, _ORDER_SUMS)
    revenue = {"revenue": sums["total"]} if "total" in sums else {}
    return _track("Order Completed", _texts(row, _ORDER) | sums | revenue)


def old_item(row: Document) -> Document:
    """One item of such a transaction, which is a row of its own."""
    return _track("Order Item", _texts(row, _ITEM) | _numbers(row, _ITEM_SUMS))


def self_describing(event: Described, entities: Entities) -> list[Document]:
    """An event that names its schema. Raises EventError."""
    if event.vendor == COMMERCE and event.name == "snowplow_ecommerce_action":
        return commerce_calls(event, entities)
    data = {} if event.data is None else event.object
    if not event.is_standard:
        return [_track(event.name, data)]
    if event.name == "screen_view":
        properties = renamed(data, _SCREEN, ("name",))
        return [{"type": "screen", "name": text_in(data, "name"), "properties": properties}]
    if event.name == "message_notification":
        return [_track(_push_name(data), data)]
    if event.name == "consent_preferences":
        return [_track("Consent Preferences", data) | {"context": {"consent": _consent(data)}}]
    properties = renamed(data, _PROPERTIES)
    if event.name == "site_search":
        properties["query"] = _search_text(data)
    return [_track(_NAMES.get(event.name, event.name), properties)]


def _push_name(data: Document) -> str:
    opened = data.get("action") in ("open", "opened", "tap", "tapped", "click")
    return "Push Notification Tapped" if opened else "Push Notification Received"


def _search_text(data: Document) -> str:
    terms = data.get("terms")
    return (
        " ".join(term for term in terms if isinstance(term, str)) if isinstance(terms, list) else ""
    )


def _consent(data: Document) -> dict[str, bool]:
    """What is granted by the names that `consent.py` knows; all of it withdrawn by a denial."""
    if data.get("eventType") in _DENIALS:
        return {"analytics": False, "marketing": False}
    scopes = data.get("consentScopes")
    return (
        {scope: True for scope in scopes if isinstance(scope, str)}
        if isinstance(scopes, list)
        else {}
    )


def _track(event: str | None, properties: Document) -> Document:
    if event is None:
        raise EventError("missing_event", "an event of Snowplow's kind `se` needs `se_ac`")
    return {"type": "track", "event": event, "properties": properties}


def _texts(row: Document, names: dict[str, str]) -> Document:
    return without_empty({ours: text_in(row, theirs) for theirs, ours in names.items()})


def _numbers(row: Document, names: dict[str, str]) -> Document:
    return without_empty({ours: number_in(row, theirs) for theirs, ours in names.items()})
