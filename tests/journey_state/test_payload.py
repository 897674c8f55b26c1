"""What a signal says of the cart and the customer, as of its due (semantics 5.9)."""

from __future__ import annotations

from typing import Any

import pytest

from services.contracts.touchpoint import Touchpoint as Record
from services.journey_state.definition import load
from services.journey_state.journey import fold
from services.journey_state.payload import payload
from services.journey_state.touchpoint import Touchpoint
from tests.journey_state.applying import applying
from tests.journey_state.running import a_touchpoint
from tests.journey_state.samples import make

SECOND = 1_000_000
SHOP = load(
    """
journey: test
stages: [{name: s, enter: [{event: S}]}, {name: t, enter: [{event: T}]}]
overlays: [{name: help, opens: {event: Ask}, expires: 8s}, {name: late, opens: {event: T}}]
abandonment:
  - name: cart
    opens: {event: [Add, View]}
    closes: {event: Order}
    adds: {event: Add}
    removes: {event: Remove}
    after: 10s
"""
)


def at(second: int, event: str, **properties: Any) -> Touchpoint:
    return make(second * SECOND, event, properties=properties)


def left(*events: Touchpoint) -> dict[str, Any]:
    """The payload of the first cart that these leave behind."""
    found = fold(SHOP, [*events, make(99 * SECOND, "Nothing")]).journey.episodes[0]
    assert found.abandoned is not None
    return payload(found.abandoned, found, SHOP.abandonment[0])


def items(*events: Touchpoint) -> list[tuple[Any, ...]]:
    found = left(*events)["items"]
    return [
        (one.get("product_id") or one.get("sku") or one["name"], one["quantity"]) for one in found
    ]


@pytest.mark.parametrize(
    ("named", "key"),
    [
        ({"product_id": "p", "sku": "s", "name": "n"}, "p"),
        ({"sku": "s", "name": "n"}, "s"),
        ({"name": "n"}, "n"),
        ({"product_id": "", "sku": None, "name": "n"}, "n"),
    ],
)
def test_an_item_is_known_by_product_id_else_sku_else_name(named: dict[str, Any], key: str) -> None:
    assert items(at(0, "Add", **named), at(1, "Add", **named)) == [(key, "2")]
    both = (at(0, "Add", **named), at(1, "Add", product_id="other"))
    assert items(*both, at(2, "Remove", **named)) == [("other", "1")]


def test_a_list_in_any_event_of_the_episode_replaces_the_items() -> None:
    listed = {"products": [{"product_id": "a", "quantity": 2}, {"product_id": "b"}]}
    assert not left(at(0, "Add", product_id="p"))["items_complete"]
    seen = left(at(0, "Add", product_id="p"), at(1, "View", **listed), at(2, "Add", product_id="a"))
    assert seen["items_complete"]
    assert items(at(0, "Add", product_id="p"), at(1, "View", **listed)) == [("a", "2"), ("b", "1")]
    assert items(at(0, "View", **listed), at(1, "Add", product_id="a")) == [("a", "3"), ("b", "1")]
    # An event that is no part of the episode is none of its list.
    assert items(at(0, "Add", product_id="p"), at(1, "Other", **listed)) == [("p", "1")]


def test_a_removal_takes_off_its_quantity_or_all_and_the_last_item_drops() -> None:
    three = at(0, "Add", product_id="p", quantity=3)
    assert items(three, at(1, "Remove", product_id="p", quantity=2)) == [("p", "1")]
    other = at(1, "Add", product_id="q")
    assert items(three, other, at(2, "Remove", product_id="p")) == [("q", "1")]
    for quantity in ({}, {"quantity": 3}, {"quantity": 9}):
        gone = at(1, "Remove", product_id="p", **quantity)
        assert fold(SHOP, [three, gone]).journey.episodes == []
    # Without a known item there is nothing to empty: it is activity.
    kept = fold(SHOP, [at(0, "View"), at(5, "Remove", product_id="p")]).journey.episodes
    assert [one.due for one in kept] == [15 * SECOND]


@pytest.mark.parametrize(
    ("events", "value"),
    [
        ([{"value": 1, "total": 2, "revenue": 3}], "1"),
        ([{"total": 2, "revenue": 3}], "2"),
        ([{"revenue": 3}], "3"),
        ([{"value": 1}, {"revenue": 3}], "3"),
        ([{"value": 1}, {}], "1"),
        ([{"product_id": "p", "price": 0.1, "quantity": 3}], "0.3"),
        ([{"product_id": "p", "price": "5"}, {"product_id": "q"}], None),
        ([{}], None),
    ],
)
def test_the_value_is_the_latest_stated_else_the_sum_of_the_items(
    events: list[dict[str, Any]], value: str | None
) -> None:
    assert left(*(at(n, "Add", **one) for n, one in enumerate(events)))["value"] == value


@pytest.mark.parametrize(
    ("events", "currency"),
    [
        ([{"currency": "EUR"}, {"currency": "PLN"}], "PLN"),
        ([{"currency": "EUR"}, {}], "EUR"),
        (
            [{"products": [{"name": "a", "currency": "EUR"}, {"name": "b", "currency": "EUR"}]}],
            "EUR",
        ),
        ([{"products": [{"name": "a", "currency": "EUR"}, {"name": "b"}]}], None),
    ],
)
def test_so_is_the_currency(events: list[dict[str, Any]], currency: str | None) -> None:
    assert left(*(at(n, "Add", **one) for n, one in enumerate(events)))["currency"] == currency


def test_the_customer_is_shown_as_of_due() -> None:
    first, last = {"name": "spring"}, {"name": "summer"}
    seen = left(
        make(0, "S", context={"campaign": first, "locale": "en"}),
        make(1 * SECOND, "Ask"),
        at(2, "View"),
        make(5 * SECOND, "Ask"),
        make(12 * SECOND, "Page", context={"campaign": last}, consent={"marketing": True}),
        make(13 * SECOND, "T", context={"campaign": {"name": "too late"}, "locale": "pl"}),
    )
    assert (seen["stage"], seen["locale"]) == ("s", "en")
    assert seen["overlays"] == [
        {"name": "help", "opened_at": 1 * SECOND, "expires_at": 13 * SECOND}
    ]
    assert seen["campaign"] == {"first": first, "last": last}
    assert seen["consent"] == {"marketing": True}
    assert seen["last_touchpoint"]["event"] == "Page"
    assert seen["last_touchpoint"]["at"] == seen["due_at"] == 12 * SECOND
    assert seen["recover_until"] == seen["due_at"] + 7 * 86_400 * SECOND


def added(cart: str, when: float) -> Record:
    return a_touchpoint("Product Added", at=when, user="u", properties={"cart_id": cart})


async def test_a_signal_is_live_until_it_comes_a_minute_after_its_time(database_url: str) -> None:
    due = 30 * 60
    async with applying(database_url) as world:
        await world.take(added("a", 0), added("b", 100), added("c", 200))
        await world.reach(due + 60 + 59)
        await world.reach(due + 100 + 60 + 61)
        # Received an hour late, it is told as soon as can be.
        await world.take(a_touchpoint("Product Added", at=300, received=3900, user="u",
                                      properties={"cart_id": "d"}))  # fmt: skip
        await world.reach(3900 + 60)
        told = [value for kind, value in await world.queued() if kind and "raised" in kind]
    origins = {value["scope"]: value["origin"] for value in told}
    assert origins == {"a": "live", "b": "backlog", "c": "backlog", "d": "live"}
