"""Which arrivals count: of all copies of an event the one received first (semantics 1.7)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from services.contracts.times import DAY_US
from services.journey_state.customer import Customer
from services.journey_state.event import Arrival, read_touchpoint
from services.journey_state.holdings import load_holdings
from services.journey_state.keys import identifier_key, message_key
from services.journey_state.seen import any_may_hold
from services.journey_state.store import dedupe, facts
from services.journey_state.store.dedupe import Trace
from services.journey_state.store.facts import Copy, Fact
from services.journey_state.store.pool import Connection
from services.journey_state.touchpoint import Touchpoint

# By message key: the copy that counts of those stored, and its bytes.
Stored = dict[bytes, tuple[Copy, bytes]]


@dataclass(frozen=True, slots=True)
class Window:
    """How far back the message keys are remembered; times in microseconds."""

    forgotten_before: int  # a copy of an event that occurred earlier may be forgotten
    apart_us: int  # how far apart copies of one event may stand where a clock was corrected

    @classmethod
    def at(cls, watermark: int, dedupe_us: int) -> Window:
        """The window at W; 0: before the first one."""
        # An event is received at most moments before it occurs, and forgotten by when it was
        # received; a corrected clock may set copies apart by up to a day.
        apart_us = min(DAY_US, dedupe_us // 7)
        return cls(watermark - dedupe_us + apart_us, apart_us)


async def admit(
    connection: Connection, arrivals: Sequence[Arrival], window: Window
) -> tuple[list[Arrival], dict[str, Touchpoint]]:
    """The touchpoints that count, and, by message id, the copies that some of them replace.

    Of an old event a copy may have come that the window has forgotten: it is looked for in the
    timeline.
    """
    first: dict[bytes, Arrival] = {}
    for arrival in arrivals:
        key = arrival.fact.message_key
        known = first.get(key)
        if known is None or _precedence(arrival.fact) < _precedence(known.fact):
            first[key] = arrival
    admitted = await facts.admit(connection, [arrival.fact for arrival in first.values()])
    fresh = [arrival for key, arrival in first.items() if key in admitted]
    replaced: dict[str, Touchpoint] = {}
    if len(fresh) < len(first):
        again = {key: arrival for key, arrival in first.items() if key not in admitted}
        for arrival, before in await _earlier_copies(connection, again):
            fresh.append(arrival)
            replaced[arrival.fact.message_id] = before
    old = [a for a in fresh if a.fact.occurred_at < window.forgotten_before]
    if old:
        stored = await dedupe.find_in_timeline(connection, list(_traces(old)), window.apart_us)
        gone, earlier = await _compare(connection, old, stored)
        fresh = [a for a in fresh if a.fact.message_key not in gone]
        replaced |= earlier
    return fresh, replaced


async def _earlier_copies(
    connection: Connection, again: dict[bytes, Arrival]
) -> list[tuple[Arrival, Touchpoint]]:
    earlier = []
    for copy in await facts.copies(connection, list(again)):
        fact = again[copy.message_key].fact
        if fact.received_at > copy.received_at:
            continue
        if fact.received_at == copy.received_at:
            body = await facts.body_of(connection, copy, fact)
            if body is None or fact.body >= body:
                continue
        before = await _replace(connection, copy, again[copy.message_key])
        earlier.append((again[copy.message_key], before))
    return earlier


async def _replace(connection: Connection, copy: Copy, arrival: Arrival) -> Touchpoint:
    body = await facts.replace_copy(connection, copy, arrival.fact)
    # A copy that the timeline holds no more said, for all that is known, the same.
    return arrival.touchpoint if body is None else read_touchpoint(body).touchpoint


async def against_pasts(
    connection: Connection,
    fresh: Sequence[Arrival],
    replaced: dict[str, Touchpoint],
    owners_of: Callable[[Touchpoint], Sequence[Customer]],
) -> tuple[list[Arrival], dict[str, Touchpoint]]:
    """The same of what customers have had, however long ago and at whatever time it stands.

    A copy may come long after the first one with another time, or by other identifiers of the
    same customer. Whose past is looked at is locked; gives what `admit` gives.
    """
    suspects: list[Arrival] = []
    ids: set[bytes] = set()
    for arrival in fresh:
        touchpoint = arrival.touchpoint
        owners = owners_of(touchpoint)
        if owners and any_may_hold([one.state.seen for one in owners], touchpoint.message_id):
            suspects.append(arrival)
            ids.update(owner.customer_id for owner in owners)
    if not suspects:
        return list(fresh), replaced
    stored = await _had_by(connection, sorted(ids), suspects)
    gone, earlier = await _compare(connection, suspects, stored)
    return [a for a in fresh if a.fact.message_key not in gone], replaced | earlier


async def _had_by(
    connection: Connection, customer_ids: Sequence[bytes], suspects: Sequence[Arrival]
) -> Stored:
    """Of each event the copy received first that is a touchpoint of these customers."""
    holdings = await load_holdings(connection, customer_ids)
    ids = [arrival.fact.message_id for arrival in suspects]
    found: Stored = {}
    for row in await dedupe.find_under(connection, holdings.keys, ids):
        place = (row.occurred_at, row.message_id, row.source)
        key = message_key(row.source, row.message_id)
        first = found.get(key)
        if holdings.owner_at(row.identifier_key, place) in customer_ids and (
            first is None or (row.received_at, row.body) < (first[0].received_at, first[1])
        ):
            copy = Copy(key, row.received_at, row.identifier_key, row.occurred_at)
            found[key] = (copy, row.body)
    return found


async def _compare(
    connection: Connection, arrivals: Sequence[Arrival], stored: Stored
) -> tuple[set[bytes], dict[str, Touchpoint]]:
    """Message keys of those that a stored copy outdoes; by message id, the copies outdone."""
    counting: list[Copy] = []
    earlier: dict[str, Touchpoint] = {}
    for arrival in arrivals:
        found = stored.get(arrival.fact.message_key)
        if found is None:
            continue
        copy, body = found
        if (copy.received_at, body) <= _precedence(arrival.fact):
            counting.append(copy)
        else:
            earlier[arrival.fact.message_id] = await _replace(connection, copy, arrival)
    if counting:
        await dedupe.remember_copies(connection, counting)
    return {copy.message_key for copy in counting}, earlier


def _traces(old: Iterable[Arrival]) -> Iterable[Trace]:
    """A copy names the same identifiers, but another one may have been its primary then."""
    for touchpoint, fact in old:
        for kind, value in touchpoint.identifiers.items():
            key = identifier_key(kind, value)
            yield Trace(fact.message_key, key, fact.message_id, fact.source, fact.occurred_at)


def _precedence(fact: Fact) -> tuple[int, bytes]:
    return (fact.received_at, fact.body)
