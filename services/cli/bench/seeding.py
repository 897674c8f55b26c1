"""Customers of one page view each, put straight into a database: as if a worker had met them."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from services.cli.bench.traffic import first_visits
from services.journey_state.active import activate
from services.journey_state.customer import CustomerState, OwnedIdentifier, encode_state
from services.journey_state.definition import Definition
from services.journey_state.event import Arrival, read_touchpoint
from services.journey_state.journey import fold
from services.journey_state.keys import identifier_key
from services.journey_state.publication import history_row
from services.journey_state.store import definitions, facts, outcomes, people
from services.journey_state.store.outcomes import HistoryRow
from services.journey_state.store.people import NewIdentifier
from services.journey_state.store.pool import Connection, Store

BATCH_CUSTOMERS = 2_000
ID_BYTES = 16


async def seed(url: str, customers: int, definition: Definition) -> None:
    """The customers that `traffic.sessions` are of, under the definition, which is in force."""
    store = await Store.connect(url)
    try:
        await activate(store, definition, definition)
        visits = _visits(customers)
        while batch := list(islice(visits, BATCH_CUSTOMERS)):
            async with store.transaction() as connection:
                await _write(connection, definition, batch)
        async with store.connection() as connection:
            await connection.execute("VACUUM ANALYZE")
    finally:
        await store.close()


def _visits(customers: int) -> Iterator[tuple[bytes, Arrival]]:
    records = (wire for wire in first_visits(customers, 1) if not wire.headers)
    for number, record in enumerate(records):
        yield (number + 1).to_bytes(ID_BYTES, "big"), read_touchpoint(record.value)


async def _write(
    connection: Connection, definition: Definition, batch: list[tuple[bytes, Arrival]]
) -> None:
    definition_id = (await definitions.read_standing(connection)).definition_id
    assert definition_id is not None
    history: list[HistoryRow] = []
    states: list[tuple[bytes, bytes]] = []
    identifiers: list[NewIdentifier] = []
    links: set[tuple[bytes, bytes]] = set()
    for customer_id, (touchpoint, _) in batch:
        folded = fold(definition, [touchpoint])
        at = touchpoint.occurred_at
        named = list(touchpoint.identifiers.items())
        state = CustomerState(
            made=touchpoint.place,
            identifiers=[OwnedIdentifier(*one, at) for one in named],
            journey=folded.journey,
            published_stage=folded.journey.stage,
            stage_version=1,
            state_version=1,
            linked_to=touchpoint.place,
        )
        states.append((customer_id, encode_state(state)))
        keys = [identifier_key(*one) for one in named]
        identifiers += [
            NewIdentifier(key, *one, customer_id, at) for key, one in zip(keys, named, strict=True)
        ]
        links |= {pair for key in keys[1:] for pair in ((keys[0], key), (key, keys[0]))}
        history += [
            history_row(
                customer_id, one, kind="touchpoint", definition_id=definition_id, ce_id=None
            )
            for one in folded.history
        ]
    await people.add_identifiers(connection, identifiers, links)
    await people.add_customers(connection, definition_id, states)
    found = [arrival.fact for _, arrival in batch]
    await facts.admit(connection, found)
    await facts.add_to_timeline(connection, found)
    await outcomes.add_history(connection, history)
