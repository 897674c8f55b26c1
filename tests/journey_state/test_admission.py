"""Of all copies of an event the one received first counts, also when its key is forgotten."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from services.contracts import touchpoint
from services.contracts.times import DAY_US, SECOND_US
from services.journey_state.admission import Window, admit
from services.journey_state.event import Arrival, read_touchpoint
from services.journey_state.store import dedupe, facts
from services.journey_state.store.pool import Connection, Store
from tests.journey_state.running import START_US, a_touchpoint

DAY = DAY_US // SECOND_US
# W stands 20 days after START_US, so what was received in the first 13 days is forgotten.
WINDOW = Window.at(START_US + 20 * DAY_US, 7 * DAY_US)


def arrival(*, at: float, received: float, **fields: Any) -> Arrival:
    fields.setdefault("message_id", "m1")
    fields.setdefault("user", "u1")
    one = a_touchpoint("page", at=at, received=received, **fields)
    return read_touchpoint(touchpoint.encode(one))


@pytest_asyncio.fixture
async def connection(database_url: str) -> AsyncIterator[Connection]:
    store = await Store.connect(database_url)
    async with store.transaction() as connection:
        yield connection
    await store.close()


async def take(connection: Connection, *arrivals: Arrival) -> tuple[int, set[str]]:
    """How many of them count, and which of those replace another."""
    fresh, replacing = await admit(connection, arrivals, WINDOW)
    await facts.add_to_timeline(connection, [one.fact for one in fresh])
    return len(fresh), set(replacing)


async def forget(connection: Connection) -> int:
    before = START_US + 13 * DAY_US
    return await dedupe.trim(connection, before, 0)


async def stored(connection: Connection) -> list[int]:
    """When what stands in the timeline was received, in days after START_US."""
    rows = await connection.fetch("SELECT received_at FROM timeline ORDER BY 1")
    return [(row[0] - START_US) // DAY_US for row in rows]


async def test_a_copy_within_the_window_is_known_across_midnight_and_customers(
    connection: Connection,
) -> None:
    assert await take(connection, arrival(at=1, received=19 * DAY - 1)) == (1, set())
    assert await take(connection, arrival(at=1, received=19 * DAY + 1)) == (0, set())
    other = arrival(at=1, received=19 * DAY + 2, user="u2")
    assert await take(connection, other) == (0, set())


async def test_what_is_beyond_the_window_is_forgotten_and_nothing_else(
    connection: Connection,
) -> None:
    await take(connection, arrival(at=1, received=12 * DAY))
    await take(connection, arrival(at=1, received=14 * DAY, message_id="m2"))

    assert await forget(connection) == 1
    assert await connection.fetchval("SELECT count(*) FROM dedupe") == 1
    assert await dedupe.count_blocks(connection) == 1


async def test_a_copy_of_a_forgotten_event_is_found_in_the_timeline(
    connection: Connection,
) -> None:
    await take(connection, arrival(at=1, received=2 * DAY))
    await forget(connection)

    assert await take(connection, arrival(at=1, received=20 * DAY)) == (0, set())
    assert await take(connection, arrival(at=1, received=21 * DAY)) == (0, set())
    assert await stored(connection) == [2]


async def test_of_a_forgotten_event_the_copy_received_first_counts_still(
    connection: Connection,
) -> None:
    await take(connection, arrival(at=1, received=3 * DAY))
    await forget(connection)

    assert await take(connection, arrival(at=1, received=2 * DAY)) == (1, {"m1"})
    assert await take(connection, arrival(at=1, received=20 * DAY)) == (0, set())
    assert await stored(connection) == [2]


async def test_a_copy_after_a_found_one_is_compared_with_the_one_that_counts(
    connection: Connection,
) -> None:
    await take(connection, arrival(at=1, received=3 * DAY))
    await forget(connection)
    await take(connection, arrival(at=1, received=20 * DAY))

    # Between the two: it must not take the place of the one received first.
    assert await take(connection, arrival(at=1, received=4 * DAY)) == (0, set())
    assert await stored(connection) == [3]


@pytest.mark.parametrize(
    "fields",
    [
        {"at": 5.5},
        {"at": 1, "identifiers": {"anonymous_id": "a1"}},
    ],
    ids=["whose clock was corrected otherwise", "with one more identifier"],
)
async def test_a_copy_that_stands_elsewhere_is_found(
    connection: Connection, fields: dict[str, Any]
) -> None:
    anonymous = arrival(at=1, received=2 * DAY, user=None, identifiers={"anonymous_id": "a1"})
    known = arrival(at=1, received=2 * DAY)
    await take(connection, anonymous if "identifiers" in fields else known)
    await forget(connection)

    assert await take(connection, arrival(received=20 * DAY, **fields)) == (0, set())


async def test_another_event_at_the_same_time_is_no_copy(connection: Connection) -> None:
    await take(connection, arrival(at=1, received=2 * DAY))
    await forget(connection)

    assert await take(connection, arrival(at=1, received=2 * DAY, message_id="m2")) == (1, set())
    assert await take(connection, arrival(at=1, received=2 * DAY, source="app")) == (1, set())
