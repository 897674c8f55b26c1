"""What is left in a cart: products, quantities and money as decimal strings (semantics 5.9)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Context, Decimal
from typing import Any, Literal

from services.journey_state.episodes import Episode, Item

Change = Literal["adds", "removes"]

ITEMS_MAX = 200  # further products are left out
TEXT_LENGTH_MAX = 500  # characters; longer text is cut
NUMBER_LENGTH_MAX = 40  # characters of a number as text; a longer one is no number
INTEGER_BITS_MAX = 64
EXPONENT_MAX = 18  # powers of ten, both ways; a number beyond is no number

TEXT_FIELDS = ("product_id", "sku", "name", "brand", "variant", "category", "currency", "url",
               "image_url")  # fmt: skip
KEY_FIELDS = ("product_id", "sku", "name")
VALUE_FIELDS = ("value", "total", "revenue")
_TOLD = frozenset({"products", "currency", *VALUE_FIELDS})  # what any event may say of a cart

_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?", re.ASCII)
_EXACT = Context(prec=200)
_ONE = Decimal(1)
_ZERO = Decimal(0)


def number(value: object) -> Decimal | None:
    """The number that a JSON value is or spells; None if it is none or beyond the bounds."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    if isinstance(value, int):
        return Decimal(value) if value.bit_length() <= INTEGER_BITS_MAX else None
    text = value.strip() if isinstance(value, str) else repr(value)
    if len(text) > NUMBER_LENGTH_MAX or not _NUMBER.fullmatch(text):
        return None
    parsed = Decimal(text)
    if parsed and abs(parsed.adjusted()) > EXPONENT_MAX:
        return None
    return parsed


def decimal_text(value: Decimal) -> str:
    """The shortest decimal form, without exponent."""
    if not value:
        return "0"
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def take_in(episode: Episode, properties: Mapping[str, Any], change: Change | None) -> bool:
    """Let a fresh copy of an episode see one more of its events.

    Its items, value and currency are those after the event. True if the event took off the last
    known item.
    """
    if change is None and _TOLD.isdisjoint(properties):
        return False
    before = episode.items
    products = properties.get("products")
    if isinstance(products, list):
        episode.items = _listed(products)
        episode.items_complete = True
    elif change == "adds":
        episode.items = _added(before, properties)
    elif change == "removes":
        episode.items = _removed(before, properties)
    _take_in_money(episode, properties)
    return change == "removes" and bool(before) and not episode.items


def total(episode: Episode) -> str | None:
    """The latest value stated, else price x quantity of all items if each has a price."""
    if episode.value is not None:
        return episode.value
    if not episode.items:
        return None
    amount = Decimal(0)
    for item in episode.items:
        price = item.product.get("price")
        if price is None:
            return None
        amount = _EXACT.add(amount, _EXACT.multiply(Decimal(price), Decimal(item.quantity)))
    return decimal_text(amount)


def currency(episode: Episode) -> str | None:
    """The latest currency stated, else that of the items if they agree."""
    if episode.currency is not None:
        return episode.currency
    named = {item.product.get("currency") for item in episode.items}
    return named.pop() if len(named) == 1 else None


def _take_in_money(episode: Episode, properties: Mapping[str, Any]) -> None:
    for field in VALUE_FIELDS:
        stated = properties.get(field)
        value = None if stated is None else number(stated)
        if value is not None:
            episode.value = decimal_text(value)
            break
    named = properties.get("currency")
    if isinstance(named, str) and named:
        episode.currency = named[:TEXT_LENGTH_MAX]


def _listed(products: list[Any]) -> list[Item]:
    items: dict[str, Item] = {}
    for product in products:
        key = _key(product) if isinstance(product, dict) else ""
        if key and (key in items or len(items) < ITEMS_MAX):
            item = _more(items.get(key), key, product)
            if item is not None:
                items[key] = item
    return list(items.values())


def _added(items: list[Item], properties: Mapping[str, Any]) -> list[Item]:
    key = _key(properties)
    present = next((item for item in items if item.key == key), None)
    if not key or (present is None and len(items) >= ITEMS_MAX):
        return items
    item = _more(present, key, properties)
    if item is None:
        return items
    if present is None:
        return [*items, item]
    return [item if one is present else one for one in items]


def _more(present: Item | None, key: str, properties: Mapping[str, Any]) -> Item | None:
    """The item with the quantity of these properties on top; None if that is none."""
    quantity = number(properties.get("quantity"))
    quantity = _ONE if quantity is None else quantity
    if quantity <= 0:
        return present
    product = _product(properties)
    if present is None:
        return Item(key, product, decimal_text(quantity))
    count = _EXACT.add(Decimal(present.quantity), quantity)
    return Item(key, {**present.product, **product}, decimal_text(count))


def _removed(items: list[Item], properties: Mapping[str, Any]) -> list[Item]:
    key = _key(properties)
    taken = number(properties.get("quantity"))
    kept = []
    for item in items:
        left = _less(item, taken) if item.key == key else item
        if left is not None:
            kept.append(left)
    return kept


def _less(item: Item, taken: Decimal | None) -> Item | None:
    if taken is None:
        return None
    left = _EXACT.subtract(Decimal(item.quantity), max(taken, _ZERO))
    return Item(item.key, item.product, decimal_text(left)) if left > 0 else None


def _key(properties: Mapping[str, Any]) -> str:
    for field in KEY_FIELDS:
        text = _text(properties.get(field))
        if text:
            return text
    return ""


def _product(properties: Mapping[str, Any]) -> dict[str, Any]:
    product = {}
    for field in TEXT_FIELDS:
        value = properties.get(field)
        text = _text(value) if value is not None else ""
        if text:
            product[field] = text
    price = number(properties.get("price"))
    if price is not None:
        product["price"] = decimal_text(price)
    return product


def _text(value: object) -> str:
    if isinstance(value, str):
        return value[:TEXT_LENGTH_MAX]
    found = number(value)
    return "" if found is None else decimal_text(found)
