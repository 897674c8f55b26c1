"""Snowplow's e-commerce actions by the names that Segment gives to such events."""

from __future__ import annotations

from services.ingest.errors import EventError
from services.ingest.protocols.rewriting import Document, about_products, renamed
from services.ingest.protocols.snowplow_schemas import Described, Entities

_EVENTS = {
    "product_view": "Product Viewed",
    "list_view": "Product List Viewed",
    "list_click": "Product Clicked",
    "add_to_cart": "Product Added",
    "remove_from_cart": "Product Removed",
    "checkout_step": "Checkout Step Completed",
    "transaction": "Order Completed",
    "refund": "Order Refunded",
    "trans_error": "Payment Failed",
    "promo_view": "Promotion Viewed",
    "promo_click": "Promotion Clicked",
}
_OF_ONE_PRODUCT = ("product_view", "list_click", "add_to_cart", "remove_from_cart")
_FIRST_STEP = (1, "1")
_PRODUCT = {"id": "product_id"}
_CART = {"total_value": "value"}
_STEP = {
    "coupon_code": "coupon",
    "delivery_method": "shipping_method",
    "delivery_provider": "shipping_provider",
}
_ADDRESSES = (
    "shipping_postcode",
    "billing_postcode",
    "shipping_full_address",
    "billing_full_address",
)
_ORDER = {
    "transaction_id": "order_id",
    "discount_code": "coupon",
    "discount_amount": "discount",
}
_REFUND = {"transaction_id": "order_id", "refund_amount": "total", "refund_reason": "reason"}
_PROMOTION = {"id": "promotion_id", "creative_id": "creative"}


def commerce_calls(action: Described, entities: Entities) -> list[Document]:
    """A track call for the action, or one for each product that was put in or taken out.

    Raises EventError for an action that is not known.
    """
    said = action.object
    kind = said.get("type")
    event = _EVENTS.get(kind) if isinstance(kind, str) else None
    if event is None:
        raise EventError("invalid_event", f"the e-commerce action {str(kind)[:40]!r} is not known")
    if kind == "checkout_step" and entities.first("checkout_step").get("step") in _FIRST_STEP:
        event = "Checkout Started"
    shared = _shared(entities) | renamed(said, {"name": "list"}, ("type",))
    products = [renamed(product, _PRODUCT) for product in entities.all("product")]
    each = about_products(shared, products, apart=kind in _OF_ONE_PRODUCT)
    return [{"type": "track", "event": event, "properties": properties} for properties in each]


def _shared(entities: Entities) -> Document:
    order = renamed(entities.first("transaction"), _ORDER)
    if "revenue" in order:
        # Snowplow's revenue is the total value of the transaction.
        order["total"] = order["revenue"]
    return {
        **renamed(entities.first("cart"), _CART, ("products",)),
        **renamed(entities.first("checkout_step"), _STEP, _ADDRESSES),
        **order,
        **renamed(entities.first("refund"), _REFUND),
        **renamed(entities.first("transaction_error"), {}, ("transaction",)),
        **renamed(entities.first("promotion"), _PROMOTION),
    }
