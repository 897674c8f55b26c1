"""Who owns the identifiers at present: the working state of identity."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

import msgspec

from services.journey_state.touchpoint import Identifier, Place

OwnerId = TypeVar("OwnerId", bound=Hashable)

IDENTIFIERS_MAX = 100
MOVES_MAX = 20


@dataclass(frozen=True, slots=True)
class IdentityBounds:
    """How much one customer may own, and how often an identifier may move."""

    identifiers_max: int = IDENTIFIERS_MAX
    moves_max: int = MOVES_MAX


class Holding(msgspec.Struct, Generic[OwnerId], gc=False):
    """Who owns an identifier at present, and how often it has moved."""

    owner: OwnerId
    moves: int = 0


class Owner(msgspec.Struct, gc=False):
    """A customer as identity sees it: `known` once it owns a `user_id`."""

    made: Place | None  # the touchpoint that made it; None stands before all
    known: bool = False
    identifiers: int = 0


class Owners(Generic[OwnerId]):
    """The working state: what was loaded, and what the steps made of it.

    Load every identifier that a fact links or joins, if it exists, with its owner.
    """

    def __init__(
        self, *, identifiers_max: int = IDENTIFIERS_MAX, moves_max: int = MOVES_MAX
    ) -> None:
        self.identifiers_max = identifiers_max
        self.moves_max = moves_max
        self.holdings: dict[Identifier, Holding[OwnerId]] = {}
        self.customers: dict[OwnerId, Owner] = {}
        self.unlinked: set[Identifier] = set()
        self._joined: dict[OwnerId, OwnerId] = {}

    def resolve(self, owner: OwnerId) -> OwnerId:
        """The customer that `owner` is part of now."""
        while (into := self._joined.get(owner)) is not None:
            self._joined[owner] = self._joined.get(into, into)  # halve the path for the next one
            owner = into
        return owner

    def owner_of(self, identifier: Identifier) -> OwnerId | None:
        """The present owner; None: never met, or not loaded."""
        holding = self.holdings.get(identifier)
        if holding is None:
            return None
        return self.resolve(holding.owner) if self._joined else holding.owner

    def common_owner(self, identifiers: Iterable[Identifier]) -> OwnerId | None:
        """The owner of all of them; None if they differ, one is new or one is unlinked.

        Most touchpoints have one: they change no identity.
        """
        common = None
        for identifier in identifiers:
            owner = self.owner_of(identifier)
            if owner is None or (common is not None and owner != common):
                return None
            if self.unlinked and identifier in self.unlinked:
                return None
            common = owner
        return common

    def is_shared(self, identifier: Identifier) -> bool:
        """Whether it has moved so often that it moves and links no more."""
        holding = self.holdings.get(identifier)
        return holding is not None and holding.moves >= self.moves_max

    def has_room(self, owner: OwnerId, identifiers: int) -> bool:
        """Whether `owner` may own so many more."""
        return self.customers[owner].identifiers + identifiers <= self.identifiers_max

    def meet(self, identifier: Identifier, owner: OwnerId) -> None:
        """`owner`, which exists, owns a new identifier."""
        self.holdings[identifier] = Holding(owner)
        customer = self.customers[owner]
        customer.identifiers += 1
        customer.known = customer.known or identifier[0] == "user_id"

    def join(self, source: OwnerId, target: OwnerId) -> None:
        """All that is `source`'s is `target`'s; `source` is gone."""
        gone, customer = self.customers.pop(source), self.customers[target]
        customer.identifiers += gone.identifiers
        customer.known = customer.known or gone.known
        self._joined[source] = target

    def move(self, identifier: Identifier, target: OwnerId) -> None:
        """The identifier alone goes to `target`."""
        holding = self.holdings[identifier]
        self.customers[self.resolve(holding.owner)].identifiers -= 1
        self.customers[target].identifiers += 1
        holding.owner = target
        holding.moves += 1

    def count_moves(self, moves: Iterable[tuple[Identifier, int]]) -> None:
        """These identifiers, which have owners, had moved so often before."""
        for identifier, count in moves:
            self.holdings[identifier].moves += count
