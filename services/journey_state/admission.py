"""Which arrivals count: of all copies of an event the one received first (semantics 1.7)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from services.contracts.times import DAY_US
from services.journey_state.event import Arrival
from services.journey_state.keys import identifier_key
from services.journey_state.store import dedupe, facts
from services.journey_state.store.dedupe import Trace
from services.journey_state.store.facts import Copy, Fact
from services.journey_state.store.pool import Connection


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
) -> tuple[list[Arrival], set[str]]:
    """The touchpoints that count, and the message ids of those that replace an earlier copy.

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
    replacing: set[str] = set()
    if len(fresh) < len(first):
        again = {key: arrival for key, arrival in first.items() if key not in admitted}
        for arrival in await _earlier_copies(connection, again):
            fresh.append(arrival)
            replacing.add(arrival.fact.message_id)
    old = [a for a in fresh if a.fact.occurred_at < window.forgotten_before]
    if old:
        gone, earlier = await _compare_with_timeline(connection, old, window.apart_us)
        fresh = [a for a in fresh if a.fact.message_key not in gone]
        replacing |= earlier
    return fresh, replacing


async def _earlier_copies(connection: Connection, again: dict[bytes, Arrival]) -> list[Arrival]:
    earlier = []
    for copy in await facts.copies(connection, list(again)):
        fact = again[copy.message_key].fact
        if fact.received_at > copy.received_at:
            continue
        if fact.received_at == copy.received_at:
            body = await facts.body_of(connection, copy, fact)
            if body is None or fact.body >= body:
                continue
        await facts.replace_copy(connection, copy, fact)
        earlier.append(again[copy.message_key])
    return earlier


async def _compare_with_timeline(
    connection: Connection, old: Sequence[Arrival], apart_us: int
) -> tuple[set[bytes], set[str]]:
    """Message keys of those that a stored copy outdoes, message ids of those that outdo it."""
    stored = await dedupe.find_in_timeline(connection, list(_traces(old)), apart_us)
    counting: list[Copy] = []
    earlier: set[str] = set()
    for arrival in old:
        found = stored.get(arrival.fact.message_key)
        if found is None:
            continue
        copy, body = found
        if (copy.received_at, body) <= _precedence(arrival.fact):
            counting.append(copy)
        else:
            await facts.replace_copy(connection, copy, arrival.fact)
            earlier.add(arrival.fact.message_id)
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
