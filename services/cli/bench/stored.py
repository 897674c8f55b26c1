"""Customers with a past, put straight into a database: as if a worker had processed it."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from typing import NamedTuple

from services.cli.bench.traffic import START_US, pasts
from services.contracts.times import DAY_US
from services.journey_state.active import activate
from services.journey_state.customer import CustomerState, OwnedIdentifier, encode_state
from services.journey_state.definition import Definition
from services.journey_state.event import Arrival, read_touchpoint
from services.journey_state.journey import fold, settle
from services.journey_state.keys import identifier_key
from services.journey_state.store import definitions, facts, people, progress
from services.journey_state.store.pool import Connection, Store

BATCH_CUSTOMERS = 1_000
ID_BYTES = 16
LATER_US = 400 * DAY_US  # from the first touchpoints to W: everything is due by then


class Stored(NamedTuple):
    """What was put there."""

    customers: int
    touchpoints: int


async def store_pasts(
    url: str, customers: int, definition: Definition, grace_us: int, *, later_us: int = LATER_US
) -> Stored:
    """So many customers, computed by the definition, which is in force, at a W past all of it.

    In the database W stands `later_us` behind the first of them.
    """
    store = await Store.connect(url)
    touchpoints = 0
    try:
        await activate(store, definition, definition)
        all_pasts = enumerate(pasts(customers))
        while batch := list(islice(all_pasts, BATCH_CUSTOMERS)):
            async with store.transaction() as connection:
                definition_id = (await definitions.read_standing(connection)).definition_id
                assert definition_id is not None
                for _, values in batch:
                    touchpoints += len(values)
                made = [_made(number, values, definition, grace_us) for number, values in batch]
                await _write(connection, definition_id, made)
                await progress.raise_watermark(connection, START_US + later_us)
        async with store.connection() as connection:
            await connection.execute("ANALYZE")
    finally:
        await store.close()
    return Stored(customers, touchpoints)


class _Made(NamedTuple):
    customer_id: bytes
    state: CustomerState
    arrivals: list[Arrival]


def _made(number: int, values: Iterable[bytes], definition: Definition, grace_us: int) -> _Made:
    arrivals = [read_touchpoint(value) for value in values]
    first = arrivals[0].touchpoint
    journey = fold(definition, [one.touchpoint for one in arrivals]).journey
    watermark = first.occurred_at + LATER_US
    owned = [OwnedIdentifier(*i, first.occurred_at) for i in first.identifiers.items()]
    state = CustomerState(
        made=first.place,
        identifiers=owned,
        journey=settle(definition, journey, watermark, grace_us),
        published_stage=journey.stage,
    )
    return _Made((number + 1).to_bytes(ID_BYTES, "big"), state, arrivals)


async def _write(connection: Connection, definition_id: int, made: list[_Made]) -> None:
    identifiers = [
        people.NewIdentifier(
            identifier_key(one.kind, one.value), one.kind, one.value, each.customer_id, one.since
        )
        for each in made
        for one in each.state.identifiers
    ]
    await people.add_identifiers(connection, identifiers)
    rows = [(each.customer_id, encode_state(each.state)) for each in made]
    await people.add_customers(connection, definition_id, rows)
    found = [arrival.fact for each in made for arrival in each.arrivals]
    found.sort(key=lambda fact: fact.occurred_at)  # the timeline grows by time, not by customer
    await facts.add_to_timeline(connection, found)
