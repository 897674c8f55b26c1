"""A customer as known at an earlier time: identity folded over what had been stored by then."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from services.contracts.times import SECOND_US
from services.contracts.touchpoint import kind_order
from services.journey_state.checkpoint import Checkpoint, combined
from services.journey_state.customer import OwnedIdentifier
from services.journey_state.identity import fact_of
from services.journey_state.naming import Bound, name
from services.journey_state.ownership import Link, Ownership, Unlink, fold
from services.journey_state.touchpoint import Identifier, Touchpoint

NOTED_US = 60 * SECOND_US  # W is noted so often while a worker runs


@dataclass(frozen=True, slots=True)
class KnownThen:
    """A customer as it was known: its ids, the surviving one first, and what it owned."""

    ids: tuple[bytes, ...]
    identifiers: list[OwnedIdentifier]
    touchpoints: list[Touchpoint]
    start: Checkpoint | None  # what was before the first of them


@dataclass(frozen=True, slots=True)
class Stored:
    """What had been stored of a connected set, and what operators had done.

    Before `cut` there are checkpoints; `too_late` are touchpoints placed at it, for identity.
    `since`: when identifiers were met, for those met before it.
    """

    touchpoints: Sequence[Touchpoint]
    operator: Sequence[Link | Unlink] = ()
    cut: int | None = None
    checkpoints: Sequence[Checkpoint] = ()
    too_late: Sequence[Touchpoint] = ()
    since: Mapping[Identifier, int] = field(default_factory=dict)


def known_then(
    stored: Stored, bound: Iterable[Bound], asked: bytes | Identifier
) -> KnownThen | None:
    """The customer that an id or identifier meant; None: it was not known.

    `bound` are all ids of the connected set, those of later on too.
    """
    people = [one for one in stored.touchpoints if not one.bot]
    facts = [fact_of(one) for one in (*people, *stored.too_late) if not one.bot]
    ownership = fold([*facts, *(one.fact() for one in stored.checkpoints)], stored.operator)
    names = name(ownership, _bound_by_then(stored, ownership, bound), bytes)
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
        identifiers=_identifiers(stored, ownership, owner),
        touchpoints=[one for one in people if ownership.touchpoints[one.place] == owner],
        start=combined([c for c in stored.checkpoints if ownership.touchpoints[c.made] == owner]),
    )


def _bound_by_then(stored: Stored, ownership: Ownership, bound: Iterable[Bound]) -> Iterator[Bound]:
    """The ids that had been made: by a touchpoint that was stored, or before the cut."""
    places = {place[1:] for place in ownership.touchpoints}
    for one in bound:
        before_the_cut = stored.cut is not None and one.made[0] < stored.cut
        if before_the_cut or one.made[1:] in places:
            yield one


def _identifiers(stored: Stored, ownership: Ownership, owner: Identifier) -> list[OwnedIdentifier]:
    """What the customer owned in the end, in key order, and since when."""
    owned = []
    for identifier, periods in ownership.periods.items():
        moved, last = periods[-1]
        place = ownership.met.get(identifier) if moved is None else moved
        if last == owner and place is not None:
            at = place[0]
            if stored.cut is not None and at < stored.cut:
                at = stored.since.get(identifier, at)
            owned.append(OwnedIdentifier(*identifier, at))
    return sorted(owned, key=lambda one: (kind_order(one.kind), one.value))


def watermark_then(known_at: int, notes: Iterable[tuple[int, int]], now: int | None) -> int:
    """What W was at an instant, within a minute's progress; never later than the instant.

    `notes` are (when, W) in their order, `now` is W at present. Between two notes it moved on no
    further than time did, and with no worker to move it it stood.
    """
    latest = known_at if now is None else min(known_at, now)
    earliest = None
    for recorded_at, at in notes:
        if recorded_at > known_at:
            latest = min(latest, at)
        else:
            earliest = at + min(known_at - recorded_at, NOTED_US)
    return latest if earliest is None else min(latest, earliest)
