"""A connected set after its identity was computed again: who has what, and what that changes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from operator import attrgetter

from services.journey_state.connected import ConnectedSet
from services.journey_state.customer import UNDECIDED, Customer, OwnedIdentifier, Refold
from services.journey_state.identity import Fact, fact_of
from services.journey_state.keys import identifier_key
from services.journey_state.naming import Bound, Names, name
from services.journey_state.owners import IdentityBounds
from services.journey_state.ownership import Link, Ownership, Unlink, fold
from services.journey_state.store.links import ConflictRow, LinkedIdentifier
from services.journey_state.store.people import Period
from services.journey_state.touchpoint import BEGINNING, Identifier, Place, Touchpoint

OPERATOR = "operator"  # the cause of what follows from a link or unlink by hand


@dataclass(slots=True)
class Rearrangement:
    """What is to be written of a set, and what became of its customers.

    `redirects`: ids that mean another customer (None: themselves) from now on. `gone`: customers
    merged away just now. `parted`: customers that had touchpoints which another has now.
    `owners`: of each touchpoint.
    """

    keys: frozenset[bytes]
    customers: list[Customer]
    owners: dict[Place, bytes]
    now: dict[bytes, bytes]
    identifiers: list[LinkedIdentifier] = field(default_factory=list)
    new_identifiers: int = 0
    forgotten: list[bytes] = field(default_factory=list)
    periods: list[Period] | None = None  # None: as they were
    conflicts: list[ConflictRow] = field(default_factory=list)
    redirects: list[tuple[bytes, bytes | None]] = field(default_factory=list)
    gone: list[bytes] = field(default_factory=list)
    parted: list[bytes] = field(default_factory=list)
    merged: dict[bytes, bytes] = field(default_factory=dict)  # ids merged away before
    known_conflicts: Callable[[], list[ConflictRow]] = list  # without what has just come


def rearrange(
    stored: ConnectedSet,
    fresh: Sequence[Touchpoint],
    cause: Refold,
    bounds: IdentityBounds,
    new_id: Callable[[], bytes],
) -> Rearrangement:
    """Fold what is stored and the fresh touchpoints; the customers hold what follows.

    `cause` is why it is computed again: `touchpoint`, or what an operator did.
    """
    facts = [one.fact for one in stored.facts] + [fact_of(touchpoint) for touchpoint in fresh]
    ownership = _fold(facts, stored.operator, bounds)
    bound = _bound(stored)
    names = name(ownership, bound, new_id)
    work = _Work(stored, ownership, names)
    work.give_identifiers()
    work.give_touchpoints(fresh)
    work.tell(cause)
    previous = {("user_id", f.previous_id): f.place[0] for f in facts if f.call == "alias"}
    found = work.result(previous, bounds)
    found.known_conflicts = partial(_known_conflicts, stored, bound, cause, bounds)
    return found


def _fold(
    facts: Sequence[Fact], operator: Sequence[Link | Unlink], bounds: IdentityBounds
) -> Ownership:
    return fold(facts, operator, identifiers_max=bounds.identifiers_max, moves_max=bounds.moves_max)


def _known_conflicts(
    stored: ConnectedSet, bound: Sequence[Bound], cause: Refold, bounds: IdentityBounds
) -> list[ConflictRow]:
    """The conflicts as they were computed before, by the ids of then."""
    operator = sorted(stored.operator, key=attrgetter("at"))
    if cause.kind == OPERATOR:
        operator.pop()  # what was done just now
    facts = [one.fact for one in stored.facts] + stored.removed
    ownership = _fold(facts, operator, bounds)
    return _conflict_rows(ownership, name(ownership, bound, bytes).ids)


def _conflict_rows(ownership: Ownership, ids: Mapping[Identifier, bytes]) -> list[ConflictRow]:
    return [
        ConflictRow(
            identifier_key(*row.identifier),
            ids[row.from_owner],
            ids[row.to_owner],
            row.reason,
            tally.count,
            tally.first,
            tally.last,
        )
        for row, tally in ownership.conflicts.items()
    ]


def _bound(stored: ConnectedSet) -> list[Bound]:
    return [
        Bound(
            customer_id=customer_id,
            made=customer.state.made,
            made_by=customer.state.made_by,
            owned=frozenset((o.kind, o.value) for o in customer.state.identifiers),
            live=customer_id not in stored.merged,
        )
        for customer_id, customer in stored.customers.items()
    ]


class _Work:
    """The customers of a set on their way from what they were to what they are."""

    def __init__(self, stored: ConnectedSet, ownership: Ownership, names: Names) -> None:
        self._stored = stored
        self._ownership = ownership
        self._ids = names.ids
        # An id that nothing explains any more goes on meaning what it meant.
        meant = {i: stored.merged.get(i, i) for i in stored.customers}
        self._now = {i: names.now.get(i, names.now.get(m, m)) for i, m in meant.items()}
        self._customers: dict[bytes, Customer] = {}
        # By owner, and whoever that was.
        self._was_owned: dict[tuple[bytes | None, Identifier], OwnedIdentifier] = {
            (owner, (one.kind, one.value)): one
            for customer_id, customer in stored.customers.items()
            if not customer.lost
            for one in customer.state.identifiers
            for owner in (customer_id, None)
        }
        self._flows: dict[bytes, set[bytes]] = defaultdict(set)  # from -> to, whose touchpoints
        for owner, customer_id in names.ids.items():
            self._customers[customer_id] = self._present(owner, customer_id)
        for customer_id, customer in stored.customers.items():
            if self._now[customer_id] == customer_id:
                self._customers.setdefault(customer_id, customer)

    def _present(self, owner: Identifier, customer_id: bytes) -> Customer:
        customer = self._stored.customers.get(customer_id)
        if customer is None:
            made = self._ownership.made[owner] or BEGINNING
            return Customer.made(customer_id, made, owner)
        if customer.lost:
            customer.state.made, customer.state.made_by = (
                self._ownership.made[owner] or BEGINNING,
                owner,
            )
        if customer_id in self._stored.merged:
            customer.revived = True
            customer.definition_id = UNDECIDED
            customer.state.wake_at = None
        return customer

    def give_identifiers(self) -> None:
        """Each customer owns what it owns at present."""
        owned: dict[bytes, list[OwnedIdentifier]] = {i: [] for i in self._customers}
        ever: dict[bytes, set[Identifier]] = defaultdict(set)
        for identifier, held in self._ownership.periods.items():
            for _, owner in held:
                ever[self._ids[owner]].add(identifier)
            customer_id = self._ids[held[-1][1]]
            owned[customer_id].append(self._owned(identifier, self._customers[customer_id]))
        capped = {
            self._ids[end]
            for row in self._ownership.conflicts
            if row.reason == "cap"
            for end in (row.from_owner, row.to_owner)
        }
        for customer_id, customer in self._customers.items():
            state, mine = customer.state, owned[customer_id]
            if set(mine) != set(state.identifiers):
                kept = [o for o in state.identifiers if o in mine]
                state.identifiers = kept + [o for o in mine if o not in kept]
                state.checkpoints = []  # of whom signals tell as of their due is not what it was
            state.lost = len(ever[customer_id]) - len(mine)
            state.capped = customer_id in capped
        for owner, customer_id in self._ids.items():
            state = self._customers[customer_id].state
            state.linked_to = self._ownership.linked.get(owner)
            state.earliest = self._ownership.made[owner] or BEGINNING

    def _owned(self, identifier: Identifier, owner: Customer) -> OwnedIdentifier:
        """As it was if it is the owner's already, or comes with all its past."""
        moved = len(self._ownership.periods[identifier]) > 1
        for customer_id in (owner.customer_id, None):
            found = self._was_owned.get((customer_id, identifier))
            if found is not None:
                return found
            if moved:
                break
        return OwnedIdentifier(*identifier, self._since(identifier))

    def _since(self, identifier: Identifier) -> int:
        held = self._ownership.periods[identifier]
        begins = held[-1][0]
        if begins is not None:
            return begins[0]
        row = self._stored.identifiers.get(identifier_key(*identifier))
        met = self._ownership.met.get(identifier)
        if met is not None and (row is None or row.named):
            return met[0]
        return self._named_at(identifier) if row is None else row.since

    def _named_at(self, identifier: Identifier) -> int:
        times = [
            fact.at
            for fact in self._stored.operator
            if identifier in ((fact.a, fact.b) if isinstance(fact, Link) else (fact.identifier,))
        ]
        return min(times, default=BEGINNING[0])

    def give_touchpoints(self, fresh: Sequence[Touchpoint]) -> None:
        """Each customer gets the fresh ones that are its own; noted is who lost stored ones."""
        owners = self._ownership.touchpoints
        for stored in self._stored.facts:
            before = self._stored.owner_at(stored.key, stored.fact.place)
            after = self._ids[owners[stored.fact.place]]
            if before is not None:
                self._flows[before].add(after)
        for touchpoint in fresh:
            customer = self._customers[self._ids[owners[touchpoint.place]]]
            customer.fresh.append(touchpoint)

    def tell(self, cause: Refold) -> None:
        """Who was merged, who was split, and whose past is to be folded again."""
        merged_into: set[bytes] = set()
        changed = self._bereft() | {i for i, one in self._customers.items() if one.revived}
        for customer_id in sorted(self._live_before()):
            customer = self._stored.customers[customer_id]
            now = self._now[customer_id]
            others = self._flows[customer_id] - {customer_id}
            changed |= others
            if now != customer_id:
                self._customers[now].absorbed.append(customer)
                merged_into.add(now)
                changed.add(now)
            elif others:
                changed.add(customer_id)
            customer.splits = sorted(others - {now})
        for customer_id in changed:
            kind = "merge" if customer_id in merged_into else "split"
            customer = self._customers[customer_id]
            if cause.kind == "touchpoint":
                customer.refold = Refold(kind, cause.message_id)
            else:
                customer.refold = cause

    def _bereft(self) -> set[bytes]:
        """Customers that are there and had a touchpoint which counts no more."""
        owners = (
            self._stored.owner_at(identifier_key(*fact.primary), fact.place)
            for fact in self._stored.removed
        )
        return {owner for owner in owners if owner is not None and self._now[owner] == owner}

    def _live_before(self) -> list[bytes]:
        return [i for i in self._stored.customers if i not in self._stored.merged]

    def result(
        self, previous: dict[tuple[str, str | None], int], bounds: IdentityBounds
    ) -> Rearrangement:
        """All of it, to be written."""
        stored, merged = self._stored, self._stored.merged
        found = Rearrangement(
            stored.keys,
            list(self._customers.values()),
            {place: self._ids[owner] for place, owner in self._ownership.touchpoints.items()},
            self._now,
        )
        rows = self._rows(previous, bounds)
        found.identifiers = [
            row for row in rows if stored.identifiers.get(row.identifier_key) != row
        ]
        keys = {row.identifier_key for row in rows}
        found.new_identifiers = len(keys - stored.identifiers.keys())
        found.forgotten = sorted(stored.identifiers.keys() - keys)
        periods = self._periods()
        if periods != [p for key in sorted(stored.periods) for p in stored.periods[key]]:
            found.periods = periods
        found.conflicts = _conflict_rows(self._ownership, self._ids)
        found.merged = stored.merged
        for customer_id, now in self._now.items():
            into = None if now == customer_id else now
            if into != merged.get(customer_id):
                found.redirects.append((customer_id, into))
        live = self._live_before()
        found.gone = [i for i in live if self._now[i] != i]
        found.parted = [i for i in live if self._now[i] != i or self._flows[i] - {i}]
        return found

    def _rows(
        self, previous: dict[tuple[str, str | None], int], bounds: IdentityBounds
    ) -> list[LinkedIdentifier]:
        rows = {i: self._row(i, bounds) for i in self._ownership.periods}
        named = {i: at for i, at in previous.items() if i[1]}
        for fact in self._stored.operator:
            if isinstance(fact, Unlink):
                named.setdefault(fact.identifier, fact.at)
        for (kind, value), at in named.items():
            identifier = (kind, value or "")
            if identifier in rows:
                continue
            key = identifier_key(*identifier)
            was = self._stored.identifiers.get(key)
            rows[identifier] = LinkedIdentifier(
                identifier_key=key,
                kind=kind,
                value=identifier[1],
                customer_id=None,
                since=at if was is None else was.since,
                moves=0,
                shared=False,
                unlinked=identifier in self._ownership.unlinked,
                named=True,
            )
        return list(rows.values())

    def _row(self, identifier: Identifier, bounds: IdentityBounds) -> LinkedIdentifier:
        held = self._ownership.periods[identifier]
        key = identifier_key(*identifier)
        was = self._stored.identifiers.get(key)
        moves = self._ownership.moves[identifier]
        return LinkedIdentifier(
            identifier_key=key,
            kind=identifier[0],
            value=identifier[1],
            customer_id=self._ids[held[-1][1]],
            since=self._since(identifier) if was is None else was.since,
            moves=moves,
            shared=moves >= bounds.moves_max,
            unlinked=identifier in self._ownership.unlinked,
            named=identifier not in self._ownership.met,
        )

    def _periods(self) -> list[Period]:
        found = [
            Period(identifier_key(*identifier), place or BEGINNING, self._ids[owner])
            for identifier, held in self._ownership.periods.items()
            if len(held) > 1 or self._ownership.moves[identifier]  # its next move adds to these
            for place, owner in held
        ]
        return sorted(found)
