"""State built again from what the touchpoint topic holds: what is missing is put back."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

import structlog
from uuid_utils import uuid7

from services.contracts.times import DAY_US
from services.journey_state import assignment, lost_customers, recompute, succession
from services.journey_state.admission import Window, admit
from services.journey_state.arranging import KEYS_MAX, REBUILT, STALE_RETRIES_MAX, Arranging
from services.journey_state.assignment import IdentityBounds, StaleReadError
from services.journey_state.conclusion import Conclusion
from services.journey_state.connected import OwnerLostError
from services.journey_state.customer import Customer, decode_state
from services.journey_state.event import Arrival
from services.journey_state.firing import Firings
from services.journey_state.in_force import FAR
from services.journey_state.keys import identifier_key
from services.journey_state.publication import id_text
from services.journey_state.rearrangement import Rearrangement
from services.journey_state.recomputation import named, pairs
from services.journey_state.store import cuts, dedupe, facts, links, lost, people, progress
from services.journey_state.store.lost import SignalOf
from services.journey_state.store.people import CustomerRow, NewIdentifier
from services.journey_state.store.pool import Connection, Store
from services.journey_state.suppression import Suppression
from services.journey_state.told import Told

log = structlog.get_logger()

CUSTOMERS_MAX = 100  # of one transaction

_FIRST = bytes(16)


@dataclass(slots=True)
class Rebuilt:
    """What a rebuild did so far."""

    lost_customers: int = 0  # rows put back, those merged away too
    identifiers: int = 0  # rows put back
    touchpoints: int = 0  # put back into the timeline
    signals: int = 0  # rows put back as they were told
    customers: int = 0  # computed again
    failed: list[str] = field(default_factory=list)  # what cannot be computed, and why
    messages: int = 0  # of differences that subscribers had to be told


class Rebuilder:
    """Puts back what is missing and computes customers again, beside the workers.

    Each piece is a transaction of its own under the customers' row locks, and doing it twice does
    no more than once: a rebuild may be interrupted, and repeated. What is `told` is not told again.
    """

    def __init__(
        self,
        store: Store,
        firings: Firings,
        *,
        bounds: IdentityBounds,
        dedupe_us: int,
        told: Told,
    ) -> None:
        self._store = store
        self._firings = firings
        self._bounds = bounds
        self._dedupe_us = dedupe_us
        self._told = told
        self._suppression = Suppression()
        self._arranging = Arranging(store, bounds, told, self._conclude)
        self.done = Rebuilt()
        self.missing: dict[bytes, int] = {}  # message key -> received_at, of what was put back
        self._keys: set[bytes] = set()  # of the identifiers that were met

    async def restore_identifiers(self) -> None:
        """Every identifier that a customer's state names has its row; contradictions are noted."""
        after = _FIRST
        while True:
            async with self._store.transaction() as connection:
                rows = await people.next_customers(connection, after, 10 * CUSTOMERS_MAX)
                if not rows:
                    break
                owned = list(_owned(rows))
                if owned:
                    self.done.identifiers += await people.add_identifiers(connection, owned)
                    await self._note_contradictions(connection, owned)
            after = rows[-1].customer_id
        async with self._store.connection() as connection:
            self._keys.update(await people.without_periods(connection))
            for customer_id, state in await lost.wrongly_merged(connection):
                for one in decode_state(state).identifiers[:1]:
                    self._note_stray(customer_id, identifier_key(one.kind, one.value))

    async def _note_contradictions(
        self, connection: Connection, owned: Sequence[NewIdentifier]
    ) -> None:
        owners = await lost.owners_of(connection, [one.identifier_key for one in owned])
        for one in owned:
            if one.customer_id is not None and owners[one.identifier_key] != one.customer_id:
                self._note_stray(one.customer_id, one.identifier_key)

    def _note_stray(self, customer_id: bytes, key: bytes) -> None:
        self._arranging.strays[customer_id] = key
        self._keys.add(key)

    async def put_back(self, arrivals: Sequence[Arrival]) -> None:
        """Touchpoints that the timeline misses are in it, and what each links is linked.

        `missing` knows those that were put back.
        """
        async with self._store.transaction() as connection:
            allowed = await self._suppression.kept(connection, list(arrivals))
            cut = (await cuts.read_cut(connection)).declared_at
            # Behind the cut there are checkpoints instead.
            kept = [one for one in allowed if cut is None or one.fact.occurred_at >= cut]
            fresh = await self._missing(connection, kept) if kept else []
            if fresh:
                await facts.add_to_timeline(connection, [arrival.fact for arrival in fresh])
        for arrival in allowed:
            self._keys.update(identifier_key(*i) for i in arrival.touchpoint.identifiers.items())
        self.missing.update((a.fact.message_key, a.fact.received_at) for a in fresh)
        self.done.touchpoints += len(fresh)
        await self._link([arrival for arrival in allowed if not arrival.touchpoint.bot])

    async def _link(self, arrivals: Sequence[Arrival]) -> None:
        linked = {pair for a in arrivals for pair in pairs(named(a.touchpoint).keys)}
        if linked:
            # On its own, because workers write links before touchpoints: no deadlock.
            async with self._store.transaction() as connection:
                await links.add_links(connection, linked)

    async def link_by_hand(self) -> None:
        """What operators linked is linked, whether or not a touchpoint says so too."""
        async with self._store.transaction() as connection:
            acts = [{key for key in keys if key} for keys in await lost.link_keys(connection)]
            linked = {pair for keys in acts for pair in pairs(frozenset(keys))}
            await links.add_links(connection, linked)
        self._keys.update(*acts)

    async def put_back_customers(self) -> None:
        """Those whose rows were lost have rows, and what was published of them is known."""
        for ids in _chunks(sorted(self._told.lost), 10 * CUSTOMERS_MAX):
            async with self._store.transaction() as connection:
                count, keys = await lost_customers.put_back(connection, self._told, ids)
            self.done.lost_customers += count
            for customer_id, key in keys.items():
                self._note_stray(customer_id, key)

    async def arrange(self, report: Callable[[int, int], None]) -> None:
        """Who owns what, and did, is what links and the timeline say, which must be whole."""
        keys = sorted(self._keys)
        for start in range(0, len(keys), KEYS_MAX):
            await self._arranging.arrange(keys[start : start + KEYS_MAX])
            report(min(start + KEYS_MAX, len(keys)), len(keys))
        self.done.identifiers += self._arranging.identifiers
        self.done.failed += self._arranging.failed

    async def put_back_signals(self, signals: Sequence[SignalOf]) -> None:
        """Signals whose rows were lost are as they were told last."""
        async with self._store.transaction() as connection:
            missing = await lost.signals_without_row(connection, [s.signal_id for s in signals])
            firing = (await self._firings.begin(connection)).firing
            rows = {
                one.signal_id: one.at(firing.watermark - firing.grace_us)
                for one in signals
                if one.signal_id in set(missing)
            }
            if rows:
                self.done.signals += await lost.put_back_signals(connection, list(rows.values()))
                self._told.put_back.update(one.hex() for one in rows)

    async def identify(self, arrivals: Sequence[Arrival]) -> None:
        """Identity knows of those that were missing. It asks the timeline, which must be whole."""
        missed = [
            arrival
            for arrival in arrivals
            if self.missing.get(arrival.fact.message_key) == arrival.fact.received_at
        ]
        if missed:
            await self._identify_some(missed)

    async def _identify_some(self, missed: Sequence[Arrival]) -> None:
        why = "its customers are never free"
        for attempt in range(STALE_RETRIES_MAX):
            try:
                async with self._store.transaction() as connection:
                    await self._identify(connection, missed)
            except StaleReadError:
                await asyncio.sleep(0.01 * 2 ** min(attempt, 6))
            except OwnerLostError as error:
                why = str(error)
                break
            else:
                return
        if len(missed) > 1:
            for one in missed:
                await self._identify_some([one])
            return
        touchpoint = missed[0].touchpoint
        self.done.failed.append(f"event {touchpoint.source} {touchpoint.message_id}: {why}")

    async def _identify(self, connection: Connection, arrivals: Sequence[Arrival]) -> None:
        assigned = await assignment.assign(
            connection, arrivals, self._bounds, lambda: uuid7().bytes
        )
        await assignment.write(connection, assigned, self._bounds)
        customers = [c for c in assigned.customers.values() if _is_other(c)]
        await self._conclude(connection, customers, assigned.rearranged)

    async def _missing(self, connection: Connection, arrivals: Sequence[Arrival]) -> list[Arrival]:
        """Those that are to be added to the timeline; message keys are as they should be."""
        watermark = await progress.read_watermark(connection) or 0
        kept = await dedupe.kept_whole(
            connection, [arrival.fact for arrival in arrivals], watermark - self._dedupe_us
        )
        others = [arrival for arrival in arrivals if arrival.fact.message_key not in kept]
        if not others:
            return []
        await dedupe.forget_lost(connection, [arrival.fact for arrival in others])
        # What is not remembered is looked for in the timeline, however new it is.
        fresh, _ = await admit(connection, others, Window(FAR, DAY_US))
        return fresh

    async def customers_met(self) -> list[bytes]:
        """Whom the records read so far are about, in the order of ids."""
        found: set[bytes] = set()
        keys = sorted(self._keys)
        async with self._store.connection() as connection:
            for some in _chunks(keys, 100 * CUSTOMERS_MAX):
                found.update(await people.owners_ever(connection, some))
        return sorted(found)

    async def recompute(self, customer_ids: Sequence[bytes]) -> None:
        """These customers are what the fold over the timeline says; one that fails is named."""
        try:
            async with self._store.transaction() as connection:
                await self._recompute(connection, customer_ids)
        except (ValueError, KeyError, TypeError, AssertionError):
            if len(customer_ids) > 1:
                for customer_id in customer_ids:
                    await self.recompute([customer_id])
                return
            name = id_text(customer_ids[0])
            log.exception("a customer cannot be computed again", customer_id=name)
            self.done.failed.append(f"customer {name}: the log says why")

    async def _recompute(self, connection: Connection, customer_ids: Sequence[bytes]) -> None:
        customers = [
            Customer.found(row.customer_id, decode_state(row.state), row.definition_id)
            for row in await people.lock_customers(connection, customer_ids)
            if row.merged_into is None
        ]
        await self._conclude(connection, customers)
        self.done.customers += len(customers)

    async def _conclude(
        self,
        connection: Connection,
        customers: list[Customer],
        rearranged: Sequence[Rearrangement] = (),
    ) -> None:
        if not customers:
            return
        conclusion: Conclusion = await self._firings.begin(connection)
        conclusion.signals.told = self._told
        for customer in customers:
            customer.refold = customer.refold or REBUILT
            self._told.count_on(customer.customer_id, customer.state)
            customer.state.wake_at = None  # so that its timer is set anew
        changes = await recompute.refold(connection, conclusion.journeys, customers)
        if rearranged:
            await succession.hand_over_signals(connection, rearranged, customers)
        await conclusion.conclude(connection, customers, changes)
        self.done.messages += len(conclusion.outgoing.rows)


def _is_other(customer: Customer) -> bool:
    """Whether who the customer is has changed, which must not wait."""
    same = customer.state.identifiers is customer.before.identifiers
    return customer.is_new or bool(customer.absorbed) or not same


def _chunks(ids: Sequence[bytes], size: int) -> Iterable[Sequence[bytes]]:
    return (ids[start : start + size] for start in range(0, len(ids), size))


def _owned(rows: Iterable[CustomerRow]) -> Iterable[NewIdentifier]:
    for row in rows:
        for one in decode_state(row.state).identifiers:
            key = identifier_key(one.kind, one.value)
            yield NewIdentifier(key, one.kind, one.value, row.customer_id, one.since)
