"""A customer as known at an earlier time: identity folded over what had been stored by then."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from services.contracts.touchpoint import kind_order
from services.journey_state.customer import OwnedIdentifier
from services.journey_state.identity import fact_of
from services.journey_state.ownership import Link, Ownership, Unlink, fold
from services.journey_state.touchpoint import Identifier, Place, Touchpoint


@dataclass(frozen=True, slots=True)
class BoundId:
    """A customer id, and the touchpoint that made it."""

    customer_id: bytes
    made: Place


@dataclass(frozen=True, slots=True)
class KnownThen:
    """A customer as it was known: its ids, the surviving one first, and what it owned."""

    ids: tuple[bytes, ...]
    identifiers: list[OwnedIdentifier]
    touchpoints: list[Touchpoint]


def known_then(
    touchpoints: Sequence[Touchpoint],
    operator: Iterable[Link | Unlink],
    bound: Sequence[BoundId],
    asked: BoundId | Identifier,
) -> KnownThen | None:
    """The customer that an id or identifier meant; None: it was not known.

    `touchpoints` are all that had been stored of its connected set, `operator` what operators had
    done; `bound` are all ids of the set.
    """
    people = [one for one in touchpoints if not one.bot]
    ownership = fold(map(fact_of, people), operator)
    owners = {place[1:]: owner for place, owner in ownership.touchpoints.items()}
    if isinstance(asked, BoundId):
        owner = owners.get(asked.made[1:])
    else:
        owner = ownership.periods[asked][-1][1] if asked in ownership.periods else None
    if owner is None:
        return None
    own = [one for one in people if ownership.touchpoints[one.place] == owner]
    names = {one.place[1:]: one.identifiers for one in own}
    ids = [one for one in bound if owners.get(one.made[1:]) == owner]
    ids.sort(key=lambda one: _precedence(names.get(one.made[1:], {}), owner, one.made))
    return KnownThen(
        ids=tuple(one.customer_id for one in ids),
        identifiers=_identifiers(ownership, owner, people),
        touchpoints=own,
    )


def _precedence(named: dict[str, str], owner: Identifier, made: Place) -> tuple[bool, bool, Place]:
    """Of two ids the known customer's survives, of known ones that of the user who names it."""
    return ("user_id" not in named, owner not in named.items(), made)


def _identifiers(
    ownership: Ownership, owner: Identifier, people: Iterable[Touchpoint]
) -> list[OwnedIdentifier]:
    """What the customer owned in the end, in key order, and since when."""
    met: dict[Identifier, int] = {}
    for touchpoint in sorted(people, key=lambda one: one.place):
        for identifier in touchpoint.identifiers.items():
            met.setdefault(identifier, touchpoint.occurred_at)
    owned = []
    for identifier, periods in ownership.periods.items():
        moved, last = periods[-1]
        if last == owner:
            since = met.get(identifier, 0) if moved is None else moved[0]
            owned.append(OwnedIdentifier(*identifier, since))
    return sorted(owned, key=lambda one: (kind_order(one.kind), one.value))
