"""The map's roll-ups tell at every moment what a count over the rows tells."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

import httpx2
import pytest

from services.contracts.times import DAY_US, SECOND_US, format_time, to_datetime
from services.journey_state import map_queries, rolled_map, rolled_queries
from services.journey_state.database import Database
from services.journey_state.filters import Filters, day_begins
from services.journey_state.keys import identifier_key
from services.journey_state.map_queries import Figures
from services.journey_state.people_queries import Asked
from services.journey_state.rolled_periods import SLOT_US, slots_of
from services.journey_state.rolling import Rolling
from services.journey_state.rollup_queries import DAY_SLOTS
from tests.journey_state.asking import get, serving
from tests.journey_state.counting import counted, lives
from tests.journey_state.running import START_US
from tests.journey_state.test_api_map import ALIASED, STAGES, assert_counted, world_of
from tests.journey_state.transacting import HOUR, Transacting, at, event, transacting

DAYS = 12
DAY = 24 * HOUR
MIDNIGHT = (DAY_US - START_US % DAY_US) // SECOND_US  # the first after the start, in seconds
QUARTER = HOUR // 4
# At midnight and every three hours, and about a quarter of an hour around them.
TIMES = [
    time + beside
    for time in range(MIDNIGHT % (3 * HOUR), DAYS * DAY, 3 * HOUR)
    for beside in (-QUARTER, -1, 0, 0, QUARTER - 1)
    if time + beside >= 0
]
END = DAYS * DAY + 13 * HOUR
ALIASES = {"Purchase": "Order"}


class Rolled(Transacting):
    """A world whose roll-ups are kept up by hand."""

    database: Database
    rolling: Rolling

    async def roll(self, steps: int = 100) -> None:
        for _ in range(steps):
            if not await self.rolling.step():
                return

    async def execute(self, statement: str, *values: Any) -> None:
        async with self.store.transaction() as connection:
            await connection.execute(statement, *values)

    async def both(self, period: tuple[int, int]) -> tuple[Figures, Figures | None]:
        """Counted over the rows, and rolled up."""
        start, end = period
        filters = Filters(from_at=start, to_at=end, part_from_at=start, part_to_at=end)
        (newest,) = await self.rows(
            "SELECT definition_id, text FROM definitions ORDER BY 1 DESC LIMIT 1"
        )
        asked = Asked(filters, STAGES, ALIASES)
        async with self.database.reading() as connection:
            rolled = await rolled_map.figures(connection, asked, newest[0], now=at(END))
            return await map_queries.figures(connection, asked), rolled


@asynccontextmanager
async def rolling(url: str) -> AsyncIterator[tuple[Rolled, httpx2.AsyncClient]]:
    async with (
        transacting(url, ALIASED) as world,
        serving(url, clock=lambda: at(END)) as client,
    ):
        rolled = Rolled(world.worker, world.store, world._topic)
        rolled.database = Database.at(url, connections_max=1)
        rolled.rolling = Rolling(world.store, world.worker._firings, lag=lambda: 0)
        yield rolled, client
        await rolled.database.close()


def comparable(figures: Figures) -> Any:
    """What of it must be the same: without what is nobody's, and counts that are not shown."""
    parts = {
        key: (count.people, count.times if key[1] == "ended" else None)
        for key, count in figures.parts.items()
        if count.people
    }
    events = [one for one in figures.touches if one.event is not None]
    channels = {(one.stage, one.channel): one.counted for one in figures.touches if one.channel}
    signals = {(one.stage, one.rule, one.state): one.counted for one in figures.signals}
    by_stage = {
        stage: [e for e in events if e.stage == stage] for stage in {e.stage for e in events}
    }
    return parts, figures.dwell, channels, by_stage, signals


def a_period(chosen: random.Random) -> tuple[int, int]:
    """Of whole days of UTC or elsewhere, from or to the middle of one, or within one."""
    start, end = sorted(chosen.sample(range(-1, DAYS + 2), 2))
    period = [at(MIDNIGHT + day * DAY) for day in (start, end)]
    for n in (0, 1):
        if chosen.random() < 0.6:
            period[n] += chosen.randrange(-47, 48) * QUARTER * SECOND_US + chosen.choice((0, 0, 1))
    return (period[0], period[1]) if period[0] < period[1] else (period[1], period[0] + 1)


async def assert_same(world: Rolled, chosen: random.Random, periods: int) -> int:
    """How many of the periods were told by the roll-ups, each as the rows tell it."""
    told = 0
    for _ in range(periods):
        period = a_period(chosen)
        rows, rolled = await world.both(period)
        if rolled is not None:
            assert comparable(rolled) == comparable(rows), [format_time(one) for one in period]
            told += 1
    return told


async def change(world: Rolled, client: httpx2.AsyncClient, chosen: random.Random) -> None:
    """Something that operators do: an identifier let go, two joined, or somebody erased."""
    device = f"anonymous_id:a{chosen.randrange(9)}"
    match chosen.randrange(4):
        case 0:
            await client.post("/v1/unlinks", json={"identifier": device})
        case 1:
            await client.post(
                "/v1/links", json={"a": device, "b": f"user_id:u{chosen.randrange(4)}"}
            )
        case 2:
            await client.delete(f"/v1/customers/{device}")
        case _:
            await world.pass_time(END + chosen.randrange(9) * HOUR)


@pytest.mark.parametrize("seed", range(2))
async def test_rolled_up_figures_are_those_of_the_rows_at_every_moment(
    database_url: str, seed: int
) -> None:
    chosen = random.Random(seed)
    async with rolling(database_url) as (world, client):
        sent = world_of(chosen, 90, TIMES)
        told = 0
        await world.roll(chosen.randrange(3))
        for start in range(0, len(sent), 10):
            await world.take(*sent[start : start + 10])
            if chosen.random() < 0.6:
                await world.pass_time(chosen.randrange(END))
            if chosen.random() < 0.3:
                await change(world, client, chosen)
            await world.roll(chosen.choice((0, 1, 100)))
            told += await assert_same(world, chosen, 2)
        assert told > 5
        for _ in range(4):
            await change(world, client, chosen)
            told += await assert_same(world, chosen, 3)
        await world.roll()
        assert await assert_same(world, chosen, 8) == 8
        assert not await world.rows("SELECT 1 FROM map_changes")
        await assert_days_elsewhere_are_told(world, chosen)
        await assert_as_by_hand(world, client, chosen)
        # Another definition: first nobody is rolled up by it, then everybody.
        changed = ALIASED.replace("from: [none, look, cart]", "from: [buy]")
        assert (await client.post("/v1/journey", content=changed)).status_code == 200
        assert await assert_same(world, chosen, 3) == 0
        await world.roll()
        assert await assert_same(world, chosen, 4) == 4
        while await world.worker._republishing.step():
            assert await assert_same(world, chosen, 1) == 1
        await world.roll()
        await assert_as_by_hand(world, client, chosen)


async def test_nothing_in_the_sums_is_of_whoever_was_erased(database_url: str) -> None:
    async with rolling(database_url) as (world, client):
        await world.take(*world_of(random.Random(7), 60, TIMES))
        await world.roll()
        found = await get(client, "/v1/customers/user_id:u1")
        theirs = [found["customer_id"], *found["merged_ids"]]
        summed = "SELECT customer_id FROM map_people WHERE customer_id = ANY($1::uuid[])"
        ids = [bytes.fromhex(one.replace("-", "")) for one in theirs]
        assert await world.rows(summed, ids)
        await world.take(event("Order", END, identifiers={"user_id": "u1"}))
        assert (await client.delete("/v1/customers/user_id:u1")).status_code == 200
        assert not await world.rows(summed, ids)
        gone = (identifier_key("user_id", "u1"), ids)
        noted = (
            "SELECT 1 FROM map_changes WHERE identifier_key = $1 OR customer_id = ANY($2::uuid[])"
        )
        assert not await world.rows(noted, *gone)
        assert await assert_same(world, random.Random(7), 5) == 5
        await world.roll()
        assert await assert_same(world, random.Random(7), 5) == 5


ZONES = ("Europe/Warsaw", "Asia/Kathmandu", "America/St_Johns", "Pacific/Auckland")


async def assert_days_elsewhere_are_told(world: Rolled, chosen: random.Random) -> None:
    """By the sums alone: nobody is looked up."""
    for name in ZONES:
        first = to_datetime(at(MIDNIGHT + chosen.randrange(DAYS) * DAY)).date()
        days = (first, first + timedelta(days=chosen.randrange(1, 5)))
        start, end = (day_begins(day, ZoneInfo(name)) for day in days)
        filters = Filters(from_at=start, to_at=end, part_from_at=start, part_to_at=end)
        slots = slots_of(filters, at(END), None)
        assert slots is not None
        async with world.database.reading() as connection:
            assert await rolled_queries.looked_up(connection, filters, slots) == []
        rows, rolled = await world.both((start, end))
        assert rolled is not None
        assert comparable(rolled) == comparable(rows), (name, first)


def test_days_of_every_zone_begin_with_a_slot() -> None:
    for name in available_timezones() - {"UTC"}:
        for month in range(1, 13):
            start, end = (day_begins(date(2026, month, n), ZoneInfo(name)) for n in (1, 28))
            filters = Filters(from_at=start, to_at=end, part_from_at=start, part_to_at=end)
            slots = slots_of(filters, end + 2 * DAY_US, None)
            assert slots is not None
            assert (slots.first * SLOT_US, slots.last * SLOT_US) == (start, end), name
            # The next midnight of UTC is no further than that.
            assert all(e.last - e.first <= DAY_SLOTS / 2 for e in (slots.opening, slots.closing))


def test_nothing_between_now_and_the_end_of_the_day_is_added_up() -> None:
    start, now = at(MIDNIGHT), at(MIDNIGHT + 3 * DAY + 100 * 60 + 1)
    filters = Filters(from_at=start, to_at=now, part_from_at=start, part_to_at=now)
    slots = slots_of(filters, now, None)
    assert slots is not None
    assert slots.last * SLOT_US >= now
    assert slots.last_day * DAY_US >= now


async def assert_as_by_hand(
    world: Rolled, client: httpx2.AsyncClient, chosen: random.Random
) -> None:
    rows = await world.rows("SELECT customer_id FROM customers WHERE merged_into IS NULL")
    known = await lives(client, [row[0].hex() for row in rows])
    start, end = a_period(chosen)
    assert (await world.both((start, end)))[1] is not None
    answer = await get(client, "/v1/map", **{"from": format_time(start), "to": format_time(end)})
    assert_counted(answer, counted(known, STAGES, start, end, {}))


async def test_what_retention_has_cut_is_not_asked_of_the_sums(database_url: str) -> None:
    async with rolling(database_url) as (world, _):
        await world.take(*world_of(random.Random(3), 60, TIMES))
        await world.roll()
        cut, end = at(MIDNIGHT + 4 * DAY), at(MIDNIGHT + 11 * DAY)
        await world.execute(
            "UPDATE timeline_cut SET phase = 'dropping', declared_at = $1, reached_at = $1", cut
        )
        await world.execute("DELETE FROM timeline_past WHERE occurred_at < $1", cut)
        before = (cut - DAY_US, end)
        assert (await world.both(before))[1] is None
        for start in (cut, cut + HOUR * SECOND_US):
            rows, rolled = await world.both((start, end))
            assert rolled is not None
            assert comparable(rolled) == comparable(rows)
