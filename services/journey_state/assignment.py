"""Whose is each touchpoint: identity applied to a batch, on locked customers."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass

from services.journey_state import recomputation
from services.journey_state.assigned import Assignment, gain, lose
from services.journey_state.connected import OwnerLostError, StaleReadError, mentioned
from services.journey_state.customer import Customer, OwnedIdentifier, decode_state
from services.journey_state.event import Arrival
from services.journey_state.identity import Fact, Move, Step, fact_of, step
from services.journey_state.keys import identifier_key
from services.journey_state.lateness import Lateness
from services.journey_state.owners import Holding, IdentityBounds, Owner, Owners
from services.journey_state.recomputation import Named, named
from services.journey_state.store import links, people
from services.journey_state.store.people import CustomerRow, IdentifierRow
from services.journey_state.store.pool import Connection
from services.journey_state.touchpoint import BEGINNING, Identifier, Touchpoint

__all__ = ["Assignment", "Begun", "IdentityBounds", "StaleReadError", "assign", "begin", "write"]

TOO_MANY_LINKED = "too_many_linked"  # the reason of a fact that was applied where it arrived


class Begun:
    """A batch whose customers are locked and known, and whose touchpoints are nobody's yet."""

    def __init__(
        self, loaded: _Loaded, bounds: IdentityBounds, new_id: Callable[[], bytes]
    ) -> None:
        self._parts = (loaded, bounds, new_id)
        self._work = _Work(*self._parts)

    def owners_of(self, touchpoint: Touchpoint) -> Sequence[Customer]:
        """The customers that own what it names, before it says anything of them."""
        return self._work.owners_of(touchpoint)

    async def assign(
        self,
        connection: Connection,
        arrivals: Sequence[Arrival],
        replaced: Collection[Touchpoint] = (),
    ) -> Assignment:
        """The customers of these touchpoints, which it began with, each with its share in `fresh`.

        `replaced`: copies that count no more, of touchpoints among the arrivals. Raises
        StaleReadError.
        """
        people_of = _people_of(arrivals)
        late = self._work.apply(people_of)
        unsaid = _unsaid(replaced, people_of)
        if not late and not unsaid:
            return self._work.assignment
        triggers = [*map(named, late), *(named(before, counts=False) for before in unsaid)]
        work = _Work(*self._parts)
        await work.recompute(connection, [*map(named, people_of)], triggers)
        return work.assignment


async def begin(
    connection: Connection,
    arrivals: Sequence[Arrival],
    bounds: IdentityBounds,
    new_id: Callable[[], bytes],
) -> Begun:
    """Lock the owners of what these touchpoints name. Raises StaleReadError, OwnerLostError.

    Touchpoints of bots link nothing and make no customer; they are kept in the timeline alone.
    """
    loaded = await _load(connection, _people_of(arrivals))
    try:
        return Begun(loaded, bounds, new_id)
    except _ContradictionError:
        await _confirm(connection, loaded)
        raise StaleReadError from None


async def assign(
    connection: Connection,
    arrivals: Sequence[Arrival],
    bounds: IdentityBounds,
    new_id: Callable[[], bytes],
) -> Assignment:
    """The customers of these touchpoints, each with its share in `fresh`; raises StaleReadError."""
    begun = await begin(connection, arrivals, bounds, new_id)
    return await begun.assign(connection, arrivals)


async def write(connection: Connection, assignment: Assignment, bounds: IdentityBounds) -> None:
    """Store what identity changed; raises StaleReadError when another worker was first."""
    for change in assignment.rearranged:
        await recomputation.write(connection, change)
    await _write_identifiers(connection, assignment)
    for place, move, first in assignment.moves:
        periods = [people.Period(identifier_key(*move.identifier), place, move.to_owner)]
        if first:
            key = periods[0].identifier_key
            periods.insert(0, people.Period(key, BEGINNING, move.from_owner))
        await people.move_identifier(connection, periods, moves_max=bounds.moves_max)
    for gone, survivor in assignment.joins:
        await people.merge_customer(connection, gone, survivor)
    for conflict in assignment.conflicts:
        await people.add_conflict(connection, conflict)


async def _write_identifiers(connection: Connection, assignment: Assignment) -> None:
    if assignment.created:
        stored = await people.add_identifiers(connection, assignment.created, assignment.links)
        if stored != len(assignment.created):
            raise StaleReadError
    elif assignment.links:
        await links.add_links(connection, assignment.links)
    if assignment.claimed:
        claimed = await people.claim_identifiers(connection, assignment.claimed)
        if claimed != len(assignment.claimed):
            raise StaleReadError


def _people_of(arrivals: Iterable[Arrival]) -> list[Touchpoint]:
    people_of = [a.touchpoint for a in arrivals if not a.touchpoint.bot]
    people_of.sort(key=lambda touchpoint: touchpoint.place)
    return people_of


def _unsaid(replaced: Collection[Touchpoint], copies: Sequence[Touchpoint]) -> list[Touchpoint]:
    """The replaced copies that said something else of identity than those which count now."""
    if not replaced:
        return []
    said = {fact_of(copy) for copy in copies}
    return [before for before in replaced if not before.bot and fact_of(before) not in said]


@dataclass(frozen=True, slots=True)
class _Loaded:
    """What is stored of the batch's identifiers and their owners, who are locked."""

    named: dict[bytes, Identifier]
    identifiers: list[IdentifierRow]
    customers: list[CustomerRow]


async def _load(connection: Connection, touchpoints: Iterable[Touchpoint]) -> _Loaded:
    named = {identifier_key(*i): i for i in _identifiers(touchpoints)}
    if not named:
        return _Loaded({}, [], [])
    rows = await people.find_identifiers(connection, list(named))
    owned = [row.customer_id for row in rows if row.customer_id is not None]
    locked = await people.lock_customers(connection, owned)
    return _Loaded(named, rows, locked)


async def _confirm(connection: Connection, loaded: _Loaded) -> None:
    """Raise OwnerLostError if owners contradict with all locks held what they did before."""
    by_id = {row.customer_id: row for row in loaded.customers}
    again = await people.find_identifiers(connection, list(loaded.named))
    before = {row.identifier_key: row.customer_id for row in loaded.identifiers}
    lost = set()
    for row in again:
        owner = row.customer_id
        if owner is None or before.get(row.identifier_key) != owner:
            continue
        if not _is_owner(by_id.get(owner), loaded.named[row.identifier_key]):
            lost.add(owner)
    if lost:
        raise OwnerLostError(lost)


def _is_owner(row: CustomerRow | None, identifier: Identifier) -> bool:
    if row is None or row.merged_into is not None:
        return False
    return any((o.kind, o.value) == identifier for o in decode_state(row.state).identifiers)


class _ContradictionError(Exception):
    """An identifier's owner is not there, or does not own it: changed meanwhile, or lost."""


def _identifiers(touchpoints: Iterable[Touchpoint]) -> set[Identifier]:
    found: set[Identifier] = set()
    for touchpoint in touchpoints:
        found.update(touchpoint.identifiers.items())
        if touchpoint.previous_id:
            found.add(("user_id", touchpoint.previous_id))
            found.add(("anonymous_id", touchpoint.previous_id))
    return found


def _owns(customer: Customer, identifier: Identifier) -> bool:
    return any((o.kind, o.value) == identifier for o in customer.state.identifiers)


class _Work:
    """A batch's facts applied to what was loaded."""

    def __init__(
        self, loaded: _Loaded, bounds: IdentityBounds, new_id: Callable[[], bytes]
    ) -> None:
        self._bounds = bounds
        self._new_id = new_id
        customers = {}
        for found in loaded.customers:
            if found.merged_into is not None:
                raise _ContradictionError
            state = decode_state(found.state)
            customers[found.customer_id] = Customer.found(
                found.customer_id, state, found.definition_id
            )
        self._held = customers
        self.assignment = Assignment(dict(customers))
        self._owners: Owners[bytes] = Owners(
            identifiers_max=bounds.identifiers_max, moves_max=bounds.moves_max
        )
        for customer_id, customer in customers.items():
            state = customer.state
            self._owners.customers[customer_id] = Owner(
                state.earliest or state.made, customer.known, len(state.identifiers)
            )
        self._lateness = Lateness(self._owners, self.assignment.customers)
        for row in loaded.identifiers:
            self._take(row, loaded.named[row.identifier_key])

    def _take(self, row: IdentifierRow, identifier: Identifier) -> None:
        if row.unlinked:
            self._owners.unlinked.add(identifier)
        if row.named:
            self._lateness.named.add(identifier)
        if row.customer_id is None:
            return
        owner = self.assignment.customers.get(row.customer_id)
        if owner is None or not _owns(owner, identifier):
            raise _ContradictionError
        self._owners.holdings[identifier] = Holding(row.customer_id, row.moves)
        if row.moved_at is not None:
            self._lateness.moved[identifier] = row.moved_at

    def owners_of(self, touchpoint: Touchpoint) -> list[Customer]:
        found: dict[bytes, Customer] = {}
        holdings, customers = self._owners.holdings, self.assignment.customers
        for identifier in touchpoint.identifiers.items():
            holding = holdings.get(identifier)
            if holding is not None:
                found[holding.owner] = customers[holding.owner]
        return list(found.values())

    def apply(self, touchpoints: Iterable[Touchpoint]) -> list[Touchpoint]:
        """Each touchpoint to its customer; gives those that are left out: their set is to be
        computed again."""
        late = []
        customers, settled_owner = self.assignment.customers, self._lateness.settled_owner
        for touchpoint in touchpoints:
            owner = settled_owner(touchpoint)
            if owner is not None:
                customers[owner].fresh.append(touchpoint)
                continue
            fact = self._fact(touchpoint)
            if self._lateness.asks_for_recomputation(fact):
                late.append(touchpoint)
            else:
                self._link(touchpoint, fact)
        return late

    async def recompute(
        self, connection: Connection, batch: Sequence[Named], triggers: Sequence[Named]
    ) -> None:
        """Compute the sets of the triggers again, and apply what is in none of them as ever."""
        found = await self._recompute(connection, batch, triggers)
        if found:
            covered = list(triggers)
        else:
            covered = await self._one_by_one(connection, batch, triggers)
        keys = frozenset[bytes]().union(*(change.keys for change in self.assignment.rearranged))
        for one in batch:
            if not one.keys.isdisjoint(keys):
                self.assignment.links |= recomputation.pairs(one.keys)
        beyond = {t.touchpoint.place for t in triggers if t not in covered}
        for touchpoint in (one.touchpoint for one in batch if one.keys.isdisjoint(keys)):
            if touchpoint.place in beyond or self.apply([touchpoint]):
                self._apply_where_it_is(touchpoint)

    async def _one_by_one(
        self, connection: Connection, batch: Sequence[Named], triggers: Sequence[Named]
    ) -> list[Named]:
        """Those of the triggers whose set is not too large."""
        done: list[Named] = []
        for trigger in triggers:
            keys = [change.keys for change in self.assignment.rearranged]
            again = any(not trigger.keys.isdisjoint(of) for of in keys)
            if again or await self._recompute(connection, batch, [trigger]):
                done.append(trigger)
        return done

    async def _recompute(
        self, connection: Connection, batch: Sequence[Named], triggers: Sequence[Named]
    ) -> bool:
        found = await recomputation.recompute(
            connection, batch, triggers, self._held, self._bounds, self._new_id
        )
        for change in found or ():
            self.assignment.rearranged.append(change)
            for customer_id in change.gone:
                self.assignment.customers.pop(customer_id, None)
            self.assignment.customers.update({c.customer_id: c for c in change.customers})
        return found is not None

    def _fact(self, touchpoint: Touchpoint) -> Fact:
        previous = ("user_id", touchpoint.previous_id or "")
        is_user = previous in self._owners.holdings and previous not in self._lateness.named
        return fact_of(touchpoint, previous_is_user=is_user)

    def _apply_where_it_is(self, touchpoint: Touchpoint) -> None:
        fact = self._fact(touchpoint)
        concerned = self.owners_of(touchpoint)
        owner = self._link(touchpoint, fact)
        for customer in (*concerned, self.assignment.customers[owner]):
            customer.state.checkpoints = []  # whose each touchpoint is may not be what it was
        key = identifier_key(*fact.primary)
        row = (key, owner, owner, TOO_MANY_LINKED, fact.place[0])
        self.assignment.conflicts.append(row)
        self.assignment.overflows += 1

    def _link(self, touchpoint: Touchpoint, fact: Fact) -> bytes:
        result = step(self._owners, fact, lambda _fact, _identifier: self._new_id())
        self._note(fact, result)
        self.assignment.customers[result.owner].fresh.append(touchpoint)
        return result.owner

    def _note(self, fact: Fact, result: Step[bytes]) -> None:
        at = fact.place[0]
        assignment, customers = self.assignment, self.assignment.customers
        made_by = dict(reversed(result.created))
        for customer_id in result.made:
            made = Customer.made(customer_id, fact.place, made_by[customer_id])
            customers[customer_id] = made
        for owner, (kind, value) in result.created:
            gain(customers[owner], OwnedIdentifier(kind, value, at))
            self._create(people.NewIdentifier(identifier_key(kind, value), kind, value, owner, at))
        for gone, survivor in result.joins:
            assignment.join(customers.pop(gone), customers[survivor], fact.place[1])
        for move in result.moves:
            self._move(fact, move)
        for conflict in result.conflicts:
            key = identifier_key(*conflict.identifier)
            row = (key, conflict.from_owner, conflict.to_owner, str(conflict.reason), at)
            assignment.conflicts.append(row)
            if conflict.reason == "cap":
                for end in (conflict.from_owner, conflict.to_owner):
                    customers[self._owners.resolve(end)].state.capped = True
        self._connect(fact)

    def _create(self, row: people.NewIdentifier) -> None:
        if (row.kind, row.value) not in self._lateness.named:
            self.assignment.created.append(row)
            return
        named_now = [r for r in self.assignment.created if r.identifier_key == row.identifier_key]
        if named_now:
            self.assignment.created.remove(named_now[0])
            self.assignment.created.append(row)
        else:
            self.assignment.claimed.append(row)

    def _move(self, fact: Fact, move: Move[bytes]) -> None:
        assignment, at = self.assignment, fact.place[0]
        before, after = assignment.customers[move.from_owner], assignment.customers[move.to_owner]
        # Of whom signals tell as of their due is not what it was.
        before.state.checkpoints = after.state.checkpoints = []
        lose(before, move.identifier)
        before.state.lost += 1
        before.state.raise_linked(fact.place)
        gain(after, OwnedIdentifier(*move.identifier, at))
        first = self._owners.holdings[move.identifier].moves == 1
        assignment.moves.append((fact.place, move, first))
        key = identifier_key(*move.identifier)
        assignment.conflicts.append((key, move.from_owner, move.to_owner, "moved", at))
        self._lateness.moved[move.identifier] = at

    def _connect(self, fact: Fact) -> None:
        """Remember what the fact named together, and for each owner that it did."""
        identifiers = mentioned(fact)
        previous = ("user_id", fact.previous_id or "")
        if previous in identifiers and previous not in self._lateness.named:
            self._name(previous, fact.place[0])
        for identifier in identifiers:
            owner = self._owners.owner_of(identifier)
            if owner is not None:
                self.assignment.customers[owner].state.raise_linked(fact.place)
        if len(identifiers) > 1:
            keys = frozenset(identifier_key(*identifier) for identifier in identifiers)
            self.assignment.links |= recomputation.pairs(keys)

    def _name(self, user: Identifier, at: int) -> None:
        """The first touchpoint of a user that an alias named before is to be noticed."""
        if user not in self._owners.holdings:
            self._lateness.named.add(user)
            row = people.NewIdentifier(identifier_key(*user), *user, None, at)
            self.assignment.created.append(row)
