"""Partitions are made ahead of time, beside the work; the dedupe window is trimmed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import asyncpg
import pytest_asyncio

from services.contracts.times import DAY_US, SECOND_US, from_datetime
from services.journey_state.burying import AGAIN_SECONDS
from services.journey_state.firing import Firings
from services.journey_state.maintenance import Maintenance
from services.journey_state.retention import Retention
from services.journey_state.store import erasures, facts, partitions, progress
from services.journey_state.store.facts import Fact
from services.journey_state.store.pool import Store

LATER = datetime(2031, 12, 31, 23, tzinfo=UTC)
NOON = from_datetime(datetime(2032, 1, 5, 12, tzinfo=UTC))


def a_fact(number: int, at: int) -> Fact:
    key = number.to_bytes(16, "big")
    return Fact(key, key, at, f"m{number}", "shop", at, "website", "page", b"{}")


def a_maintenance(store: Store, dedupe_us: int, now: int) -> Maintenance:
    firings = Firings(grace_us=0, recovery_us=0, clock=lambda: now)
    retention = Retention(store, firings, timeline_us=400 * DAY_US)
    return Maintenance(store, retention, dedupe_us=dedupe_us, clock=lambda: now)


@pytest_asyncio.fixture
async def store(database_url: str) -> AsyncIterator[Store]:
    store = await Store.connect(database_url)
    yield store
    await store.close()


async def names_of(store: Store) -> list[str]:
    async with store.connection() as connection:
        return [one.name for one in await partitions.read_partitions(connection)]


async def where(store: Store) -> list[str]:
    async with store.connection() as connection:
        rows = await connection.fetch("SELECT tableoid::regclass::text FROM timeline ORDER BY 1")
        return [row[0] for row in rows]


async def make(store: Store, now: datetime = LATER) -> int:
    async with store.transaction() as connection:
        return await partitions.make_months(connection, now)


async def test_a_new_database_has_partitions_for_this_month_and_the_next(store: Store) -> None:
    names = await names_of(store)

    now = datetime.now(UTC)
    assert names[0] == "timeline_past"
    assert names[-1] == "timeline_default"
    assert partitions.month_of(now).name in names
    assert len(names) >= 2 + partitions.MONTHS_AHEAD


async def test_months_are_made_across_the_turn_of_the_year_and_only_once(store: Store) -> None:
    assert await make(store) == 3
    assert await make(store) == 0
    names = await names_of(store)
    assert names[-4:] == [
        "timeline_2031_12",
        "timeline_2032_01",
        "timeline_2032_02",
        "timeline_default",
    ]


async def test_several_workers_make_them_at_once(store: Store) -> None:
    made = await asyncio.gather(*(make(store) for _ in range(4)))

    assert sum(made) == 3


async def test_what_fell_into_the_default_partition_is_moved_to_its_month(store: Store) -> None:
    async with store.transaction() as connection:
        await facts.add_to_timeline(connection, [a_fact(1, NOON), a_fact(2, NOON + 90 * DAY_US)])
    assert await where(store) == ["timeline_default"] * 2

    await make(store)

    assert await where(store) == ["timeline_2032_01", "timeline_default"]


async def test_a_partition_in_use_delays_the_making_and_not_the_records(
    store: Store, database_url: str
) -> None:
    other = await asyncpg.connect(database_url)
    reading = other.transaction()
    await reading.start()
    await other.execute("SELECT 1 FROM timeline_default")
    maintenance = a_maintenance(store, DAY_US, from_datetime(LATER))
    stopping = asyncio.Event()
    running = asyncio.create_task(maintenance.run(stopping))
    async with store.transaction() as connection:
        await facts.add_to_timeline(connection, [a_fact(1, NOON)])
    stopping.set()
    await running
    await reading.rollback()
    await other.close()

    assert await where(store) == ["timeline_default"]
    await maintenance.make_months()
    assert await where(store) == ["timeline_2032_01"]


async def test_the_window_is_trimmed_by_the_watermark_and_not_by_the_clock(store: Store) -> None:
    maintenance = a_maintenance(store, 7 * DAY_US, NOON + 1000 * DAY_US)
    async with store.transaction() as connection:
        await facts.admit(connection, [a_fact(n, NOON + n * DAY_US) for n in range(10)])
    await maintenance.trim()
    async with store.transaction() as connection:
        assert await connection.fetchval("SELECT count(*) FROM dedupe") == 10
        await progress.raise_watermark(connection, NOON + 9 * DAY_US + SECOND_US)

    await maintenance.trim()

    async with store.connection() as connection:
        assert await connection.fetchval("SELECT count(*) FROM dedupe") == 7


async def test_what_w_was_is_noted_once_a_minute_and_forgotten_with_the_timeline(
    store: Store,
) -> None:
    async def noted(after: str = "SELECT 1") -> list[int]:
        async with store.transaction() as connection:
            await connection.execute(after)
        await a_maintenance(store, DAY_US, NOON).note()
        async with store.connection() as connection:
            rows = await connection.fetch("SELECT at FROM watermark_history ORDER BY recorded_at")
            return [row[0] for row in rows]

    assert await noted() == []
    async with store.transaction() as connection:
        await progress.raise_watermark(connection, NOON)
    assert await noted() == [NOON]
    async with store.transaction() as connection:
        await progress.raise_watermark(connection, NOON + 1)
    assert await noted() == [NOON]
    earlier = "UPDATE watermark_history SET recorded_at = now() - interval '1 minute'"
    assert await noted(earlier) == [NOON, NOON + 1]
    cut = "UPDATE timeline_cut SET reached_at = now() - interval '5 seconds'"
    assert await noted(cut) == [NOON + 1]


async def test_who_was_erased_an_hour_ago_is_buried_again(store: Store) -> None:
    erased_at = NOON - int(AGAIN_SECONDS * SECOND_US)
    async with store.transaction() as connection:
        for number, at in ((1, erased_at - 1), (2, erased_at)):
            await erasures.add_receipt(connection, [number.to_bytes(16, "big")], at, "{}")
    await a_maintenance(store, DAY_US, NOON).bury()
    await a_maintenance(store, DAY_US, NOON).bury()
    async with store.connection() as connection:
        rows = await connection.fetch("SELECT customer_id, topic, ce_type, value FROM outbox")
    assert [tuple(row) for row in rows] == [((1).to_bytes(16, "big"), 3, "tombstone", None)]
