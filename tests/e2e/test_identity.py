"""Anonymous visitors who become known: one customer, with the past."""

from __future__ import annotations

from tests.e2e.events import call, later, now_us, somebody, track
from tests.e2e.stack import Stack
from tests.e2e.topic import by_subscriber_rule, of_customers, read


async def test_a_visitor_who_identifies_brings_the_past(stack: Stack) -> None:
    user, visitor, began = somebody(), somebody("a"), later(now_us(), -600)
    await stack.send(
        call("page", anonymous=visitor, at=began),
        track("Product Viewed", anonymous=visitor, at=later(began, 10)),
    )
    before = await stack.in_stage(f"anonymous_id:{visitor}", "consideration")

    identified = call(
        "identify",
        user=user,
        anonymous=visitor,
        at=later(began, 20),
        traits={"email": f"{user}@Example.com"},
    )
    await stack.send(identified)
    await stack.settled()

    found = await stack.customer(f"email:{user}@example.com")
    assert found is not None
    for name in (visitor, user, f"user_id:{user}", found["customer_id"], before["customer_id"]):
        assert await stack.customer(name) == found
    assert {one["kind"] for one in found["identifiers"]} == {"user_id", "anonymous_id", "email"}
    assert [one["stage"] for one in found["history"]] == ["awareness", "consideration"]
    assert [one["event"] for one in await stack.timeline(user)] == [
        "page",
        "Product Viewed",
        "identify",
    ]


async def test_two_customers_become_one_and_subscribers_are_told(stack: Stack) -> None:
    user, visitor, began = somebody(), somebody("a"), later(now_us(), -600)
    # In the app the person is known; on the website nobody knows so far.
    await stack.send(track("Product Viewed", user=user, at=later(began, 5)), channel="app")
    await stack.send(call("page", anonymous=visitor, at=began))
    known = await stack.in_stage(user, "consideration")
    anonymous = await stack.in_stage(visitor, "awareness")
    assert known["customer_id"] != anonymous["customer_id"]

    await stack.send(call("identify", user=user, anonymous=visitor, at=later(began, 30)))
    await stack.settled()

    found = await stack.customer(visitor)
    assert found is not None
    assert found == await stack.customer(user) == await stack.customer(anonymous["customer_id"])
    assert (found["customer_id"], found["merged_ids"]) == (
        known["customer_id"],
        [anonymous["customer_id"]],
    )
    assert [one["stage"] for one in found["history"]] == ["awareness", "consideration"]
    assert len(await stack.timeline(user)) == 3

    states = await read(stack.kafka, stack.topics.customers)
    *earlier, merged, tombstone = of_customers(states, anonymous["customer_id"])
    assert merged.headers["ce_type"] == "milepost.customer.merged.v1"
    assert (merged.value["from"], merged.value["to"]) == (
        anonymous["customer_id"],
        known["customer_id"],
    )
    assert merged.value["customer_id"] == merged.key == anonymous["customer_id"]
    assert merged.value["version"] == earlier[-1].value["version"] + 1
    assert tombstone.raw is None
    snapshot = of_customers(states, known["customer_id"])[-1].value
    assert snapshot["stage"] == "consideration"
    assert {one["value"] for one in snapshot["identifiers"]} == {user, visitor}

    changes = await read(stack.kafka, stack.topics.stage_changes)
    last = by_subscriber_rule(of_customers(changes, known["customer_id"]))[-1].value
    assert (last["current"], last["correction"]) == ("consideration", True)
    assert last["cause"]["kind"] == "merge"
    assert [one["stage"] for one in last["history"]] == ["awareness", "consideration"]
