"""What clients send moves the shipped journey of a shop: it knows their names and properties."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from services.journey_state.definition import shipped
from services.journey_state.event import read_touchpoint
from services.journey_state.journey import Folded, fold
from tests.ingest.golden_files import FOLDER, Example

SHOP = shipped("ecommerce")


def recorded(name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = Example(FOLDER / f"{name}.json").outcome["touchpoints"]
    return found


def folded(touchpoints: list[dict[str, Any]]) -> Folded:
    return fold(SHOP, [read_touchpoint(msgspec.json.encode(one)).touchpoint for one in touchpoints])


@pytest.mark.parametrize(
    ("example", "stages"),
    [
        ("snowplow/browser_page_view", ["awareness"]),
        ("snowplow/ecommerce_actions", ["consideration", "purchase"]),
        ("snowplow/older_events", ["purchase"]),
        ("posthog/browser_identifies", ["awareness", "purchase"]),
        ("posthog/python_batch", ["consideration", "purchase"]),
        ("ga4/purchase", ["purchase"]),
        ("cloudevents/binary", ["purchase"]),
    ],
)
def test_a_client_moves_its_customer_through_the_stages(example: str, stages: list[str]) -> None:
    assert [row.stage for row in folded(recorded(example)).history] == stages


def carts(touchpoints: list[dict[str, Any]]) -> list[tuple[str | None, dict[str, str], str | None]]:
    """Scope, quantity of each product and value of the carts that are open."""
    return [
        (one.scope, {item.key: str(item.quantity) for item in one.items}, one.value)
        for one in folded(touchpoints).journey.episodes
        if one.rule == "cart"
    ]


def test_what_snowplow_puts_into_a_cart_is_the_cart() -> None:
    touchpoints = recorded("snowplow/ecommerce_actions")
    names = [one["event"] for one in touchpoints]
    before_checkout = touchpoints[: names.index("Product Removed") + 1]
    assert carts(before_checkout) == [("c1", {"p1": "2"}, "55")]
    assert carts(touchpoints) == []


def test_what_ga4_puts_into_a_cart_is_the_cart() -> None:
    touchpoints = recorded("ga4/shop_funnel")
    added = [one for one in touchpoints if one["event"] == "Product Added"]
    assert carts(added) == [("c1", {"p1": "2", "p2": "1"}, None)]
