"""Journey definitions: what the shipped ones say, and how rules are found."""

from __future__ import annotations

import json
from typing import Any

import jsonschema_rs
import pytest

from services.journey_state.definition import (
    DEFAULT,
    Definition,
    Moment,
    describe,
    journey_schema,
    load,
    shipped,
    shipped_names,
)
from services.journey_state.metrics import WorkerMetrics
from services.journey_state.touchpoint import Touchpoint

MINUTE_US = 60_000_000
DAY_US = 86_400_000_000


def moment(event: str, **known: Any) -> Moment:
    values: dict[str, Any] = {
        "stage": "none",
        "traits": {},
        "counts": {},
        "last_at": {},
        **known,
    }
    touchpoint = Touchpoint(
        occurred_at=100 * DAY_US,
        received_at=100 * DAY_US,
        message_id="m1",
        source="web",
        channel="website",
        call="track",
        event=event,
        identifiers={"user_id": "u1"},
        properties=values.pop("properties", {}),
        context=values.pop("context", {}),
    )
    return Moment(touchpoint=touchpoint, event=event, **values)


def entered(definition: Definition, at: Moment) -> str | None:
    for rule in definition.enter_rules(at.event):
        if (rule.from_stages is None or at.stage in rule.from_stages) and rule.match.holds(at):
            return rule.id
    return None


@pytest.fixture(scope="module")
def shop() -> Definition:
    return shipped()


@pytest.mark.parametrize("name", shipped_names())
def test_shipped_definitions_load_and_come_back_from_their_text(name: str) -> None:
    definition = shipped(name)
    again = load(definition.text)
    assert (again.version, describe(again)) == (definition.version, describe(definition))
    assert len(definition.version) == 16
    assert all({"en", "ru", "pl"} <= stage.labels.keys() for stage in definition.stages)
    json.dumps(describe(definition))


def test_the_default_is_the_shop(shop: Definition) -> None:
    assert DEFAULT == "ecommerce"
    assert {"ecommerce", "saas", "b2b", "demo"} == set(shipped_names())
    assert shop.journey == "shop"
    assert [stage.name for stage in shop.stages] == [
        "awareness", "consideration", "purchase", "retention", "advocacy"
    ]  # fmt: skip
    with pytest.raises(KeyError, match="ecommerce"):
        shipped("nothing")


def test_the_shop_counts_what_its_rules_ask_for(shop: Definition) -> None:
    assert shop.counted == {"Order Completed", "Order Cancelled"}
    assert shop.timed == {"Order Completed"}
    assert shop.passive == {
        *("Email Processed", "Email Deferred", "Email Dropped", "Email Delivered"),
        *("Email Bounced", "Push Delivered", "Live Chat Message Dispatched"),
        *("Live Chat Message Delivered", "Live Chat Message Failed"),
    }


def test_rules_are_found_by_event_in_file_order(shop: Definition) -> None:
    assert [rule.id for rule in shop.enter_rules("Order Completed")] == [
        "first_order",
        "retention[0]",
    ]
    assert [rule.id for rule in shop.enter_rules("Product Viewed")] == [
        "consideration[0]", "consideration[1]"
    ]  # fmt: skip
    assert shop.enter_rules("Nothing") == ()
    assert [rule.name for rule in shop.rules_for("Support Resolved").overlays] == ["support"]
    ordered = shop.rules_for("Order Completed")
    assert [rule.name for rule in ordered.abandonment] == ["cart", "payment_failed"]
    assert (ordered.once is None, ordered.counted, ordered.passive) == (False, True, False)
    assert [rule.name for rule in shop.rules_for("Product Removed").abandonment] == ["cart"]
    assert shop.rules_for("Email Delivered").passive
    assert [rule.name for rule in shop.stage_rules] == ["consideration_cold", "lapsed"]


def test_the_shops_cart_rule(shop: Definition) -> None:
    (cart, *_) = shop.abandonment
    assert (cart.after_us, cart.recover_within_us) == (30 * MINUTE_US, 7 * DAY_US)
    assert cart.remind_us == (DAY_US, 3 * DAY_US)
    assert cart.opens is not None
    assert cart.scope is not None
    full = moment("Cart Viewed", properties={"products": [{}], "cart_id": 7})
    assert cart.opens.holds(full)
    assert cart.scope(full) == "7"
    assert not cart.opens.holds(moment("Cart Viewed", properties={"products": []}))
    assert cart.opens.holds(moment("Cart Viewed", properties={"products": None}))
    assert cart.scope(moment("Cart Viewed")) == ""
    assert shop.overlays[0].expires_us == 14 * DAY_US


def test_the_shops_stages(shop: Definition) -> None:
    orders = {"Order Completed": 1}
    assert entered(shop, moment("page")) == "awareness[0]"
    assert entered(shop, moment("page", stage="purchase")) is None
    assert entered(shop, moment("Order Completed", counts=orders)) == "first_order"
    two = {"Order Completed": 2}
    assert entered(shop, moment("Order Completed", counts=two)) == "retention[0]"
    assert (
        entered(shop, moment("Order Completed", counts=two | {"Order Cancelled": 1}))
        == "first_order"
    )
    later = moment(
        "Product Viewed", stage="purchase", counts=orders, last_at={"Order Completed": 0}
    )
    assert entered(shop, later) == "consideration[1]"
    soon = {"Order Completed": 99 * DAY_US}
    assert (
        entered(shop, moment("Product Viewed", stage="purchase", counts=orders, last_at=soon))
        is None
    )
    assert entered(shop, moment("Product Reviewed", properties={"rating": 3})) is None
    assert entered(shop, moment("Product Reviewed", properties={"rating": 4.5})) == "advocacy[0]"


def test_display_names_take_the_first_match(shop: Definition) -> None:
    path = {"page": {"path": "/product/7"}}
    assert shop.touchpoint_name(moment("page", context=path)) == "Product page"
    assert shop.touchpoint_name(moment("page", context={"page": {"path": "/"}})) == "page"


def test_aliases_concern_track_only_and_names_are_trimmed(shop: Definition) -> None:
    assert shop.canonical("track", " Purchase ") == "Order Completed"
    assert shop.canonical("track", "purchase") == "purchase"
    assert shop.canonical("page", "Purchase") == "Purchase"


def test_the_demo_is_the_shop_with_short_waits(shop: Definition) -> None:
    demo = shipped("demo")
    assert demo.stages[0].name == shop.stages[0].name
    assert demo.abandonment[0].after_us == MINUTE_US
    assert demo.abandonment[1].after_us == 20_000_000
    assert demo.abandonment[0].remind_us[-1] <= 5 * MINUTE_US


def test_the_version_is_the_hash_of_the_content(shop: Definition) -> None:
    windows = "\ufeff" + shop.text.replace("\n", "\r\n") + "\r\n"
    assert load(windows).version == shop.version
    assert load(shop.text.replace("30m", "31m")).version != shop.version


def test_the_description_has_seconds_and_expressions(shop: Definition) -> None:
    described = describe(shop)
    assert described["abandonment"][0]["remind_seconds"] == [86_400, 259_200]
    assert described["abandonment"][0]["scope"] == "properties.cart_id"
    assert described["abandonment"][3]["stage"] == ["advocacy", "purchase", "retention"]
    assert described["overlays"][0]["expires_seconds"] == 1_209_600
    assert described["stages"][0]["enter"][0]["from"] == ["none"]
    assert described["once"] == {"Order Completed": "properties.order_id"}
    assert described["aliases"] == {"Order Completed": ["Completed Order", "Purchase"]}


def test_errors_of_expressions_are_counted_by_place() -> None:
    definition = load(shipped().text)
    assert set(definition.evaluation_errors().values()) == {0}
    assert entered(definition, moment("Product Reviewed", properties={"rating": "good"})) is None
    assert definition.evaluation_errors()["stages[4].enter[0].when"] == 1


def test_errors_of_expressions_are_a_metric() -> None:
    metrics = WorkerMetrics()
    for errors in ({"a.when": 1}, {"a.when": 3, "b.scope": 1}, {"a.when": 3, "b.scope": 1}):
        metrics.count_expression_errors(errors)
    name = "milepost_expression_errors_total"
    assert metrics.registry.get_sample_value(name, {"expression": "a.when"}) == 3
    assert metrics.registry.get_sample_value(name, {"expression": "b.scope"}) == 1


def test_the_published_schema_is_one() -> None:
    jsonschema_rs.meta.validate(journey_schema())


@pytest.mark.parametrize(
    ("text", "micros"),
    [
        ("500ms", 500_000),
        ("1h30m", 90 * MINUTE_US),
        ("2w", 14 * DAY_US),
        ("1d12h", 36 * 60 * MINUTE_US),
    ],
)
def test_durations_combine(text: str, micros: int) -> None:
    rule = f"{{name: a, opens: {{event: x}}, after: {text}}}"
    definition = load(
        f"journey: a\nstages: [{{name: s, enter: [{{event: x}}]}}]\nabandonment: [{rule}]"
    )
    assert definition.abandonment[0].after_us == micros
