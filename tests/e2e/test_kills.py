"""Any process killed under load: what was answered 200 has happened, once."""

from __future__ import annotations

from collections import defaultdict

import httpx2
import pytest

from services.journey_state.event import read_touchpoint
from services.journey_state.journey import fold
from tests.e2e.events import somebody, track
from tests.e2e.load import Load
from tests.e2e.stack import Stack
from tests.e2e.topic import by_subscriber_rule, read
from tests.waiting import until

Course = list[tuple[str, str]]
PEOPLE = 12
EVENTS = 60  # taken before, between and after kills


@pytest.mark.parametrize("victims", [("ingest", "worker", "api"), ("kafka", "postgres")])
async def test_kills_under_load_lose_nothing_and_do_nothing_twice(
    stack: Stack, victims: tuple[str, ...]
) -> None:
    load = Load(stack, PEOPLE, seed=len(victims))
    leavers = []
    async with load.running():
        for victim in victims:
            await load.more(EVENTS)
            leavers.append(somebody())
            await stack.send(track("Cart Viewed", user=leavers[-1]))
            await stack.kill(victim)
        await load.more(EVENTS)
    await until(lambda: answers(stack), seconds_max=30)
    await stack.settled()

    expected = await folded(stack, load.people)
    found: dict[str, Course] = {}
    for user in load.people:
        timeline = [one["message_id"] for one in await stack.timeline(user)]
        assert sorted(timeline) == sorted(load.taken[user])
        customer = await stack.customer(user)
        assert customer is not None
        found[user] = [(one["stage"], one["cause"]["message_id"]) for one in customer["history"]]
    assert found == expected
    await check_subscriber(stack, expected)
    await check_signals(stack, leavers)


async def answers(stack: Stack) -> bool:
    """Whether every role is back."""
    try:
        return await stack.is_ready()
    except httpx2.TransportError:
        return False


async def folded(stack: Stack, people: list[str]) -> dict[str, Course]:
    """What the fold says of the records that the touchpoint topic holds."""
    held = defaultdict(list)
    for record in await read(stack.kafka, stack.topics.touchpoints):
        kind, _, user = record.key.partition(":")
        if kind == "user_id" and record.raw is not None:
            held[user].append(read_touchpoint(record.raw).touchpoint)
    return {
        user: [(one.stage, one.message_id) for one in fold(stack.definition, held[user]).history]
        for user in people
    }


async def check_subscriber(stack: Stack, expected: dict[str, Course]) -> None:
    """By the subscriber's rule the topic tells each one's last stage, with no version left out."""
    versions: dict[str, list[int]] = defaultdict(list)
    last: dict[str, str] = {}
    for record in by_subscriber_rule(await read(stack.kafka, stack.topics.stage_changes)):
        user = record.value["identifiers"][0]["value"]
        versions[user].append(record.value["version"])
        last[user] = record.value["current"]
    assert {user: last[user] for user in expected} == {
        user: course[-1][0] for user, course in expected.items()
    }
    for user in expected:
        assert versions[user] == list(range(1, len(versions[user]) + 1))


async def check_signals(stack: Stack, leavers: list[str]) -> None:
    """Each cart that was left while something died is told of once."""
    for user in leavers:
        await stack.signal(user, "raised")
    await stack.settled()
    records = by_subscriber_rule(await read(stack.kafka, stack.topics.signals))
    told = [record.value["identifiers"][0]["value"] for record in records]
    assert [told.count(user) for user in leavers] == [1] * len(leavers)
