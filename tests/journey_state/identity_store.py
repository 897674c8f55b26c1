"""Batches applied to a real store without Kafka, and what identity made of them there."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import asyncpg
from uuid_utils import uuid7

from services.contracts import touchpoint as wire
from services.contracts.times import DAY_US, SECOND_US
from services.contracts.touchpoint import Touchpoint
from services.journey_state.active import activate
from services.journey_state.connected import StaleReadError
from services.journey_state.customer import CustomerState, decode_state
from services.journey_state.definition import shipped
from services.journey_state.event import Record
from services.journey_state.firing import Firings
from services.journey_state.intake import Batch, Intake, Spans, Tally
from services.journey_state.linking import link, unlink
from services.journey_state.operator import Act
from services.journey_state.owners import IdentityBounds
from services.journey_state.ownership import Link, Unlink
from services.journey_state.store import progress
from services.journey_state.store.pool import TRANSIENT, Store
from services.journey_state.touchpoint import BEGINNING, Identifier, Place

TOPIC = "touchpoints"
PARTITIONS = 4
RETRIES_MAX = 30


class Stand:
    """A store and what applies batches to it, as a worker's lane does."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.now = 0
        self.firings = Firings(
            grace_us=60 * SECOND_US,
            recovery_us=SECOND_US,
            clock=lambda: self.now,
            checkpoint_every=3,  # so that late ones are folded on from one as often as not
        )
        self._next = dict.fromkeys(range(PARTITIONS), 0)

    async def apply(
        self,
        touchpoints: Sequence[Touchpoint],
        *,
        bounds: IdentityBounds = IdentityBounds(),  # noqa: B008 - frozen
        partition: int = 0,
    ) -> Tally:
        """One batch, tried again like a consumer does."""
        low = self._next[partition]
        records = [
            Record(partition, low + n, 0, None, wire.encode(touchpoint), ())
            for n, touchpoint in enumerate(touchpoints)
        ]
        batch = Batch(records, {partition: (low, low + len(records))})
        intake = Intake(
            self.store,
            TOPIC,
            self.firings,
            bounds=bounds,
            spans=Spans(gap_us=30 * SECOND_US, dedupe_us=7 * DAY_US),
            new_id=lambda: uuid7().bytes,
        )
        for attempt in range(RETRIES_MAX):
            try:
                tally = await intake.process(batch)
            except (StaleReadError, *TRANSIENT):
                await asyncio.sleep(0.001 * attempt)
            else:
                self._next[partition] += len(records)
                return tally
        raise AssertionError("the batch was stale again and again")

    async def operate(
        self,
        fact: Link | Unlink,
        bounds: IdentityBounds = IdentityBounds(),  # noqa: B008
    ) -> None:
        """What an operator does at the time of the fact."""
        self.now = fact.at
        async with self.store.transaction() as connection:
            conclusion = await self.firings.begin(connection)
            act = Act(connection, conclusion.journeys, conclusion, bounds)
            if isinstance(fact, Link):
                await link(act, fact.a, fact.b)
            else:
                await unlink(act, fact.identifier)


@asynccontextmanager
async def a_stand(url: str) -> AsyncIterator[Stand]:
    store = await Store.connect(url)
    await activate(store, None, shipped())
    async with store.connection() as connection:
        await progress.begin_offsets(connection, TOPIC, range(PARTITIONS))
    try:
        yield Stand(store)
    finally:
        await store.close()


@dataclass
class Kept:
    """What the store holds of identifiers whose values begin with a prefix."""

    prefix: str
    owner: dict[Identifier, bytes] = field(default_factory=dict)
    moves: dict[Identifier, int] = field(default_factory=dict)
    periods: dict[Identifier, list[tuple[Place | None, bytes]]] = field(default_factory=dict)
    conflicts: dict[tuple[Identifier, bytes, bytes, str], tuple[int, int, int]] = field(
        default_factory=dict
    )
    states: dict[bytes, CustomerState] = field(default_factory=dict)
    merged: dict[bytes, bytes] = field(default_factory=dict)
    histories: dict[bytes, list[str]] = field(default_factory=dict)
    snapshots: dict[bytes, bool] = field(default_factory=dict)  # False: a tombstone stands last

    def owner_at(self, identifier: Identifier, place: Place) -> bytes:
        """Whose a touchpoint with this primary identifier is."""
        owner = self.owner[identifier]
        for begins, other in self.periods[identifier]:
            if begins is None or begins <= place:
                owner = other
        return owner


async def kept(store: Store, prefix: str) -> Kept:
    """Read everything about the identifiers of one example."""
    found = Kept(prefix)
    async with store.connection() as c:
        rows = await c.fetch(
            "SELECT identifier_key, kind, value, customer_id, moves FROM identifiers "
            "WHERE starts_with(value, $1)",
            prefix,
        )
        named = {row[0]: (row[1], row[2][len(prefix) :]) for row in rows}
        for key, _, _, customer_id, moves in rows:
            if customer_id is not None:
                identifier = named[key]
                found.owner[identifier], found.moves[identifier] = customer_id, moves
                found.periods[identifier] = [(None, customer_id)]
        await _read_periods(c, found, named)
        await _read_customers(c, found)
        await _read_conflicts(c, found, named)
    return found


async def _read_periods(c: Any, found: Kept, named: dict[bytes, Identifier]) -> None:
    moved: dict[Identifier, list[tuple[Place | None, bytes]]] = defaultdict(list)
    for key, at, message_id, source, customer_id in await c.fetch(
        "SELECT * FROM ownership_periods WHERE identifier_key = ANY($1::uuid[]) "
        "ORDER BY from_at, from_message_id, from_source",
        list(named),
    ):
        place = (at, message_id, source)
        moved[named[key]].append((None if place == BEGINNING else place, customer_id))
    found.periods.update(moved)


async def _read_customers(c: Any, found: Kept) -> None:
    live = list({o for held in found.periods.values() for _, o in held})
    for customer_id, state, merged_into in await c.fetch(
        "SELECT customer_id, state, merged_into FROM customers "
        "WHERE customer_id = ANY($1::uuid[]) OR merged_into = ANY($1::uuid[])",
        live,
    ):
        found.states[customer_id] = decode_state(state)
        if merged_into is not None:
            found.merged[customer_id] = merged_into
    for customer_id in live:
        found.histories[customer_id] = []
    for customer_id, message_id in await c.fetch(
        "SELECT customer_id, message_id FROM stage_history WHERE superseded_at IS NULL "
        "AND customer_id = ANY($1::uuid[]) ORDER BY entered_at, message_id, source",
        list(found.states),
    ):
        found.histories.setdefault(customer_id, []).append(message_id)
    for customer_id, snapshot in await c.fetch(
        "SELECT DISTINCT ON (customer_id) customer_id, value IS NOT NULL FROM outbox "
        "WHERE topic = 3 AND customer_id = ANY($1::uuid[]) ORDER BY customer_id, version DESC",
        list(found.states),
    ):
        found.snapshots[customer_id] = snapshot


async def _read_conflicts(c: Any, found: Kept, named: dict[bytes, Identifier]) -> None:
    for key, one, other, reason, times, first, last in await c.fetch(
        "SELECT identifier_key, from_customer_id, to_customer_id, reason, count, first_at, last_at "
        "FROM conflicts WHERE identifier_key = ANY($1::uuid[])",
        list(named),
    ):
        ends = (found.merged.get(one, one), found.merged.get(other, other))
        if ends[0] == ends[1]:
            continue
        row = (named[key], *ends, reason)
        had = found.conflicts.get(row)
        if had is None:
            found.conflicts[row] = (times, first, last)
        else:
            found.conflicts[row] = (had[0] + times, min(had[1], first), max(had[2], last))


async def fetch(url: str, statement: str, *arguments: Any) -> list[Any]:
    connection = await asyncpg.connect(url)
    try:
        return list(await connection.fetch(statement, *arguments))
    finally:
        await connection.close()


def text_of(customer_id: bytes) -> str:
    return str(UUID(bytes=customer_id))
