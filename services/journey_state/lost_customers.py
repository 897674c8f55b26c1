"""Customers whose rows were lost, put back with what others still say of them."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Mapping, Sequence

from services.journey_state.active import NoDefinitionError
from services.journey_state.customer import CustomerState, OwnedIdentifier, encode_state
from services.journey_state.keys import identifier_key
from services.journey_state.publication import TopicCode
from services.journey_state.store import definitions, lost, people
from services.journey_state.store.lost import LostCustomer
from services.journey_state.store.pool import Connection
from services.journey_state.told import Told, ToldCustomer
from services.journey_state.touchpoint import BEGINNING, Place

# Records were told and are on the topic no more: greater than any version they can have had.
UNKNOWN_VERSION = 1_000_000


async def put_back(
    connection: Connection, told: Told, customer_ids: Sequence[bytes]
) -> tuple[int, dict[bytes, bytes]]:
    """They are customers again, with their publication facts and nothing else that is true yet.

    Gives how many, and of each, where it is known, an identifier that it has to do with.
    """
    definition = await definitions.newest_definition(connection)
    if definition is None:
        raise NoDefinitionError
    owned: dict[bytes, list[OwnedIdentifier]] = defaultdict(list)
    for customer_id, kind, value, since in await lost.owned_by(connection, customer_ids):
        owned[customer_id].append(OwnedIdentifier(kind, value, since))
    entries = {
        customer_id: (place, key)
        for customer_id, place, key in await lost.first_entries(connection, customer_ids)
    }
    owners = await _owners_at(connection, list(entries.values()))
    unknown = await lost.publishers(connection, customer_ids)
    rows, keys = [], {}
    for customer_id in customer_ids:
        place, key = entries.get(customer_id, (BEGINNING, None))
        snapshot = told.customers.get(customer_id)
        state = CustomerState(made=place, identifiers=owned[customer_id] or _told_of(snapshot))
        _restore_facts(state, told, customer_id, unknown)
        into = told.now(customer_id)
        if into == customer_id and not state.identifiers:
            into = owners.get((key, place)) or customer_id
        if state.identifiers:
            key = identifier_key(state.identifiers[0].kind, state.identifiers[0].value)
        if key is not None:
            keys[customer_id] = key
        merged_into = None if into == customer_id else into
        rows.append(LostCustomer(customer_id, encode_state(state), merged_into))
    return await lost.put_back_customers(connection, definition.definition_id, rows), keys


def _told_of(known: ToldCustomer | None) -> list[OwnedIdentifier]:
    value = (known and known.value) or {}
    return [OwnedIdentifier(i["kind"], i["value"], 0) for i in value.get("identifiers", ())]


def _restore_facts(
    state: CustomerState,
    told: Told,
    customer_id: bytes,
    unknown: Mapping[bytes, tuple[bool, bool]],
) -> None:
    """Publication facts: versions, and what the newest snapshot says."""
    stages, signals = unknown.get(customer_id, (False, False))
    if stages and (customer_id, TopicCode.STAGE_CHANGES) not in told.versions:
        state.stage_version = UNKNOWN_VERSION
    if signals and (customer_id, TopicCode.SIGNALS) not in told.versions:
        state.signal_version = UNKNOWN_VERSION
    told.count_on(customer_id, state)
    known = told.customers.get(customer_id)
    if known is not None and known.value is not None:
        state.published_stage = str(known.value["stage"])
        state.told_overlays = sorted(one["name"] for one in known.value["overlays"])


async def _owners_at(
    connection: Connection, entries: Sequence[tuple[Place, bytes | None]]
) -> dict[tuple[bytes | None, Place], bytes | None]:
    """Whose the touchpoints there are, by (key, place)."""
    keys = sorted({key for _, key in entries if key is not None})
    if not keys:
        return {}
    periods: dict[bytes, list[tuple[Place, bytes]]] = defaultdict(list)
    for one in await people.read_periods(connection, keys):
        periods[one.identifier_key].append((one.start, one.customer_id))
    now = await lost.owners_of(connection, keys)
    found: dict[tuple[bytes | None, Place], bytes | None] = {}
    for place, key in entries:
        if key is None:
            continue
        held = periods.get(key)
        if held:
            index = bisect_right(held, place, key=lambda period: period[0])
            found[key, place] = held[max(index - 1, 0)][1]
        elif key in now:
            found[key, place] = now[key]
    return found
