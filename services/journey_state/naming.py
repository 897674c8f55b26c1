"""Which customer id a customer has after identity was computed again (semantics 2.4)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable

import msgspec

from services.journey_state.ownership import Ownership
from services.journey_state.touchpoint import Identifier, Place


class Bound(msgspec.Struct, frozen=True, kw_only=True):
    """A customer id, and the touchpoint and identifier that made it.

    `owned`: what it owns, or owned when it was merged away. `live`: not merged away.
    """

    customer_id: bytes
    made: Place
    made_by: Identifier | None = None
    owned: frozenset[Identifier] = frozenset()
    live: bool = True

    @property
    def known(self) -> bool:
        """Whether it owns a user id."""
        return any(kind == "user_id" for kind, _ in self.owned)


class Names(msgspec.Struct, frozen=True):
    """`ids`: each resulting owner's customer id; `now`: whom each old id means from now on.

    An id whose touchpoint and identifiers are gone is in neither.
    """

    ids: dict[Identifier, bytes]
    now: dict[bytes, bytes]


def name(ownership: Ownership, bound: Iterable[Bound], new_id: Callable[[], bytes]) -> Names:
    """Every resulting customer has an id, and every id means one of them.

    An id means the customer to whom the touchpoint that made it belongs. Of several that mean one
    customer a live one stays: the one that the customer was made by, else the known one (of two,
    that of the user who names the customer), else the one made first. A customer without a live
    id gets one of its own back, and without any a new one.
    """
    places = {place[1:]: place for place in ownership.touchpoints}
    candidates: dict[Identifier, list[Bound]] = defaultdict(list)
    for one in bound:
        owner = _home(ownership, places, one)
        if owner is not None:
            candidates[owner].append(one)
    ids: dict[Identifier, bytes] = {}
    now: dict[bytes, bytes] = {}
    for owner in _owners(ownership):
        meant = candidates.get(owner, [])
        chosen = min(meant, key=lambda one: _preference(ownership, owner, one), default=None)
        ids[owner] = new_id() if chosen is None else chosen.customer_id
        now.update({one.customer_id: ids[owner] for one in meant})
    return Names(ids, now)


def _owners(ownership: Ownership) -> list[Identifier]:
    """Every customer that owns something or did, in an order that arrival does not change."""
    return sorted({owner for held in ownership.periods.values() for _, owner in held})


def _home(
    ownership: Ownership, places: dict[tuple[str, str], Place], one: Bound
) -> Identifier | None:
    place = places.get(one.made[1:])
    if place is not None:
        if one.made_by in ownership.periods:
            return ownership.owner_at(one.made_by, place)
        return ownership.touchpoints[place]
    identifiers = [one.made_by] if one.made_by else []
    for identifier in [*identifiers, *sorted(one.owned)]:
        if identifier in ownership.periods:
            return ownership.periods[identifier][-1][1]
    return None


def _preference(
    ownership: Ownership, owner: Identifier, one: Bound
) -> tuple[bool, bool, bool, bool, Place]:
    made = ownership.made.get(owner)
    exact = made is not None and made[1:] == one.made[1:] and one.made_by in (None, owner)
    names_it = one.known and owner in one.owned
    return (not one.live, not exact, not one.known, not names_it, one.made)
