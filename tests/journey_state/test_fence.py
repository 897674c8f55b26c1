"""A batch moves its offsets and does its work in one transaction, or neither (semantics 7.1)."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from services.contracts import touchpoint as wire
from services.contracts.touchpoint import record_key
from services.journey_state.event import Record
from services.journey_state.intake import Batch
from services.journey_state.store.progress import FenceLostError
from tests.journey_state.running import START_US
from tests.journey_state.transacting import Transacting, event, transacting


def batch(lo: int, *names: str) -> Batch:
    """Events of user `u` from this offset on."""
    found = [event(name, lo + n) for n, name in enumerate(names)]
    records = [
        Record(0, lo + n, START_US, record_key(one.identifiers), wire.encode(one), ())
        for n, one in enumerate(found)
    ]
    return Batch(records, {0: (lo, lo + len(records))})


async def effects(world: Transacting) -> list[Any]:
    (row,) = await world.rows(
        """
        SELECT (SELECT next_offset FROM consumer_offsets), (SELECT count(*) FROM timeline),
          (SELECT count(*) FROM dedupe), (SELECT count(*) FROM customers),
          (SELECT count(*) FROM stage_history), (SELECT count(*) FROM outbox)
        """
    )
    return list(row)


async def test_a_batch_that_another_worker_has_moved_past_does_nothing(database_url: str) -> None:
    async with transacting(database_url) as world:
        process = world.worker._process
        await process(batch(0, "page", "View"), None)
        done = await effects(world)
        assert done == [2, 2, 2, 1, 2, 3]
        for late in (batch(0, "page", "View"), batch(1, "Order"), batch(5, "Order")):
            with pytest.raises(FenceLostError):
                await process(late, None)
        assert await effects(world) == done


async def test_of_two_workers_with_one_batch_one_does_it(database_url: str) -> None:
    async with transacting(database_url) as one, transacting(database_url) as other:
        ended = await asyncio.gather(
            one.worker._process(batch(0, "page", "Order"), None),
            other.worker._process(batch(0, "page", "Order"), None),
            return_exceptions=True,
        )
        assert sorted(isinstance(end, FenceLostError) for end in ended) == [False, True]
        assert await effects(one) == [2, 2, 2, 1, 2, 3]


async def test_offsets_dead_letters_and_state_are_kept_together(database_url: str) -> None:
    async with transacting(database_url) as world:
        found = batch(0, "page", "Order")
        found.records[0] = found.records[0]._replace(value=b"{}")
        await world.worker._process(found, None)
        assert (await effects(world))[:2] == [2, 1]
        (letter,) = await world.rows("SELECT record_offset, value, reason FROM dead_letters")
    assert tuple(letter) == (0, b"{}", "undecodable")
