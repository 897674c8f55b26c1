"""Identity as a fold: all facts of a connected set to who owned what from when (semantics 2)."""

from __future__ import annotations

from collections.abc import Iterable
from operator import attrgetter

import msgspec

from services.journey_state.identity import (
    Conflict,
    Fact,
    Linking,
    Move,
    Reason,
    join_customers,
    join_users,
    link_identifiers,
)
from services.journey_state.owners import IDENTIFIERS_MAX, MOVES_MAX, Owners
from services.journey_state.touchpoint import Identifier, Place

# An owner is called by the identifier that made it: the same facts give the same names.
Period = tuple[Place | None, Identifier]


class Link(msgspec.Struct, frozen=True):
    """An operator joined two customers at `at` (microseconds); of two known ones `a`'s survives."""

    a: Identifier
    b: Identifier
    at: int


class Unlink(msgspec.Struct, frozen=True):
    """An operator took the identifier out of all links at `at` (microseconds)."""

    identifier: Identifier
    at: int


class Tally(msgspec.Struct):
    """How often, and the first and last time (microseconds)."""

    count: int
    first: int
    last: int


class Ownership(msgspec.Struct, frozen=True, kw_only=True):
    """Who owned what from when, up to the names of owners.

    Of each identifier the periods in order, each lasting until the next begins, the first from
    None: ever. Owners are named as they are in the end, in conflicts too; what was not applied
    between two that became one is none. `made`: the touchpoint that made the customer, None: an
    operator. `linked`: the newest touchpoint that changed something about the customer's
    identifiers or was refused to. `met`: the first touchpoint that names the identifier.
    `moves`: how often it moved, before what is kept of the past too.
    """

    periods: dict[Identifier, list[Period]]
    touchpoints: dict[Place, Identifier]
    conflicts: dict[Conflict[Identifier], Tally]
    made: dict[Identifier, Place | None]
    linked: dict[Identifier, Place]
    met: dict[Identifier, Place]
    moves: dict[Identifier, int]
    unlinked: frozenset[Identifier]

    def owner_at(self, identifier: Identifier, place: Place) -> Identifier:
        """The owner of the identifier, which must have been met, at a place."""
        owner = self.periods[identifier][0][1]
        for begins, next_owner in self.periods[identifier][1:]:
            if begins is None or begins > place:
                break
            owner = next_owner
        return owner


def fold(
    facts: Iterable[Fact],
    operator: Iterable[Link | Unlink] = (),
    *,
    identifiers_max: int = IDENTIFIERS_MAX,
    moves_max: int = MOVES_MAX,
) -> Ownership:
    """Operator facts by their time, then aliases of users in the order, then all facts in it.

    The same for every order of the input; repeats have no effect. A `previous_id` is a user if
    the fact says so or any of the facts names that user.
    """
    ordered = _resolve_previous(facts)
    owners: Owners[Identifier] = Owners(identifiers_max=identifiers_max, moves_max=moves_max)
    links, owners.unlinked = _in_force(operator)
    met = _first_places(ordered)
    notes = _Notes(owners)
    for link in links:
        for identifier in (link.a, link.b):
            linking = Linking(owners, met.get(identifier), _by_identifier)
            linking.meet(identifier)
            notes.take(linking, None, link.at)
        linking = Linking(owners, None, _by_identifier)
        join_customers(linking, link.a, link.b)
        notes.take(linking, None, link.at)
    for fact in ordered:
        if fact.previous_user is not None:
            linking = Linking(owners, fact.place, _by_identifier)
            join_users(linking, fact)
            notes.take(linking, fact.place, fact.place[0])
            notes.mention(fact, (fact.primary, fact.previous_user))
    for fact in ordered:
        linked = fact.linked
        owner = owners.common_owner(linked)
        if owner is None:
            linking = Linking(owners, fact.place, _by_identifier)
            link_identifiers(linking, fact)
            notes.take(linking, fact.place, fact.place[0])
            notes.mention(fact, linked)
            owner = linking.step(fact.primary).owner
        if fact.moves:
            owners.count_moves(zip(fact.identifiers, fact.moves, strict=True))
        notes.touchpoints[fact.place] = owner
    return notes.ownership(met)


def _by_identifier(identifier: Identifier) -> Identifier:
    return identifier


def _resolve_previous(facts: Iterable[Fact]) -> list[Fact]:
    ordered = sorted(set(facts), key=attrgetter("place", "identifiers"))
    users = {fact.user[1] for fact in ordered if fact.user is not None}
    return [
        msgspec.structs.replace(fact, previous_is_user=True)
        if fact.previous_id is not None and fact.previous_id in users
        else fact
        for fact in ordered
    ]


def _in_force(operator: Iterable[Link | Unlink]) -> tuple[list[Link], set[Identifier]]:
    """The links that no later unlink took back, by time, and what is unlinked in the end."""
    links: list[Link] = []
    unlinked: set[Identifier] = set()
    # At one instant the unlink comes last: what an operator took apart stays apart.
    for fact in sorted(set(operator), key=lambda f: (f.at, isinstance(f, Unlink), repr(f))):
        if isinstance(fact, Link):
            links.append(fact)
            unlinked -= {fact.a, fact.b}
        else:
            links = [link for link in links if fact.identifier not in (link.a, link.b)]
            unlinked.add(fact.identifier)
    return links, unlinked


def _first_places(ordered: list[Fact]) -> dict[Identifier, Place]:
    places: dict[Identifier, Place] = {}
    for fact in ordered:
        for identifier in fact.linked:
            places.setdefault(identifier, fact.place)
    return places


class _Notes:
    """What the changes add up to."""

    def __init__(self, owners: Owners[Identifier]) -> None:
        self.touchpoints: dict[Place, Identifier] = {}
        self._owners = owners
        self._periods: dict[Identifier, list[Period]] = {}
        self._made: dict[Identifier, Place | None] = {}
        self._linked: dict[Identifier, Place] = {}
        self._conflicts: dict[Conflict[Identifier], Tally] = {}

    def take(self, linking: Linking[Identifier], place: Place | None, at: int) -> None:
        """Add what one linking changed at `place`."""
        for owner in linking.made:
            self._made[owner] = linking.place
        for owner, identifier in linking.created:
            self._periods[identifier] = [(None, owner)]
        for move in linking.moves:
            self._periods[move.identifier].append((place, move.to_owner))
            if place is not None:
                self._raise(move.from_owner, place)
        for conflict in (*linking.conflicts, *map(_row, linking.moves)):
            _add(self._conflicts, conflict, Tally(1, at, at))

    def mention(self, fact: Fact, identifiers: Iterable[Identifier]) -> None:
        """The fact says something of the owners of these identifiers."""
        for identifier in identifiers:
            owner = self._owners.owner_of(identifier)
            if owner is not None:
                self._raise(owner, fact.place)

    def ownership(self, met: dict[Identifier, Place]) -> Ownership:
        """The result: joins reach back, so every owner is named as it is in the end."""
        resolve = self._owners.resolve
        linked: dict[Identifier, Place] = {}
        for owner, place in self._linked.items():
            now = resolve(owner)
            linked[now] = max(linked.get(now, place), place)
        conflicts: dict[Conflict[Identifier], Tally] = {}
        for row, tally in self._conflicts.items():
            ends = (resolve(row.from_owner), resolve(row.to_owner))
            if ends[0] != ends[1]:
                _add(conflicts, Conflict(row.identifier, *ends, row.reason), tally)
        return Ownership(
            periods={i: [(p, resolve(o)) for p, o in ps] for i, ps in self._periods.items()},
            touchpoints={place: resolve(owner) for place, owner in self.touchpoints.items()},
            conflicts=conflicts,
            made={o: place for o, place in self._made.items() if resolve(o) == o},
            linked=linked,
            met=met,
            moves={i: self._owners.holdings[i].moves for i in self._periods},
            unlinked=frozenset(self._owners.unlinked),
        )

    def _raise(self, owner: Identifier, place: Place) -> None:
        newest = self._linked.get(owner)
        if newest is None or newest < place:
            self._linked[owner] = place


def _add(rows: dict[Conflict[Identifier], Tally], row: Conflict[Identifier], more: Tally) -> None:
    tally = rows.get(row)
    if tally is None:
        rows[row] = Tally(more.count, more.first, more.last)
        return
    tally.count += more.count
    tally.first, tally.last = min(tally.first, more.first), max(tally.last, more.last)


def _row(move: Move[Identifier]) -> Conflict[Identifier]:
    reason: Reason = "moved"
    return Conflict(move.identifier, move.from_owner, move.to_owner, reason)
