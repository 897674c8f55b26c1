"""A person erased: everything held of them goes, and none of it may come back (semantics 8.3)."""

from __future__ import annotations

import secrets
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from services.journey_state import checkpoint, recompute
from services.journey_state.connected import CONNECTED_IDENTIFIERS_MAX
from services.journey_state.customer import Customer, OwnedIdentifier, decode_state
from services.journey_state.forgetting import Forgetting
from services.journey_state.keys import message_key
from services.journey_state.operator import Act
from services.journey_state.permission import cancellation_key
from services.journey_state.store import cuts, erasing, erasures, mentions, people, rollups
from services.journey_state.store.erasing import ErasedTouchpoint, Letter, OwnedRow
from services.journey_state.store.erasures import ErasedRange
from services.journey_state.store.mentions import Others
from services.journey_state.store.people import Period
from services.journey_state.store.pool import Connection
from services.journey_state.suppression import SECRET_BYTES, keyed_hash
from services.journey_state.touchpoint import BEGINNING, Identifier
from services.journey_state.traces import holds_any, written


class CustomerGoneError(Exception):
    """Between the question and the lock the customer was merged away or erased: ask again."""


@dataclass(frozen=True, slots=True)
class Found:
    """What is known of a person before anything is locked."""

    ids: list[bytes]  # the customer's and those of customers merged into it
    owned: list[OwnedRow]
    others: Others

    def is_as(self, before: Found) -> bool:
        """Whether the person has the same ids and identifiers as before."""
        return self.ids == before.ids and self.keys == before.keys

    @property
    def keys(self) -> list[bytes]:
        return [row.identifier_key for row in self.owned]


@dataclass(frozen=True, slots=True)
class Traces:
    """What was removed, for as long as the transaction lasts.

    `cut_off`: the keys of messages whose touchpoints retention has cut.
    """

    touchpoints: list[ErasedTouchpoint]
    cut_off: Sequence[bytes]
    signals: list[bytes]

    @property
    def message_keys(self) -> list[bytes]:
        known = {message_key(one.source, one.message_id) for one in self.touchpoints}
        return sorted(known.union(self.cut_off))


@dataclass(frozen=True, slots=True)
class Person:
    """Whom an erasure is about, and what they own alone and with others."""

    found: Found
    alone: list[OwnedRow]
    shared: dict[bytes, OwnedRow]
    periods: Mapping[bytes, Sequence[Period]]  # of the shared ones, in the order
    customers: Mapping[bytes, Customer]  # locked: these and those of others
    merged: frozenset[bytes]  # those of them that are merged away

    @property
    def customer_id(self) -> bytes:
        return self.found.ids[0]

    @property
    def ids(self) -> list[bytes]:
        return self.found.ids

    @property
    def keys(self) -> list[bytes]:
        return [row.identifier_key for row in self.alone]

    @property
    def others(self) -> dict[bytes, Customer]:
        """Whoever had to do with the person, and is there."""
        ids = self.found.others.customers
        return {one: self.customers[one] for one in ids if one in self.customers}

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
    cut = (await cuts.read_cut(connection)).declared_at
    found = await _find(connection, customer_id)
    # It reads all that is remembered: batches go on meanwhile.
    cut_off = [] if cut is None else await erasing.remembered(connection, found.ids, cut)
    await erasures.halt_intake(connection)
    person = await _locked(connection, await _find(connection, customer_id))
    if not person.found.is_as(found):
        raise CustomerGoneError
    erased_at = act.conclusion.outgoing.edition.published_at
    removed, traces = await _remove(connection, person, cut_off)
    forgetting = Forgetting(
        ids=person.ids,
        gone=person.identifiers,
        messages=traces.touchpoints,
        message_keys=frozenset(traces.message_keys),
        secret=await _secret(connection),
        signals=traces.signals,
        others=person.others,
        merged=person.merged,
        keys=person.found.others.keys,
        cut=cut,
    )
    past = await forgetting.forget(connection)
    await _forbid(connection, person, traces.message_keys, erased_at, erased_at + copies_us)
    changed = {one.customer_id: one for one in (*past, *await _give_back(act, person))}
    for one in person.ids:
        act.conclusion.outgoing.bury(person.customers[one])
    changes = await recompute.refold(connection, act.journeys, past) if past else {}
    await act.conclusion.conclude(connection, list(changed.values()), changes)
    await rollups.forget(connection, person.ids, person.keys)
    merged = [one for one in person.ids if one != person.customer_id]
    return Erased(person.customer_id, merged, erased_at, removed, len(person.shared))


async def _find(connection: Connection, customer_id: bytes) -> Found:
    ids = [customer_id, *await erasing.merged_ids(connection, customer_id)]
    owned = await erasing.owned_identifiers(connection, ids)
    keys = [row.identifier_key for row in owned]
    others = await mentions.others_of(connection, ids, keys, CONNECTED_IDENTIFIERS_MAX)
    return Found(ids, sorted(owned), others)


async def _locked(connection: Connection, found: Found) -> Person:
    periods: dict[bytes, list[Period]] = defaultdict(list)
    for period in await people.read_periods(connection, found.keys):
        periods[period.identifier_key].append(period)
    shared = {
        row.identifier_key: row
        for row in found.owned
        if any(period.customer_id not in found.ids for period in periods[row.identifier_key])
    }
    held = {key: periods[key] for key in shared}
    owners = {period.customer_id for of_one in held.values() for period in of_one}
    asked = [*found.ids, *owners, *found.others.customers]
    rows = await people.lock_customers(connection, asked)
    customers = {
        row.customer_id: Customer.found(row.customer_id, decode_state(row.state), row.definition_id)
        for row in rows
    }
    if not any(row.customer_id == found.ids[0] and row.merged_into is None for row in rows):
        raise CustomerGoneError
    if not customers.keys() >= {*found.ids}:
        raise CustomerGoneError
    alone = [row for row in found.owned if row.identifier_key not in shared]
    merged = frozenset(row.customer_id for row in rows if row.merged_into is not None)
    return Person(found, alone, shared, held, customers, merged)


async def _remove(
    connection: Connection, person: Person, cut_off: Sequence[bytes]
) -> tuple[dict[str, int], Traces]:
    """Their own rows go; how many by kind, and what of it is to be known for a moment more."""
    ids = person.ids
    touchpoints = await erasing.remove_touchpoints(connection, ids)
    bodies = await erasing.remove_checkpoints(connection, ids)
    left = [checkpoint.decode(body) for body in bodies]
    entered, causes = await erasing.remove_history(connection, ids)
    signals = await erasing.remove_signals(connection, ids)
    episodes = [episode for one in left for episode in one.episodes]
    episodes += [e for one in ids for e in person.customers[one].state.episodes]
    known = [*touchpoints, *causes]
    known += [ErasedTouchpoint(e.last_source, e.last_message_id) for e in episodes]
    traces = Traces(known, cut_off, signals)
    cancelled = {key for one in ids for key in person.customers[one].state.cancelled}
    cancelled |= {cancellation_key(episode) for episode in episodes}
    removed = {
        "touchpoints": len(touchpoints),
        "checkpoints": len(bodies),
        "stage_history": entered,
        "signals": len(signals),
        "dead_letters": await _remove_letters(connection, person),
        **await erasing.remove_rows(
            connection, ids, person.keys, traces.message_keys, [*map(bytes.fromhex, cancelled)]
        ),
    }
    return removed, traces


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


async def _forbid(
    connection: Connection,
    person: Person,
    messages: Sequence[bytes],
    erased_at: int,
    copies_until: int,
) -> None:
    secret = await _secret(connection)
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


async def _secret(connection: Connection) -> bytes:
    secret = await erasures.secret(connection, secrets.token_bytes(SECRET_BYTES))
    assert secret is not None
    return secret


async def _give_back(act: Act, person: Person) -> list[Customer]:
    """What was shared belongs to whom it would without them; gives those who own more now."""
    receiving = {}
    for key, row in person.shared.items():
        kept = _others_periods(person.periods[key], person.ids)
        moves_max = act.bounds.moves_max
        await erasing.keep_periods(act.connection, key, kept, moves_max=moves_max)
        owner = person.customers.get(kept[-1].customer_id)  # None: its row was lost
        if owner is not None and row.customer_id in person.ids:
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
