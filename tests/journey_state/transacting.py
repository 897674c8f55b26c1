"""Batches applied to a real database without Kafka, W set by hand, and what is queued."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

import msgspec

from services.contracts import touchpoint as wire
from services.contracts.times import SECOND_US, read_time
from services.contracts.touchpoint import Touchpoint, record_key
from services.journey_state.active import activate
from services.journey_state.definition import load
from services.journey_state.event import Record
from services.journey_state.intake import Batch
from services.journey_state.publication import TopicCode
from services.journey_state.store import progress
from services.journey_state.store.pool import Store
from services.journey_state.worker import Worker
from services.settings import DatabaseSettings, Settings
from tests.journey_state.running import START_US, a_touchpoint

JOURNEY = """
journey: test
once: {Order: properties.order_id}
passive: [Mail]
stages:
  - {name: look, enter: [{event: [page, Mail], from: [none]}]}
  - {name: cart, enter: [{event: [Add, View], from: [none, look, cart]}]}
  - {name: buy, enter: [{event: Order}]}
  - {name: back, enter: [{event: Return, when: 'count("Return") > 0'}]}
overlays:
  - {name: help, opens: {event: Ask}, closes: {event: Solved}, expires: 1h}
abandonment:
  - name: cart
    opens: {event: [Add, View]}
    closes: {event: Order}
    drops: {event: Empty}
    adds: {event: Add}
    removes: {event: Remove}
    scope: properties.cart
    after: 10m
    remind: [1h, 2h, 3h]
    recover_within: 3h
  - {name: paid, opens: {event: Failed}, closes: {event: Order}, after: 10m}
"""
MINUTE = 60
HOUR = 60 * MINUTE
GRACE = 60
CLOSE = 3  # touchpoints between checkpoints: late ones are folded on from one as often as not
SIGNAL_PREFIX = "milepost.abandonment."


class Told(NamedTuple):
    """A message in the outbox."""

    topic: int
    kind: str  # `ce_type` without what all of its topic share
    version: int
    customer: str
    value: dict[str, Any]  # {} of a tombstone


def at(seconds: float) -> int:
    """The instant so many seconds after the start, in microseconds."""
    return START_US + int(seconds * SECOND_US)


def seconds(text: str) -> float:
    """The other way: a time in a message as seconds after the start."""
    return (read_time(text) - START_US) / SECOND_US


def event(name: str, when: float, **fields: Any) -> Touchpoint:
    """A touchpoint of user `u`, `when` seconds after the start; a page by its call."""
    if "identifiers" not in fields:
        fields.setdefault("user", "u")
    if name == "page":
        fields.setdefault("type", "page")
    return a_touchpoint(name, at=when, **fields)


class Transacting:
    """A worker's work without its loops: one call is one transaction."""

    def __init__(self, worker: Worker, store: Store, topic: str) -> None:
        self.worker = worker
        self.store = store
        self._topic = topic
        self._offsets = itertools.count()
        self._seen = 0

    async def take(self, *touchpoints: Touchpoint) -> list[Told]:
        """Apply these as one batch; gives what it queued, in order."""
        records = [
            Record(0, next(self._offsets), START_US, record_key(t.identifiers), wire.encode(t), ())
            for t in touchpoints
        ]
        moves = {0: (records[0].offset, records[-1].offset + 1)}
        await self.worker._process(Batch(records, moves), None)
        return await self.told()

    async def pass_time(self, to: float) -> list[Told]:
        """Raise W to so many seconds after the start and fire what is due."""
        async with self.store.transaction() as connection:
            await progress.raise_watermark(connection, at(to))
        while await self.worker._deadlines.fire():
            pass
        return await self.told()

    async def told(self) -> list[Told]:
        """What was queued since the last call."""
        rows = await self.rows(
            "SELECT outbox_id, topic, ce_type, version, customer_id, value FROM outbox "
            "WHERE outbox_id > $1 ORDER BY outbox_id",
            self._seen,
        )
        if rows:
            self._seen = rows[-1][0]
        return [
            Told(
                row[1],
                row[2].removeprefix(SIGNAL_PREFIX).removeprefix("milepost.").removesuffix(".v1"),
                row[3],
                row[4].hex(),
                msgspec.json.decode(row[5]) if row[5] else {},
            )
            for row in rows
        ]

    async def rows(self, query: str, *values: Any) -> list[Any]:
        """Rows as the worker's connections read them: integer times, 16-byte ids."""
        async with self.store.transaction() as connection:
            found: list[Any] = await connection.fetch(query, *values)
            return found

    async def wipe(self) -> None:
        """Nothing has come yet; offsets go on."""
        async with self.store.transaction() as connection:
            await connection.execute(
                "TRUNCATE customers, identifiers, ownership_periods, conflicts, dedupe, timeline, "
                "stage_history, signals, timers, outbox, intermediate_checkpoints, "
                "map_cells, map_counts, map_slots, map_returns, map_dwells, map_people, map_changes"
            )
            await connection.execute("UPDATE watermark SET at = NULL")

    async def signals(self) -> list[Any]:
        """The rows of all signals by their due time."""
        return await self.rows("SELECT * FROM signals ORDER BY due_at, rule, scope")


def signals_of(told: list[Told]) -> list[Told]:
    """The abandonment records among them."""
    return [one for one in told if one.topic == TopicCode.SIGNALS]


def changes_of(told: list[Told]) -> list[Told]:
    """The stage changes among them."""
    return [one for one in told if one.topic == TopicCode.STAGE_CHANGES]


def states_of(told: list[Told]) -> list[Told]:
    """The snapshots, merges and tombstones among them."""
    return [one for one in told if one.topic == TopicCode.CUSTOMERS]


@asynccontextmanager
async def transacting(url: str, journey: str = JOURNEY) -> AsyncIterator[Transacting]:
    """A worker on this database, with this definition in force."""
    settings = Settings(database=DatabaseSettings(url=url))
    definition = load(journey)
    store = await Store.connect(url)
    try:
        await activate(store, definition, definition)
        worker = Worker(settings, store, checkpoint_every=CLOSE)
        topic = settings.kafka.topics.touchpoints
        async with store.transaction() as connection:
            await progress.begin_offsets(connection, topic, [0])
        yield Transacting(worker, store, topic)
    finally:
        await store.close()
