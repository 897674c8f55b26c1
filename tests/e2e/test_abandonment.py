"""Carts left alone, on the real clock: signals by HTTP and on their topic."""

from __future__ import annotations

from typing import Any

from services.contracts.times import SECOND_US, read_time
from tests.e2e.events import later, now_us, somebody, text, track
from tests.e2e.stack import CART_SECONDS, GRACE_SECONDS, Stack
from tests.e2e.topic import Record, of_customers, read
from tests.waiting import until

SIGNAL = {
    "customer_id",
    "version",
    "journey",
    "definition",
    "published_at",
    "signal_id",
    "revision",
    "rule",
    "scope",
    "opened_at",
    "last_activity_at",
    "due_at",
    "raised_at",
    "recover_until",
    "stage",
    "overlays",
    "open_signals",
    "items",
    "items_complete",
    "value",
    "currency",
    "last_touchpoint",
    "identifiers",
    "consent",
    "locale",
    "campaign",
    "origin",
    "replaces",
    "replaced_by",
    "raised_as",
    "reminder",
    "recovered",
    "cause",
}


def added(user: str, cart: str, *, at: int | None = None) -> dict[str, Any]:
    product = {"product_id": "p1", "name": "Tent", "price": 189.5, "quantity": 2, "currency": "EUR"}
    return track("Product Added", user=user, at=at, properties={"cart_id": cart, **product})


def ordered(user: str, cart: str, *, at: int | None = None) -> dict[str, Any]:
    properties = {"cart_id": cart, "order_id": somebody("o")}
    return track("Order Completed", user=user, at=at, properties=properties)


async def told(stack: Stack, customer_id: str, count: int) -> list[Record]:
    """The customer's records on the signals topic, once there are so many."""

    async def look() -> list[Record] | None:
        found = of_customers(await read(stack.kafka, stack.topics.signals), customer_id)
        return found if len(found) >= count else None

    return await until(look)


async def pass_by(stack: Stack) -> None:
    """The watermark is beyond all that is due by now: a cart that is left later has its signal."""
    later_one = somebody()
    await stack.send(added(later_one, "c"))
    await stack.signal(later_one, "raised")
    await stack.settled()


async def test_a_cart_left_alone_raises_one_signal(stack: Stack) -> None:
    user, cart = somebody(), somebody("cart")
    left = added(user, cart)
    await stack.send(track("Product Viewed", user=user, at=later(now_us(), -1)))
    await stack.send(left, left)
    await stack.send(left)

    signal = await stack.signal(user, "raised")
    await pass_by(stack)

    last_activity = read_time(left["timestamp"])
    (record,) = await told(stack, signal["customer_id"], 1)
    assert record.headers["ce_type"] == "milepost.abandonment.raised.v1"
    assert record.headers["ce_subject"] == record.key == signal["customer_id"]
    assert record.headers["ce_dataschema"] == "/schemas/milepost.abandonment.raised.v1.json"
    value = record.value
    assert set(value) == SIGNAL
    assert (value["rule"], value["scope"], value["revision"]) == ("cart", cart, 1)
    assert (value["version"], value["journey"], value["origin"]) == (1, "shop", "live")
    assert read_time(value["last_activity_at"]) == read_time(value["opened_at"]) == last_activity
    assert read_time(value["due_at"]) == last_activity + CART_SECONDS * SECOND_US
    fires_at = read_time(value["due_at"]) + GRACE_SECONDS * SECOND_US
    assert read_time(value["published_at"]) >= fires_at
    assert read_time(value["raised_at"]) >= fires_at
    assert (value["value"], value["currency"]) == ("379", "EUR")
    (item,) = value["items"]
    assert (item["product_id"], item["name"], item["quantity"]) == ("p1", "Tent", "2")
    assert value["items_complete"] is False
    assert value["last_touchpoint"]["message_id"] == left["messageId"]
    assert (value["stage"], value["identifiers"]) == (
        "consideration",
        [{"kind": "user_id", "value": user}],
    )
    assert (value["reminder"], value["recovered"], value["cause"]) == (None, None, None)
    shared = set(value) & set(signal) - {"version"}
    assert {name: signal[name] for name in shared} == {name: value[name] for name in shared}
    assert (signal["state"], signal["published"], signal["suppressed"]) == ("raised", True, None)
    found = await stack.customer(user)
    assert found is not None
    assert [one["signal_id"] for one in found["signals"]] == [signal["signal_id"]]
    assert [one["rule"] for one in found["episodes"]] == ["consideration_cold"]


async def test_a_purchase_in_time_that_comes_late_retracts(stack: Stack) -> None:
    user, cart = somebody(), somebody("cart")
    left_at = now_us()
    await stack.send(added(user, cart, at=left_at))
    raised = await stack.signal(user, "raised")

    # A telephone that was offline: it happened before `due`, and is sent now.
    bought = ordered(user, cart, at=later(left_at, 1))
    await stack.send(bought, channel="app")

    retracted = await stack.signal(user, "retracted")
    await pass_by(stack)
    assert retracted["signal_id"] == raised["signal_id"]
    first, second = await told(stack, raised["customer_id"], 2)
    assert first.headers["ce_type"] == "milepost.abandonment.raised.v1"
    assert second.headers["ce_type"] == "milepost.abandonment.retracted.v1"
    assert set(second.value) == SIGNAL
    assert second.value["signal_id"] == first.value["signal_id"]
    assert second.value["version"] == 2
    assert second.value["cause"] == {"kind": "late_event", "message_id": bought["messageId"]}
    assert second.value["replaced_by"] is None
    found = await stack.in_stage(user, "purchase")
    assert found["history"][-1]["cause"]["message_id"] == bought["messageId"]


async def test_a_purchase_after_due_recovers(stack: Stack) -> None:
    user, cart = somebody(), somebody("cart")
    await stack.send(added(user, cart))
    raised = await stack.signal(user, "raised")

    bought = ordered(user, cart)
    await stack.send(bought, channel="offline")

    recovered = await stack.signal(user, "recovered")
    await stack.settled()
    _, record = await told(stack, raised["customer_id"], 2)
    assert record.headers["ce_type"] == "milepost.abandonment.recovered.v1"
    bought_at, due = read_time(bought["timestamp"]), read_time(raised["due_at"])
    assert (
        record.value["recovered"]
        == recovered["recovered"]
        == {
            "at": text(bought_at),
            "after_seconds": (bought_at - due) / SECOND_US,
            "event": "Order Completed",
            "channel": "offline",
            "source": "offline",
            "message_id": bought["messageId"],
        }
    )
    assert set(record.value) == SIGNAL


async def test_a_purchase_in_time_raises_nothing(stack: Stack) -> None:
    user, cart = somebody(), somebody("cart")
    at = now_us()
    await stack.send(added(user, cart, at=at), ordered(user, cart, at=later(at, 1)))

    await pass_by(stack)

    found = await stack.in_stage(user, "purchase")
    assert found["signals"] == []
    assert of_customers(await read(stack.kafka, stack.topics.signals), found["customer_id"]) == []


async def test_what_is_waited_for_is_a_deadline_until_it_is_settled(stack: Stack) -> None:
    user = somebody()
    failed = track("Payment Failed", user=user)
    await stack.send(failed)
    await stack.settled()

    (deadline,) = (await stack.ask("/v1/deadlines", customer=user))["items"]
    due = read_time(failed["timestamp"]) + 600 * SECOND_US
    assert (deadline["rule"], read_time(deadline["due_at"])) == ("payment_failed", due)
    assert read_time(deadline["fires_not_before"]) >= due + GRACE_SECONDS * SECOND_US
    assert deadline["held_by"] in (None, "watermark")

    await stack.send(ordered(user, "c"))
    await stack.in_stage(user, "purchase")
    page = await stack.ask("/v1/deadlines", customer=user)
    assert [one["rule"] for one in page["items"]] == ["lapsed"]
