"""A customer as known at an earlier time: identity folded over what had been stored by then."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from services.contracts.touchpoint import kind_order
from services.journey_state.customer import OwnedIdentifier
from services.journey_state.identity import fact_of
from services.journey_state.naming import Bound, name
from services.journey_state.ownership import Link, Ownership, Unlink, fold
from services.journey_state.touchpoint import Identifier, Touchpoint


@dataclass(frozen=True, slots=True)
class KnownThen:
    """A customer as it was known: its ids, the surviving one first, and what it owned."""

    ids: tuple[bytes, ...]
    identifiers: list[OwnedIdentifier]
    touchpoints: list[Touchpoint]


def known_then(
    touchpoints: Sequence[Touchpoint],
    operator: Iterable[Link | Unlink],
    bound: Iterable[Bound],
    asked: bytes | Identifier,
) -> KnownThen | None:
    """The customer that an id or identifier meant; None: it was not known.

    `touchpoints` are all that had been stored of its connected set, `operator` what operators had
    done; `bound` are all ids of the set, those of later on too.
    """
    people = [one for one in touchpoints if not one.bot]
    stored = {one.place[1:] for one in people}
    ownership = fold(map(fact_of, people), operator)
    names = name(ownership, [one for one in bound if one.made[1:] in stored], bytes)
    owner_of = {customer_id: owner for owner, customer_id in names.ids.items() if customer_id}
    if isinstance(asked, bytes):
        owner = owner_of.get(names.now.get(asked, b""))
    else:
        owner = ownership.periods[asked][-1][1] if asked in ownership.periods else None
    if owner is None or not names.ids[owner]:
        return None
    now = names.ids[owner]
    gone = sorted(one for one, into in names.now.items() if into == now and one != now)
    return KnownThen(
        ids=(now, *gone),
        identifiers=_identifiers(ownership, owner),
        touchpoints=[one for one in people if ownership.touchpoints[one.place] == owner],
    )


def _identifiers(ownership: Ownership, owner: Identifier) -> list[OwnedIdentifier]:
    """What the customer owned in the end, in key order, and since when."""
    owned = []
    for identifier, periods in ownership.periods.items():
        moved, last = periods[-1]
        place = ownership.met.get(identifier) if moved is None else moved
        if last == owner and place is not None:
            owned.append(OwnedIdentifier(*identifier, place[0]))
    return sorted(owned, key=lambda one: (kind_order(one.kind), one.value))
