"""Identity as one step: a touchpoint's identifiers meet, join and move owners (semantics 2.2)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, Literal

import msgspec

from services.contracts.touchpoint import kind_order
from services.journey_state.owners import Owner, OwnerId, Owners
from services.journey_state.touchpoint import Identifier, Place, Touchpoint

Reason = Literal["moved", "cap", "shared", "two_known"]


class Fact(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What identity sees of a touchpoint that is no bot's.

    `identifiers` stand in key order, so the first is the primary one. `previous_is_user` says that
    some touchpoint that is no bot's carries the value of `previous_id` as a `user_id`. `moves`: of
    each identifier, where the fact stands for a past that is not kept, how often it had moved.
    """

    place: Place
    identifiers: tuple[Identifier, ...]
    call: str = "track"
    previous_id: str | None = None
    previous_is_user: bool = False
    moves: tuple[int, ...] = ()

    @property
    def primary(self) -> Identifier:
        """The identifier whose owner gets the touchpoint."""
        return self.identifiers[0]

    @property
    def user(self) -> Identifier | None:
        """The user it names."""
        return self.identifiers[0] if self.identifiers[0][0] == "user_id" else None

    @property
    def previous_user(self) -> Identifier | None:
        """The user that an alias joins to the one it names."""
        if self.call != "alias" or self.user is None or not self.previous_id:
            return None
        return ("user_id", self.previous_id) if self._previous_is_user else None

    @property
    def linked(self) -> tuple[Identifier, ...]:
        """What it links, in key order: with an alias's previous `anonymous_id`."""
        if self.call == "consent":
            return self.identifiers[:1]
        if self.call != "alias" or self._previous_is_user or not self.previous_id:
            return self.identifiers
        previous = ("anonymous_id", self.previous_id)
        if previous in self.identifiers:
            return self.identifiers
        return tuple(sorted((*self.identifiers, previous), key=lambda i: kind_order(i[0])))

    @property
    def _previous_is_user(self) -> bool:
        return self.previous_is_user or ("user_id", self.previous_id) == self.user


def fact_of(touchpoint: Touchpoint, *, previous_is_user: bool = False) -> Fact:
    """The fact that a touchpoint states; the caller leaves out those of bots."""
    in_order = sorted(touchpoint.identifiers.items(), key=lambda i: kind_order(i[0]))
    return Fact(
        place=touchpoint.place,
        identifiers=tuple(in_order),
        call=touchpoint.call,
        previous_id=touchpoint.previous_id,
        previous_is_user=previous_is_user,
    )


class Conflict(msgspec.Struct, Generic[OwnerId], frozen=True):
    """A link that was not applied (or, in an ownership, a move): one row of `/v1/conflicts`."""

    identifier: Identifier
    from_owner: OwnerId
    to_owner: OwnerId
    reason: Reason


class Move(msgspec.Struct, Generic[OwnerId], frozen=True):
    """From the touchpoint's place on, `identifier` is owned by `to_owner`; its past stays."""

    identifier: Identifier
    from_owner: OwnerId
    to_owner: OwnerId


class Step(msgspec.Struct, Generic[OwnerId], frozen=True, kw_only=True):
    """All that one fact changed, to be written in this order; empty lists where nothing did.

    `made`: customers that did not exist. `created`: identifiers met for the first time and their
    owner, which may be an older one. `joins`: (from, to): every ownership of `from`, past and
    present, loaded or not, is now `to`'s.
    """

    owner: OwnerId  # of the touchpoint
    made: list[OwnerId] = []
    created: list[tuple[OwnerId, Identifier]] = []
    joins: list[tuple[OwnerId, OwnerId]] = []
    moves: list[Move[OwnerId]] = []
    conflicts: list[Conflict[OwnerId]] = []


NewOwner = Callable[[Fact, Identifier], OwnerId]


def step(owners: Owners[OwnerId], fact: Fact, new_owner: NewOwner[OwnerId]) -> Step[OwnerId]:
    """Apply one fact that stands after all applied ones; `owners` is then as of its place.

    `new_owner` chooses the id of the customer that an identifier makes. An alias of users is
    applied here and now: exact only if no earlier fact would have gone otherwise by it.
    """
    linking = Linking(owners, fact.place, lambda identifier: new_owner(fact, identifier))
    if not changes_nothing(owners, fact):
        join_users(linking, fact)
        link_identifiers(linking, fact)
    return linking.step(fact.primary)


def changes_nothing(owners: Owners[OwnerId], fact: Fact) -> bool:
    """Whether all its identifiers have the owner that it asks for (semantics 2.5).

    For a late touchpoint load `owners` as of its place.
    """
    identifiers = fact.linked
    if fact.previous_user is not None:
        identifiers = (*identifiers, fact.previous_user)
    asked = None
    for identifier in identifiers:
        owner = owners.owner_of(identifier)
        if owner is None:
            return False
        if identifier in owners.unlinked:
            continue
        if asked is not None and owner != asked:
            return False
        asked = owner
    return True


class Linking(Generic[OwnerId]):
    """One change of the owners, noted down as it is made."""

    def __init__(
        self,
        owners: Owners[OwnerId],
        place: Place | None,
        new_owner: Callable[[Identifier], OwnerId],
    ) -> None:
        self.owners = owners
        self.made: list[OwnerId] = []
        self.created: list[tuple[OwnerId, Identifier]] = []
        self.joins: list[tuple[OwnerId, OwnerId]] = []
        self.moves: list[Move[OwnerId]] = []
        self.conflicts: list[Conflict[OwnerId]] = []
        self.place = place
        self._new_owner = new_owner

    def step(self, primary: Identifier) -> Step[OwnerId]:
        """What was noted; `primary` has an owner."""
        owners = self.owners
        return Step(
            owner=owners.resolve(owners.holdings[primary].owner),
            made=self.made,
            created=self.created,
            joins=self.joins,
            moves=self.moves,
            conflicts=self.conflicts,
        )

    def meet(self, identifier: Identifier) -> OwnerId:
        """The identifier's owner: if it is new, a customer of its own."""
        owner = self.owners.owner_of(identifier)
        if owner is not None:
            return owner
        owner = self._new_owner(identifier)
        self.owners.customers[owner] = Owner(self.place)
        self.made.append(owner)
        self._create(identifier, owner)
        return owner

    def link(self, identifier: Identifier, target: OwnerId) -> None:
        """Bring the identifier to `target`: new, with its anonymous customer, or alone."""
        owner = self.owners.owner_of(identifier)
        if owner is None:
            self._meet_in(identifier, target)
        elif owner == target:
            return
        elif self.owners.is_shared(identifier):
            self.refuse(identifier, target, "shared")
        elif self.owners.customers[owner].known:
            self._move(identifier, target)
        else:
            self.join(identifier, target)

    def join(self, identifier: Identifier, target: OwnerId) -> None:
        """The identifier's whole customer, which is another, becomes part of `target`."""
        source = self.owners.resolve(self.owners.holdings[identifier].owner)
        if not self.owners.has_room(target, self.owners.customers[source].identifiers):
            return self.refuse(identifier, target, "cap")
        self.owners.join(source, target)
        self.joins.append((source, target))
        return None

    def refuse(self, identifier: Identifier, target: OwnerId, reason: Reason) -> None:
        """Note that the identifier, which has an owner, was not brought to `target`."""
        owner = self.owners.resolve(self.owners.holdings[identifier].owner)
        self.conflicts.append(Conflict(identifier, owner, target, reason))

    def _create(self, identifier: Identifier, owner: OwnerId) -> None:
        self.owners.meet(identifier, owner)
        self.created.append((owner, identifier))

    def _meet_in(self, identifier: Identifier, target: OwnerId) -> None:
        # Making a customer only to join it at once would publish a merge that says nothing.
        if self.owners.has_room(target, 1):
            self._create(identifier, target)
        else:
            self.meet(identifier)
            self.refuse(identifier, target, "cap")

    def _move(self, identifier: Identifier, target: OwnerId) -> None:
        if not self.owners.has_room(target, 1):
            return self.refuse(identifier, target, "cap")
        source = self.owners.resolve(self.owners.holdings[identifier].owner)
        self.owners.move(identifier, target)
        self.moves.append(Move(identifier, source, target))
        return None


def join_users(linking: Linking[OwnerId], fact: Fact) -> None:
    """Apply an alias of users: the named one survives. Other facts do nothing here."""
    if fact.previous_user is not None:
        join_customers(linking, fact.primary, fact.previous_user)


def join_customers(linking: Linking[OwnerId], stays: Identifier, goes: Identifier) -> None:
    """Join the customers of both, met here if new, unless one identifier is unlinked.

    Of a known and an anonymous one the known survives, of two known ones that of `stays`, of two
    anonymous ones the one made first.
    """
    owners = linking.owners
    target, source = linking.meet(stays), linking.meet(goes)
    if target == source or owners.unlinked & {stays, goes}:
        return
    if _survivor(owners, [target, source]) == source:
        goes, target = stays, source
    linking.join(goes, target)


def link_identifiers(linking: Linking[OwnerId], fact: Fact) -> None:
    """Link a touchpoint's identifiers one by one in key order; all have an owner then."""
    owners = linking.owners
    linkable = [i for i in fact.linked if i not in owners.unlinked and not owners.is_shared(i)]
    target = _target(linking, linkable)
    for identifier in fact.linked:
        if target is None or identifier in owners.unlinked:
            linking.meet(identifier)
        else:
            linking.link(identifier, target)
    if target is None and linkable:
        _refuse_two_known(linking, linkable)


def _target(linking: Linking[OwnerId], linkable: list[Identifier]) -> OwnerId | None:
    """The customer whose the identifiers shall be; None: nothing is joined."""
    owners = linking.owners
    if not linkable:
        return None
    if linkable[0][0] == "user_id":
        return linking.meet(linkable[0])
    present = [owner for i in linkable if (owner := owners.owner_of(i)) is not None]
    if not present:
        return linking.meet(linkable[0])
    if len({owner for owner in present if owners.customers[owner].known}) > 1:
        return None
    return _survivor(owners, present)


def _survivor(owners: Owners[OwnerId], candidates: list[OwnerId]) -> OwnerId:
    """The first known one, else the one made first; a tie goes to the first."""
    known = [owner for owner in candidates if owners.customers[owner].known]
    return known[0] if known else min(candidates, key=lambda o: owners.customers[o].made or ())


def _refuse_two_known(linking: Linking[OwnerId], linkable: list[Identifier]) -> None:
    first = linking.meet(linkable[0])
    for identifier in linkable[1:]:
        if linking.meet(identifier) != first:
            linking.refuse(identifier, first, "two_known")
