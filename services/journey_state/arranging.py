"""Who owns what, computed again for whole connected sets while state is rebuilt."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence

import structlog
from uuid_utils import uuid7

from services.journey_state import recomputation
from services.journey_state.connected import (
    ConnectedSet,
    OwnerLostError,
    StaleReadError,
    mentioned_keys,
    reach,
    read_sets,
)
from services.journey_state.customer import Customer, Refold
from services.journey_state.owners import IdentityBounds
from services.journey_state.publication import id_text
from services.journey_state.rearrangement import Rearrangement, rearrange
from services.journey_state.recomputation import pairs
from services.journey_state.store import links
from services.journey_state.store.links import CountedConflict
from services.journey_state.store.pool import Connection, Store
from services.journey_state.told import Told
from services.journey_state.touchpoint import BEGINNING

log = structlog.get_logger()

KEYS_MAX = 200  # identifiers that a transaction begins with
STALE_RETRIES_MAX = 20
REBUILT = Refold("refold", None)

Conclude = Callable[[Connection, list[Customer], Sequence[Rearrangement]], Awaitable[None]]


class Arranging:
    """Identifiers, periods, conflicts and merges of connected sets are what the fold says.

    Of what was only lost nobody is told. A set that holds too many identifiers stays as it is, and
    so does one whose touchpoints are not all there. `strays`: customers that no identifier leads
    to, with an identifier of their set.
    """

    def __init__(
        self, store: Store, bounds: IdentityBounds, told: Told, conclude: Conclude
    ) -> None:
        self._store = store
        self._bounds = bounds
        self._told = told
        self._conclude = conclude
        self._done: set[bytes] = set()
        self.strays: dict[bytes, bytes] = {}
        self.identifiers = 0  # rows put back
        self.failed: list[str] = []

    async def arrange(self, keys: Sequence[bytes]) -> None:
        """After this it is so for the sets of these identifiers."""
        for attempt in range(STALE_RETRIES_MAX):
            left = [key for key in keys if key not in self._done]
            if not left:
                return
            why = await self._try(left)
            if why is None:
                return
            if len(left) > 1:
                middle = len(left) // 2
                await self.arrange(left[:middle])
                await self.arrange(left[middle:])
                return
            if why:
                break
            await asyncio.sleep(0.01 * 2 ** min(attempt, 6))
        else:
            why = "its customers are never free"
        self._done.add(left[0])
        self._fail(left[0], why)

    async def _try(self, keys: Sequence[bytes]) -> str | None:
        """None: it is done. Else why not; "" if that may be otherwise next time."""
        try:
            async with self._store.transaction() as connection:
                return await self._arrange(connection, keys)
        except StaleReadError:
            return ""
        except OwnerLostError as error:
            return str(error)
        except (ValueError, KeyError, TypeError, AssertionError) as error:
            if len(keys) == 1:
                log.exception("owners cannot be computed again", identifier_key=keys[0].hex())
            return repr(error)

    async def _arrange(self, connection: Connection, keys: Sequence[bytes]) -> str | None:
        seeds = frozenset(keys)
        groups = await reach(connection, seeds, ())
        if groups is None:
            return "too many are linked with it: owners are left as they are"
        sets = await read_sets(connection, groups, {}, self.strays)
        await recomputation.confirm(connection, groups, seeds, ())
        missing = _missing_links(sets)
        if missing:
            await links.add_links(connection, missing)
            return ""
        every = [key for stored in sets for key in stored.keys]
        counted = await links.read_conflicts(connection, every)
        changes = []
        for stored in sets:
            change = self._change(stored)
            if change is not None and _differs(change, counted):
                await recomputation.write(connection, change)
                changes.append(change)
        customers = [c for change in changes for c in change.customers if c.touched]
        await self._conclude(connection, customers, changes)
        self.identifiers += sum(change.new_identifiers for change in changes)
        self._done.update(every)
        return None

    def _change(self, stored: ConnectedSet) -> Rearrangement | None:
        for customer_id, customer in stored.customers.items():
            made = (customer.state.made, customer.state.made_by)
            customer.lost = customer_id in self._told.lost or made == (BEGINNING, None)
            if customer.lost:
                _find_made(stored, customer)
        change = rearrange(stored, (), REBUILT, self._bounds, lambda: uuid7().bytes)
        if change.forgotten:
            for key in change.forgotten:
                self._fail(key, "touchpoints that name it are gone, begin earlier")
            return None
        for customer in change.customers:
            if customer.lost:
                customer.refold = REBUILT
        self._keep_silent(stored, change)
        return change

    def _fail(self, key: bytes, why: str) -> None:
        log.warning("who owns an identifier cannot be said", identifier_key=id_text(key), why=why)
        self.failed.append(f"identifier {id_text(key)}: {why}")

    def _keep_silent(self, stored: ConnectedSet, change: Rearrangement) -> None:
        """Merges and splits that were there before, and of which only rows were lost, are no news.

        Identity is as it was where customers own what they owned, and as many were theirs once.
        """
        owners = {row.customer_id for row in stored.identifiers.values()}
        owners |= {one.customer_id for held in stored.periods.values() for one in held}
        same = {c.customer_id for c in stored.customers.values() if _is_same(c)}
        for customer in change.customers:
            customer.absorbed = [
                gone
                for gone in customer.absorbed
                if gone.customer_id in owners
                and self._told.now(gone.customer_id) != customer.customer_id
            ]
            for one in (customer, *customer.absorbed):
                if one.customer_id in same:
                    one.splits = [to for to in one.splits if to not in same]
            if customer.customer_id in owners:
                customer.revived = False


def _missing_links(sets: Sequence[ConnectedSet]) -> set[tuple[bytes, bytes]]:
    """Of what touchpoints and checkpoints named together and is in no set together."""
    facts = ((stored.keys, mentioned_keys(one.fact)) for stored in sets for one in stored.facts)
    return {pair for keys, named in facts if not named <= keys for pair in pairs(named)}


def _is_same(customer: Customer) -> bool:
    before, state = customer.before, customer.state
    owned = {(one.kind, one.value) for one in state.identifiers}
    return customer.lost or (
        before.lost == state.lost and owned == {(one.kind, one.value) for one in before.identifiers}
    )


def _find_made(stored: ConnectedSet, customer: Customer) -> None:
    """It was made by the first of its touchpoints: those that tables say are its own, or else
    those whose primary identifier it had when it was told of last."""
    places = [
        one.fact.place
        for one in stored.facts
        if stored.owner_at(one.key, one.fact.place) == customer.customer_id
    ]
    if not places and customer.state.made == BEGINNING:
        had = {(one.kind, one.value) for one in customer.state.identifiers}
        places = [one.fact.place for one in stored.facts if one.fact.primary in had]
    if places:
        customer.state.made = min(places)


def _differs(change: Rearrangement, counted: Collection[CountedConflict]) -> bool:
    if change.identifiers or change.periods is not None or change.redirects or change.gone:
        return True
    if any(customer.touched for customer in change.customers):
        return True
    theirs = [one for one in counted if one.row.identifier_key in change.keys]
    after = recomputation.conflicts_of(change, theirs)
    return sorted(after) != sorted(one.row for one in theirs)
