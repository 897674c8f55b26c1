"""An event of GA4 as Segment's calls: names and parameters that mean the same."""

from __future__ import annotations

from services.ingest.errors import EventError
from services.ingest.protocols.rewriting import (
    Document,
    about_products,
    object_in,
    renamed,
    text_in,
    without_empty,
)
from services.ingest.protocols.web_context import campaign_of, page_of

_EVENTS = {
    "add_payment_info": "Payment Info Entered",
    "add_shipping_info": "Checkout Step Completed",
    "add_to_cart": "Product Added",
    "add_to_wishlist": "Product Added to Wishlist",
    "app_remove": "Application Uninstalled",
    "app_update": "Application Updated",
    "begin_checkout": "Checkout Started",
    "first_open": "Application Installed",
    "form_start": "Form Started",
    "form_submit": "Form Submitted",
    "generate_lead": "Lead Generated",
    "login": "Signed In",
    "notification_open": "Push Notification Tapped",
    "notification_receive": "Push Notification Received",
    "purchase": "Order Completed",
    "qualify_lead": "Lead Qualified",
    "refund": "Order Refunded",
    "remove_from_cart": "Product Removed",
    "search": "Products Searched",
    "select_item": "Product Clicked",
    "select_promotion": "Promotion Clicked",
    "share": "Product Shared",
    "sign_up": "Signed Up",
    "view_cart": "Cart Viewed",
    "view_item": "Product Viewed",
    "view_item_list": "Product List Viewed",
    "view_promotion": "Promotion Viewed",
    "view_search_results": "Products Searched",
}
_OF_ONE_PRODUCT = (
    "add_to_cart",
    "add_to_wishlist",
    "remove_from_cart",
    "select_item",
    "view_item",
)
# Of these `value` is that of the products put in or taken out, in Segment's the cart's.
_OF_A_CART = ("add_to_cart", "remove_from_cart")
_OF_AN_ORDER = ("purchase", "refund")
_PARAMETERS = {
    "creative_name": "creative",
    "creative_slot": "position",
    "item_id": "product_id",
    "item_list_id": "list_id",
    "item_list_name": "list",
    "payment_type": "payment_method",
    "promotion_name": "name",
    "search_term": "query",
    "shipping_tier": "shipping_method",
    "transaction_id": "order_id",
}
_ITEM = {
    "index": "position",
    "item_brand": "brand",
    "item_category": "category",
    "item_id": "product_id",
    "item_list_id": "list_id",
    "item_list_name": "list",
    "item_name": "name",
    "item_variant": "variant",
}
# Said in the page, the screen or the context.
_PLACED = ("items", "page_location", "page_title", "page_referrer", "session_id", "language")


def calls_of(event: Document) -> list[Document]:
    """A call, or one for each product that was put in or taken out. Raises EventError."""
    name = text_in(event, "name")
    if name is None:
        raise EventError("missing_event", "an event needs its name in `name`")
    parameters = object_in(event, "params")
    return [call | {"context": _context_of(parameters)} for call in _calls(name, parameters)]


def _calls(name: str, parameters: Document) -> list[Document]:
    if name == "page_view":
        own = renamed(parameters, {}, _PLACED)
        return [{"type": "page", "properties": _page_of(parameters) | own}]
    if name == "screen_view":
        own = renamed(parameters, {}, (*_PLACED, "screen_name", "firebase_screen"))
        screen = text_in(parameters, "screen_name") or text_in(parameters, "firebase_screen")
        return [{"type": "screen", "name": screen, "properties": own}]
    if name not in _EVENTS:
        # A name of the sender's own; its parameters are too.
        return [_track(name, renamed(parameters, {}, ("session_id",)))]
    return [_track(_EVENTS[name], properties) for properties in _standard(name, parameters)]


def _standard(name: str, parameters: Document) -> list[Document]:
    """The properties of each call that an event with a standard name becomes."""
    shared = renamed(parameters, _PARAMETERS, _PLACED)
    if name in _OF_A_CART and "value" in shared:
        shared["products_value"] = shared.pop("value")
    if name in _OF_AN_ORDER and "value" in shared:
        shared["total"] = shared["value"]
    each = about_products(shared, _products_of(parameters), apart=name in _OF_ONE_PRODUCT)
    # Two products that are alike are two all the same.
    return each if len(each) == 1 else [one | {"item": n} for n, one in enumerate(each)]


def _products_of(parameters: Document) -> list[Document]:
    items = parameters.get("items")
    if items is None:
        return []
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise EventError("invalid_field", "items must be a list of objects")
    return [renamed(item, _ITEM) for item in items]


def _page_of(parameters: Document) -> Document:
    return page_of(
        text_in(parameters, "page_location"),
        text_in(parameters, "page_title"),
        text_in(parameters, "page_referrer"),
    )


def _context_of(parameters: Document) -> Document:
    return without_empty(
        {
            "page": _page_of(parameters),
            "campaign": campaign_of(text_in(parameters, "page_location")),
            "sessionId": text_in(parameters, "session_id"),
            "locale": text_in(parameters, "language"),
        }
    )


def _track(event: str, properties: Document) -> Document:
    return {"type": "track", "event": event, "properties": properties}
