"""Which touchpoints of a batch may be applied where they arrive (semantics 2.5)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from services.journey_state.customer import Customer
from services.journey_state.identity import Fact, changes_nothing
from services.journey_state.owners import Owners
from services.journey_state.touchpoint import Identifier, Place, Touchpoint


class Lateness:
    """Judges touchpoints by what is loaded of their identifiers and customers.

    In order is what stands behind every touchpoint and link of the customers that it concerns.
    `named`: identifiers that no touchpoint carried yet, but an alias or an operator named them.
    `moved`: when each of those that have had more than one owner moved last.
    """

    def __init__(self, owners: Owners[bytes], customers: Mapping[bytes, Customer]) -> None:
        self._owners = owners
        self._customers = customers
        self.named: set[Identifier] = set()
        self.moved: dict[Identifier, int] = {}

    def settled_owner(self, touchpoint: Touchpoint) -> bytes | None:
        """The owner that all its identifiers have at its place, now and ever after.

        Most touchpoints have one. None: a closer look is needed.
        """
        if touchpoint.previous_id is not None:
            return None
        owner = self._owners.common_owner(touchpoint.identifiers.items())
        if owner is None:
            return None
        newest = self._customers[owner].state.newest
        place = touchpoint.place
        if newest is None or place > newest:
            return owner
        if not self._stands(owner, place, touchpoint.identifiers.items(), new=0):
            return None
        self._begin_earlier(owner, place)
        return owner

    def asks_for_recomputation(self, fact: Fact) -> bool:
        """Whether applying it now would not be what the whole fold says."""
        if fact.previous_user is not None or not self.named.isdisjoint(fact.linked):
            return True
        owners = {owner for i in fact.linked if (owner := self._owners.owner_of(i)) is not None}
        if not any(self._is_late(owner, fact.place) for owner in owners):
            return False
        if not self._asks_for_nothing(fact, owners):
            return True
        for owner in owners:
            self._begin_earlier(owner, fact.place)
        return False

    def _is_late(self, owner: bytes, place: Place) -> bool:
        newest = self._customers[owner].state.newest
        return newest is not None and newest >= place

    def _asks_for_nothing(self, fact: Fact, owners: set[bytes]) -> bool:
        """Whether a late fact changes no owner: all have what it asks for, or are new."""
        new = [i for i in fact.linked if self._owners.owner_of(i) is None]
        if new and (
            len(owners) > 1 or fact.user in new or not self._owners.unlinked.isdisjoint(fact.linked)
        ):
            return False
        if not new and not changes_nothing(self._owners, fact):
            return False
        return all(self._stands(o, fact.place, fact.linked, new=len(new)) for o in owners)

    def _stands(
        self, owner: bytes, place: Place, identifiers: Iterable[Identifier], *, new: int
    ) -> bool:
        """Whether it has been the owner since before the place, and no bound is in sight.

        With all that it ever owned within the bound, no link of it can have gone otherwise.
        """
        state = self._customers[owner].state
        if state.capped:
            return False
        if len(state.identifiers) + state.lost + new > self._owners.identifiers_max:
            return False
        return not self.moved or all(
            identifier not in self.moved or self.moved[identifier] < place[0]
            for identifier in identifiers
        )

    def _begin_earlier(self, owner: bytes, place: Place) -> None:
        """Of two anonymous customers the one made first survives: it was made by this one."""
        customer = self._customers[owner]
        state = customer.state
        if place < (state.earliest or state.made) and not customer.known:
            state.earliest = place
            self._owners.customers[owner].made = place
