"""Copies of an event that come when its key is forgotten, found in the past of their customer."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from services.contracts.times import DAY_US, SECOND_US
from services.contracts.touchpoint import Touchpoint
from services.journey_state.customer import CustomerState, decode_state
from services.journey_state.store import dedupe
from services.journey_state.store.dedupe import BLOCKS_MAX
from tests.journey_state.applying import Applying, applying
from tests.journey_state.running import START_US, a_touchpoint

DAY = DAY_US // SECOND_US


def order(at: float, received: float, **fields: Any) -> Touchpoint:
    fields.setdefault("message_id", "m1")
    if "identifiers" not in fields:
        fields.setdefault("user", "u1")
    return a_touchpoint("Order Completed", at=at, received=received, **fields)


@pytest_asyncio.fixture
async def world(database_url: str) -> AsyncIterator[Applying]:
    async with applying(database_url) as found:
        yield found


async def forget(world: Applying) -> None:
    """Weeks have passed: the window of message keys is empty."""
    await world.reach(40 * DAY)
    async with world.store.transaction() as connection:
        await dedupe.trim(connection, START_US + 33 * DAY_US, 0)
        assert await dedupe.count_blocks(connection) <= BLOCKS_MAX
        assert await connection.fetchval("SELECT count(*) FROM dedupe") == 0


async def stored(world: Applying) -> list[tuple[int, int]]:
    """(occurred, received) of the touchpoints called m1, in days after START_US."""
    rows = await world.execute(
        "SELECT (extract(epoch FROM occurred_at) * 1000000)::bigint, "
        "(extract(epoch FROM received_at) * 1000000)::bigint FROM timeline "
        "WHERE message_id = 'm1' ORDER BY 1"
    )
    return [((at - START_US) // DAY_US, (got - START_US) // DAY_US) for at, got in rows]


async def states(world: Applying) -> list[CustomerState]:
    rows = await world.execute(
        "SELECT state FROM customers WHERE merged_into IS NULL ORDER BY customer_id"
    )
    return [decode_state(state) for (state,) in rows]


@pytest.mark.parametrize("at", [39, 10, 1], ids=["a new time", "an old one", "its own"])
async def test_a_copy_with_another_time_is_the_event_of_before(world: Applying, at: int) -> None:
    await world.take(order(DAY, DAY))
    await forget(world)

    tally = await world.take(order(at * DAY, 39 * DAY))
    assert (tally.applied, tally.duplicates) == (0, 1)
    assert await stored(world) == [(1, 1)]
    (state,) = await states(world)
    assert (state.journey.stage, state.journey.counts["Order Completed"]) == ("purchase", 1)


async def test_a_copy_by_other_identifiers_of_the_customer_is_the_event_of_before(
    world: Applying,
) -> None:
    await world.take(order(DAY, DAY))
    both = {"user_id": "u1", "anonymous_id": "a1"}
    await world.take(order(2 * DAY, 2 * DAY, message_id="m2", identifiers=both))
    await forget(world)

    tally = await world.take(order(39 * DAY, 39 * DAY, identifiers={"anonymous_id": "a1"}))
    assert tally.duplicates == 1
    assert await stored(world) == [(1, 1)]


async def test_a_copy_is_known_to_those_who_were_joined(world: Applying) -> None:
    await world.take(order(DAY, DAY, identifiers={"anonymous_id": "a1"}))
    await world.take(order(2 * DAY, 2 * DAY, message_id="m2"))
    both = {"user_id": "u1", "anonymous_id": "a1"}
    await world.take(order(3 * DAY, 3 * DAY, message_id="m3", identifiers=both))
    await forget(world)

    tally = await world.take(order(39 * DAY, 39 * DAY))
    assert tally.duplicates == 1
    (state,) = await states(world)
    assert state.journey.counts["Order Completed"] == 3


async def test_the_copy_received_first_takes_the_place_of_one_at_another_time(
    world: Applying,
) -> None:
    await world.take(order(30 * DAY, 31 * DAY))
    await forget(world)

    assert (await world.take(order(10 * DAY, 12 * DAY))).applied == 1
    assert await stored(world) == [(10, 12)]
    (state,) = await states(world)
    assert state.journey.counts["Order Completed"] == 1
    assert state.journey.entered_at == START_US + 10 * DAY_US

    # From now on it is this one that others are compared with.
    assert (await world.take(order(39 * DAY, 13 * DAY))).duplicates == 1
    assert await stored(world) == [(10, 12)]


async def test_beyond_the_window_another_customers_event_of_that_id_is_its_own(
    world: Applying,
) -> None:
    await world.take(order(DAY, DAY))
    await forget(world)

    assert (await world.take(order(39 * DAY, 39 * DAY, user="u2"))).applied == 1
    assert await stored(world) == [(1, 1), (39, 39)]


async def test_another_source_may_use_the_id_again(world: Applying) -> None:
    await world.take(order(DAY, DAY))
    await forget(world)

    assert (await world.take(order(39 * DAY, 39 * DAY, source="app"))).applied == 1
    (state,) = await states(world)
    assert state.journey.counts["Order Completed"] == 2
