"""Repeats and disorder on the way: nothing changes by them."""

from __future__ import annotations

import random
from typing import Any

from tests.e2e.events import call, later, now_us, somebody, text, track
from tests.e2e.stack import Stack
from tests.e2e.topic import Record, by_subscriber_rule, of_customers, read


def a_life(user: str) -> list[dict[str, Any]]:
    """Events of one person, a minute apart; the ids tell their order."""
    began = later(now_us(), -7200)
    events = [
        call("page", name="Home"),
        track("Product Viewed", properties={"product_id": "p1"}),
        call("identify", traits={"email": f"{user}@example.com", "plan": "free"}),
        track("Order Completed", properties={"order_id": f"{user}-1"}),
        track("Support Requested"),
        track("Order Completed", properties={"order_id": f"{user}-2"}),
        track("Order Completed", properties={"order_id": f"{user}-2"}),
        track("Product Reviewed", properties={"rating": 5}),
        call("identify", traits={"plan": "pro"}),
        track("Order Completed", properties={"order_id": f"{user}-3"}),
    ]
    return [
        {
            **event,
            "userId": user,
            "messageId": f"{user}-{number:02}",
            "timestamp": text(later(began, 60 * number)),
        }
        for number, event in enumerate(events)
    ]


async def view(stack: Stack, user: str) -> dict[str, Any]:
    """All that is told of a person, over HTTP and on the topics."""
    await stack.settled()
    found = await stack.customer(user)
    assert found is not None
    topics = (stack.topics.stage_changes, stack.topics.customers)
    records = [
        of_customers(await read(stack.kafka, topic), found["customer_id"]) for topic in topics
    ]
    return {
        "customer": found,
        "timeline": await stack.timeline(user),
        "changes": by_subscriber_rule(records[0]),
        "snapshots": by_subscriber_rule(records[1]),
    }


async def test_what_is_sent_again_changes_nothing(stack: Stack) -> None:
    user = somebody()
    life = a_life(user)
    for event in life:
        await stack.send(event)
    first = await view(stack, user)
    assert first["customer"]["stage"] == "retention"
    assert len(first["timeline"]) == len(life)

    await stack.send(life[3])
    await stack.send(life[3], life[3], life[0])
    await stack.send(*life)
    await stack.send(*reversed(life))

    assert await view(stack, user) == first


async def test_the_order_of_arrival_does_not_matter(stack: Stack) -> None:
    orderly, messy = somebody("orderly"), somebody("messy")
    await stack.send(*a_life(orderly))
    life = a_life(messy)
    chosen = random.Random(4)
    arriving = [*life, *chosen.sample(life, 5)]
    chosen.shuffle(arriving)
    for start in range(0, len(arriving), 3):
        await stack.send(*arriving[start : start + 3])
        await stack.settled()

    expected, found = await view(stack, orderly), await view(stack, messy)

    assert course(found, messy) == course(expected, orderly)
    assert known(found["customer"], messy) == known(expected["customer"], orderly)
    assert [one["message_id"] for one in found["timeline"]] == [one["messageId"] for one in life]
    last = found["changes"][-1].value
    assert (last["current"], last["correction"]) == ("retention", True)
    assert told(last["history"], messy) == course(expected, orderly)
    assert known(state_of(found["snapshots"]), messy) == known(
        state_of(expected["snapshots"]), orderly
    )


def course(view: dict[str, Any], user: str) -> list[tuple[str, str, str]]:
    return told(view["customer"]["history"], user)


def told(history: list[dict[str, Any]], user: str) -> list[tuple[str, str, str]]:
    """Stage, direction, and which of the person's events was the cause."""
    return [
        (one["stage"], one["direction"], one["cause"]["message_id"].removeprefix(user))
        for one in history
    ]


def known(state: dict[str, Any], user: str) -> dict[str, Any]:
    """What two persons of the same life must have in common."""
    overlays = [one["name"] for one in state["overlays"]]
    traits = {name: str(value).replace(user, "") for name, value in state["traits"].items()}
    return {"overlays": overlays, "traits": traits, "counters": state["counters"]}


def state_of(snapshots: list[Record]) -> dict[str, Any]:
    state: dict[str, Any] = snapshots[-1].value
    return state
