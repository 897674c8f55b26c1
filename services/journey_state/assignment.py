"""Whose is each touchpoint: identity applied to a batch, on locked customers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from services.journey_state.customer import (
    Customer,
    OwnedIdentifier,
    Refold,
    decode_state,
)
from services.journey_state.event import Arrival
from services.journey_state.identity import Fact, Move, Step, fact_of, step
from services.journey_state.keys import identifier_key
from services.journey_state.owners import Holding, Owner, Owners
from services.journey_state.store import people
from services.journey_state.store.pool import Connection
from services.journey_state.touchpoint import Identifier, Place, Touchpoint

BEGINNING: Place = (-62_135_596_800_000_000, "", "")  # year 1: before every touchpoint


class StaleReadError(Exception):
    """Another worker changed an owner between our read and our lock: do the batch again."""


@dataclass(frozen=True, slots=True)
class IdentityBounds:
    """How much one customer may own, and how often an identifier may move."""

    identifiers_max: int = 100
    moves_max: int = 20


@dataclass(slots=True)
class Assignment:
    """The customers of a batch, and what identity changed on the way."""

    customers: dict[bytes, Customer] = field(default_factory=dict)
    created: list[people.NewIdentifier] = field(default_factory=list)
    moves: list[tuple[Place, Move[bytes], bool]] = field(default_factory=list)
    joins: list[tuple[bytes, bytes]] = field(default_factory=list)
    conflicts: list[tuple[bytes, bytes, bytes, str, int]] = field(default_factory=list)


async def assign(
    connection: Connection,
    arrivals: Sequence[Arrival],
    bounds: IdentityBounds,
    new_id: Callable[[], bytes],
) -> Assignment:
    """The customers of these touchpoints, each with its share in `fresh`.

    Touchpoints of bots link nothing and make no customer; they are kept in the timeline alone.
    Raises StaleReadError.
    """
    people_of = [a.touchpoint for a in arrivals if not a.touchpoint.bot]
    people_of.sort(key=lambda touchpoint: touchpoint.place)
    assignment, owners = await _load(connection, people_of, bounds)
    for touchpoint in people_of:
        _apply(assignment, owners, touchpoint, new_id)
    return assignment


async def write(connection: Connection, assignment: Assignment, bounds: IdentityBounds) -> None:
    """Store what identity changed; raises StaleReadError when another worker was first."""
    if assignment.created:
        stored = await people.add_identifiers(connection, assignment.created)
        if stored != len(assignment.created):
            raise StaleReadError
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


async def _load(
    connection: Connection, touchpoints: Iterable[Touchpoint], bounds: IdentityBounds
) -> tuple[Assignment, Owners[bytes]]:
    named = {identifier_key(*i): i for i in _identifiers(touchpoints)}
    rows = await people.find_identifiers(connection, list(named)) if named else []
    locked = await people.lock_customers(connection, [row.customer_id for row in rows])
    customers = {}
    for row in locked:
        if row.merged_into is not None:
            raise StaleReadError
        state = decode_state(row.state)
        customers[row.customer_id] = Customer.found(row.customer_id, state, row.definition_id)
    owners: Owners[bytes] = Owners(
        identifiers_max=bounds.identifiers_max, moves_max=bounds.moves_max
    )
    for found in rows:
        identifier = named[found.identifier_key]
        owner = customers.get(found.customer_id)
        if owner is None or not _owns(owner, identifier):
            raise StaleReadError
        owners.holdings[identifier] = Holding(found.customer_id, found.moves)
        if found.unlinked:
            owners.unlinked.add(identifier)
    for customer_id, customer in customers.items():
        owned = customer.state.identifiers
        owners.customers[customer_id] = Owner(customer.state.made, customer.known, len(owned))
    return Assignment(customers), owners


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


def _apply(
    assignment: Assignment,
    owners: Owners[bytes],
    touchpoint: Touchpoint,
    new_id: Callable[[], bytes],
) -> None:
    owner = _settled_owner(owners, touchpoint)
    if owner is not None:
        assignment.customers[owner].fresh.append(touchpoint)
        return
    previous = ("user_id", touchpoint.previous_id or "")
    fact = fact_of(touchpoint, previous_is_user=previous in owners.holdings)
    kept = _keep_later_moves(assignment, owners, fact)
    result = step(owners, fact, lambda _fact, _identifier: new_id())
    owners.unlinked -= kept
    _note(assignment, fact, result, owners)
    assignment.customers[result.owner].fresh.append(touchpoint)


def _settled_owner(owners: Owners[bytes], touchpoint: Touchpoint) -> bytes | None:
    """The owner of all its identifiers, if there is one: most touchpoints change no identity.

    The short way to what `identity.changes_nothing` says of them.
    """
    if touchpoint.previous_id is not None or owners.unlinked:
        return None
    asked = None
    for identifier in touchpoint.identifiers.items():
        owner = owners.owner_of(identifier)
        if owner is None or (asked is not None and owner != asked):
            return None
        asked = owner
    return asked


def _keep_later_moves(assignment: Assignment, owners: Owners[bytes], fact: Fact) -> set[Identifier]:
    """A late touchpoint must not take an identifier from a known customer it belongs to since."""
    kept: set[Identifier] = set()
    if fact.user is None:
        return kept
    user = owners.owner_of(fact.user)
    for identifier in fact.linked:
        owner = owners.owner_of(identifier)
        if owner is None or owner == user or not owners.customers[owner].known:
            continue
        place = assignment.customers[owner].state.journey.place
        if place is not None and place > fact.place and identifier not in owners.unlinked:
            kept.add(identifier)
    owners.unlinked |= kept
    return kept


def _note(assignment: Assignment, fact: Fact, result: Step[bytes], owners: Owners[bytes]) -> None:
    at = fact.place[0]
    customers = assignment.customers
    for customer_id in result.made:
        customers[customer_id] = Customer.made(customer_id, fact.place)
    for owner, (kind, value) in result.created:
        _gain(customers[owner], OwnedIdentifier(kind, value, at))
        key = identifier_key(kind, value)
        assignment.created.append(people.NewIdentifier(key, kind, value, owner, at))
    for gone, survivor in result.joins:
        _join(assignment, customers.pop(gone), customers[survivor], fact)
    for move in result.moves:
        _lose(customers[move.from_owner], move.identifier)
        _gain(customers[move.to_owner], OwnedIdentifier(*move.identifier, at))
        first = owners.holdings[move.identifier].moves == 1
        assignment.moves.append((fact.place, move, first))
        key = identifier_key(*move.identifier)
        assignment.conflicts.append((key, move.from_owner, move.to_owner, "moved", at))
    for conflict in result.conflicts:
        key = identifier_key(*conflict.identifier)
        row = (key, conflict.from_owner, conflict.to_owner, str(conflict.reason), at)
        assignment.conflicts.append(row)


def _gain(customer: Customer, owned: OwnedIdentifier) -> None:
    customer.state.identifiers = [*customer.state.identifiers, owned]


def _lose(customer: Customer, identifier: Identifier) -> None:
    customer.state.identifiers = [
        o for o in customer.state.identifiers if (o.kind, o.value) != identifier
    ]


def _join(assignment: Assignment, gone: Customer, survivor: Customer, fact: Fact) -> None:
    survivor.state.identifiers = survivor.state.identifiers + gone.state.identifiers
    survivor.fresh += gone.fresh
    survivor.absorbed += gone.absorbed
    if gone.is_new:
        _rename(assignment, gone.customer_id, survivor.customer_id)
    else:
        survivor.absorbed.append(gone)
        assignment.joins.append((gone.customer_id, survivor.customer_id))
    if not (gone.is_new and survivor.is_new):
        survivor.refold = Refold("merge", fact.place[1])


def _rename(assignment: Assignment, old: bytes, new: bytes) -> None:
    """A customer that never was one outside of this transaction leaves no trace of its id."""
    assignment.created = [
        row._replace(customer_id=new) if row.customer_id == old else row
        for row in assignment.created
    ]
    assignment.joins = [
        (gone, new if survivor == old else survivor) for gone, survivor in assignment.joins
    ]
    assignment.moves = [
        (place, Move(m.identifier, m.from_owner, new) if m.to_owner == old else m, first)
        for place, m, first in assignment.moves
    ]
