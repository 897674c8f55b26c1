"""Items and money: decimal strings without float artifacts, within bounds."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.journey_state.episodes import Episode, Item
from services.journey_state.items import (
    ITEMS_MAX,
    TEXT_LENGTH_MAX,
    Change,
    currency,
    decimal_text,
    number,
    take_in,
    total,
)

EPISODE_BYTES_MAX = 2_000_000


def episode() -> Episode:
    return Episode(
        rule="cart",
        scope="",
        opened_at=0,
        due=1,
        last_at=0,
        last_received_at=0,
        last_source="web",
        last_message_id="m",
    )


def after(*events: tuple[Change | None, dict[str, Any]]) -> Episode:
    found = episode()
    for change, properties in events:
        take_in(found, properties, change)
    return found


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (49.9, "49.9"),
        (0.1, "0.1"),
        (1e-7, "0.0000001"),
        (100.0, "100"),
        (1200, "1200"),
        ("49.90", "49.9"),
        (" 5 ", "5"),
        ("1e3", "1000"),
        (-2, "-2"),
        (0, "0"),
        ("-0.0", "0"),
    ],
)
def test_numbers_become_short_decimal_text(value: object, text: str) -> None:
    found = number(value)
    assert found is not None
    assert decimal_text(found) == text


@pytest.mark.parametrize(
    "value",
    [None, True, [], {}, "", "ten", "NaN", "Infinity", "1_000", "٣", "1e999999", "1e400", "9" * 41,
     10**200, float("inf"), float("nan")],
)  # fmt: skip
def test_what_is_no_number(value: object) -> None:
    assert number(value) is None


def test_adding_and_removing() -> None:
    cart = after(
        ("adds", {"product_id": "p", "price": 19.99, "quantity": 2, "name": "Pen"}),
        ("adds", {"product_id": "p", "quantity": "1"}),
        ("adds", {"sku": 7, "price": "0.10"}),
        ("removes", {"product_id": "p", "quantity": 1}),
        ("removes", {"product_id": "unknown"}),
        (None, {"currency": "PLN"}),
    )
    assert cart.items == [
        Item("p", {"product_id": "p", "name": "Pen", "price": "19.99"}, "2"),
        Item("7", {"sku": "7", "price": "0.1"}, "1"),
    ]
    assert not cart.items_complete
    assert total(cart) == "40.08"
    assert currency(cart) == "PLN"


def test_a_list_replaces_what_was_known() -> None:
    products = [{"product_id": "a", "price": 1, "currency": "EUR"}, {"no": "key"}, 5,
                {"product_id": "b", "quantity": 0}, {"product_id": "a", "quantity": 2}]  # fmt: skip
    cart = after(("adds", {"product_id": "p"}), (None, {"products": products}))
    assert [(item.key, item.quantity) for item in cart.items] == [("a", "3")]
    assert cart.items_complete
    assert total(cart) == "3"
    assert currency(cart) == "EUR"


def test_taking_off_the_last_known_item_is_told() -> None:
    cart = after(("adds", {"product_id": "p", "quantity": 2}))
    assert not take_in(cart, {"product_id": "q"}, "removes")
    assert not take_in(cart, {"product_id": "p", "quantity": 1}, "removes")
    assert take_in(cart, {"product_id": "p"}, "removes")
    assert not take_in(cart, {"product_id": "p"}, "removes")


def test_the_latest_value_wins_and_the_preference_is_within_one_event() -> None:
    assert after((None, {"value": 5}), (None, {"revenue": 7, "total": 6})).value == "6"
    assert after((None, {"value": 5}), (None, {"value": "free"})).value == "5"


def test_without_all_prices_there_is_no_value() -> None:
    assert total(after(("adds", {"product_id": "p", "price": 1}), ("adds", {"sku": "s"}))) is None
    assert total(after()) is None
    assert currency(after()) is None


def test_hostile_products_stay_small() -> None:
    long = "x" * 10_000
    products = [{"product_id": f"{n}", "name": long, "deep": {"x": [long]}} for n in range(900)]
    cart = after((None, {"products": products}))
    for n in range(300):
        take_in(cart, {"product_id": f"more {n}", "price": 1}, "adds")
    assert len(cart.items) == ITEMS_MAX
    assert len(cart.items[0].product["name"]) == TEXT_LENGTH_MAX
    assert len(msgspec.msgpack.encode(cart)) < EPISODE_BYTES_MAX


scalars = st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats() | st.text()
names = st.sampled_from(["product_id", "sku", "price", "quantity", "value", "currency"])
flat = st.dictionaries(names, scalars, max_size=4)
with_products = st.builds(
    lambda one, products: {**one, "products": products}, flat, st.lists(flat, max_size=3) | scalars
)


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["adds", "removes", None]),
            flat | with_products,
        ),
        max_size=4,
    )
)
def test_any_properties_are_taken(events: list[tuple[Change | None, dict[str, Any]]]) -> None:
    cart = after(*events)
    assert all(Decimal(item.quantity) > 0 for item in cart.items)
    assert total(cart) is None or Decimal(total(cart) or "0").is_finite()
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(cart), type=Episode) == cart
