"""A person erased: everything held of them goes, and none of it may come back (semantics 8.3)."""

from __future__ import annotations

import secrets
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from services.journey_state.customer import Customer, OwnedIdentifier, decode_state
from services.journey_state.keys import message_key
from services.journey_state.operator import Act
from services.journey_state.store import erasing, erasures, outcomes, people
from services.journey_state.store.erasing import Letter, OwnedRow
from services.journey_state.store.erasures import ErasedRange
from services.journey_state.store.people import Period
from services.journey_state.store.pool import Connection
from services.journey_state.suppression import SECRET_BYTES, keyed_hash
from services.journey_state.touchpoint import BEGINNING, Identifier
from services.journey_state.traces import (
    holds_any,
    without_identifiers,
    without_person,
    written,
)


class CustomerGoneError(Exception):
    """Between the question and the lock the customer was merged away or erased: ask again."""


@dataclass(frozen=True, slots=True)
class Person:
    """Whom an erasure is about: all their ids, and what they own alone and with others."""

    customer_id: bytes
    ids: list[bytes]  # the customer's and those of customers merged into it
    alone: list[OwnedRow]
    shared: dict[bytes, OwnedRow]
    periods: Mapping[bytes, Sequence[Period]]  # of the shared ones, in the order
    customers: Mapping[bytes, Customer]  # locked: these and the owners of what is shared

    @property
    def keys(self) -> list[bytes]:
        return [row.identifier_key for row in self.alone]

    @property
    def identifiers(self) -> set[Identifier]:
        return {(row.kind, row.value) for row in self.alone}


@dataclass(frozen=True, slots=True)
class Erased:
    """What was removed, by kind, and what of it may be found elsewhere."""

    customer_id: bytes
    merged_ids: list[bytes]
    erased_at: int
    removed: dict[str, int]
    kept_shared: int  # identifiers that others own or owned too


async def erase(act: Act, customer_id: bytes, *, copies_us: int) -> Erased:
    """After this nothing is held of the customer but keyed hashes, and ids that say nothing.

    `copies_us`: how long copies of events may still stand in the touchpoint topic, microseconds.
    Raises CustomerGoneError.
    """
    connection = act.connection
    await erasures.halt_intake(connection)
    person = await _find(connection, customer_id)
    erased_at = act.conclusion.outgoing.edition.published_at
    others = await erasing.conflicting(connection, person.ids, person.keys)
    touchpoints = await erasing.remove_touchpoints(connection, person.ids)
    messages = [message_key(one.source, one.message_id) for one in touchpoints]
    signals = await erasing.remove_signals(connection, person.ids)
    removed = {
        "touchpoints": len(touchpoints),
        "checkpoints": await erasing.remove_checkpoints(connection, person.ids),
        "stage_history": await erasing.remove_history(connection, person.ids),
        "signals": len(signals),
        "dead_letters": await _remove_letters(connection, person),
        **await erasing.remove_rows(connection, person.ids, person.keys, messages),
    }
    await _forget_in_others(connection, person, others, signals)
    await _forbid(connection, person, messages, erased_at, erased_at + copies_us)
    receiving = await _give_back(act, person)
    for one in person.ids:
        act.conclusion.outgoing.bury(person.customers[one])
    await act.conclusion.conclude(connection, receiving, {})
    merged = [one for one in person.ids if one != person.customer_id]
    return Erased(person.customer_id, merged, erased_at, removed, len(person.shared))


async def _find(connection: Connection, customer_id: bytes) -> Person:
    ids = [customer_id, *await erasing.merged_ids(connection, customer_id)]
    owned = await erasing.owned_identifiers(connection, ids)
    found: dict[bytes, list[Period]] = defaultdict(list)
    for period in await people.read_periods(connection, [row.identifier_key for row in owned]):
        found[period.identifier_key].append(period)
    shared = {
        row.identifier_key: row
        for row in owned
        if any(period.customer_id not in ids for period in found[row.identifier_key])
    }
    periods = {key: found[key] for key in shared}
    owners = {period.customer_id for of_one in periods.values() for period in of_one}
    rows = await people.lock_customers(connection, [*ids, *owners])
    customers = {
        row.customer_id: Customer.found(row.customer_id, decode_state(row.state), row.definition_id)
        for row in rows
    }
    if not any(row.customer_id == customer_id and row.merged_into is None for row in rows):
        raise CustomerGoneError
    alone = [row for row in owned if row.identifier_key not in shared]
    return Person(customer_id, ids, alone, shared, periods, customers)


async def _remove_letters(connection: Connection, person: Person) -> int:
    """Dead letters whose bytes hold an identifier of theirs go, also those being replayed."""
    forms = written(person.identifiers)
    about = _about(await erasing.letters_holding(connection, forms), forms)
    if about:
        await erasing.remove_letters(connection, about)
    returning = _about(await erasing.records_holding(connection, forms), forms)
    if returning:
        await erasing.remove_records(connection, returning)
    return len(about)


def _about(letters: Sequence[Letter], forms: Sequence[bytes]) -> list[int]:
    return [
        letter.dead_letter_id
        for letter in letters
        if any(
            holds_any(text, forms)
            for text in (letter.key or b"", letter.value or b"", letter.message.encode())
        )
    ]


async def _forget_in_others(
    connection: Connection, person: Person, others: Sequence[bytes], signals: Sequence[bytes]
) -> None:
    """Records and signals of others name them no more: links that were refused, and splits."""
    if not others:
        return
    gone, theirs = person.identifiers, {signal.hex() for signal in signals}
    keys = [key for _, key in await people.owned_keys(connection, others)]
    for body in await erasing.bodies_holding(connection, keys, written(gone)):
        changed = without_identifiers(body.body, gone)
        if changed is not None:
            await erasing.replace_body(connection, body._replace(body=changed))
    for row in await outcomes.read_signals(connection, others):
        payload: dict[str, Any] = msgspec.json.decode(row.payload)
        raised_as = None if row.raised_as in person.ids else row.raised_as
        changed_payload = without_person(payload, gone, theirs)
        if raised_as is not None:
            changed_payload["raised_as"] = payload.get("raised_as")
        if changed_payload != payload or raised_as != row.raised_as:
            text = msgspec.json.encode(changed_payload).decode()
            await erasing.replace_payload(connection, row.signal_id, text, raised_as)


async def _forbid(
    connection: Connection,
    person: Person,
    messages: Sequence[bytes],
    erased_at: int,
    copies_until: int,
) -> None:
    secret = await erasures.secret(connection, secrets.token_bytes(SECRET_BYTES))
    assert secret is not None
    ranges = [ErasedRange(keyed_hash(secret, key), None, erased_at, False) for key in person.keys]
    for key, periods in person.periods.items():
        hashed = keyed_hash(secret, key)
        ends = [period.start[0] - 1 for period in periods[1:]] + [erased_at]
        for period, end in zip(periods, ends, strict=True):
            if period.customer_id in person.ids:
                start = None if period.start == BEGINNING else period.start[0]
                ranges.append(ErasedRange(hashed, start, end, True))
    await erasures.forbid_identifiers(connection, ranges)
    hashes = [keyed_hash(secret, key) for key in messages]
    await erasures.forbid_messages(connection, hashes, copies_until)


async def _give_back(act: Act, person: Person) -> list[Customer]:
    """What was shared belongs to whom it would without them; gives those who own more now."""
    receiving = {}
    for key, row in person.shared.items():
        kept = _others_periods(person.periods[key], person.ids)
        moves_max = act.bounds.moves_max
        await erasing.keep_periods(act.connection, key, kept, moves_max=moves_max)
        if row.customer_id in person.ids:
            owner = person.customers[kept[-1].customer_id]
            since = row.since if len(kept) == 1 else kept[-1].start[0]
            owned = OwnedIdentifier(row.kind, row.value, since)
            owner.state.identifiers = [*owner.state.identifiers, owned]
            receiving[owner.customer_id] = owner
    return list(receiving.values())


def _others_periods(periods: Sequence[Period], ids: Sequence[bytes]) -> list[Period]:
    """The periods of others, the first from the beginning, one for each change of owner."""
    kept: list[Period] = []
    for period in periods:
        if period.customer_id in ids:
            continue
        if not kept:
            kept.append(period._replace(start=BEGINNING))
        elif kept[-1].customer_id != period.customer_id:
            kept.append(period)
    return kept
