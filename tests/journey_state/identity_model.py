"""Identity straight from the text of semantics 2.2: owners are sets, a join relabels everything."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TypedDict

from services.contracts.touchpoint import kind_order
from services.journey_state.identity import Fact
from services.journey_state.ownership import Link, Ownership, Unlink
from services.journey_state.touchpoint import Identifier, Place


class Limits(TypedDict):
    identifiers_max: int
    moves_max: int


U1, U2, U3 = (("user_id", f"u{n}") for n in (1, 2, 3))
A1, A2, A3 = (("anonymous_id", f"a{n}") for n in (1, 2, 3))
E1, E2 = (("email", f"{n}@x.org") for n in (1, 2))
T1 = ("telegram", "t1")
POOL = {
    "user_id": ("u1", "u2", "u3"),
    "anonymous_id": ("a1", "a2", "a3"),
    "email": ("1@x.org", "2@x.org"),
    "telegram": ("t1",),
}
EVERYONE = [(kind, value) for kind, values in POOL.items() for value in values]


def at(time: int) -> Place:
    return (time, f"m{time}", "shop")


def event(
    time: int, *identifiers: Identifier, call: str = "track", previous: str | None = None
) -> Fact:
    in_order = tuple(sorted(identifiers, key=lambda i: kind_order(i[0])))
    return Fact(place=at(time), identifiers=in_order, call=call, previous_id=previous)


def alias(time: int, *identifiers: Identifier, previous: str) -> Fact:
    return event(time, *identifiers, call="alias", previous=previous)


# --- up to renaming ids -------------------------------------------------------------------------

Groups = frozenset[frozenset[object]]


def groups(owned: Iterable[tuple[object, object]]) -> Groups:
    """What belongs together, whatever the owners are called: pairs of (thing, owner)."""
    found: dict[object, set[object]] = {}
    for thing, owner in owned:
        found.setdefault(owner, set()).add(thing)
    return frozenset(frozenset(things) for things in found.values())


def partition(ownership: Ownership) -> Groups:
    """Touchpoints and periods by owner; owners in both are the same names."""
    periods = [((i, p), o) for i, held in ownership.periods.items() for p, o in held]
    return groups([*ownership.touchpoints.items(), *periods])


@dataclass
class Model:
    identifiers_max: int
    moves_max: int
    owner: dict[Identifier, int] = field(default_factory=dict)
    born: dict[int, int] = field(default_factory=dict)
    moved: dict[Identifier, int] = field(default_factory=dict)
    periods: dict[Identifier, list[tuple[Place | None, int]]] = field(default_factory=dict)
    touchpoints: dict[Place, int] = field(default_factory=dict)
    rows: list[tuple[Identifier, int, int, str]] = field(default_factory=list)
    out: set[Identifier] = field(default_factory=set)

    def owned(self, customer: int) -> set[Identifier]:
        return {i for i, c in self.owner.items() if c == customer}

    def known(self, customer: int) -> bool:
        return any(kind == "user_id" for kind, _ in self.owned(customer))

    def meet(self, identifier: Identifier, time: int) -> None:
        """An identifier met for the first time is an anonymous customer of its own."""
        if identifier not in self.owner:
            customer = len(self.born)
            self.owner[identifier] = customer
            self.born[customer] = time
            self.periods[identifier] = [(None, customer)]

    def join(self, identifier: Identifier, into: int) -> None:
        """The whole customer, past included, unless it would own too many."""
        gone = self.owner[identifier]
        if gone == into:
            return
        if len(self.owned(gone)) + len(self.owned(into)) > self.identifiers_max:
            self.refuse(identifier, into, "cap")
            return
        self.owner = {i: into if c == gone else c for i, c in self.owner.items()}
        self.touchpoints = {p: into if c == gone else c for p, c in self.touchpoints.items()}
        self.periods = {
            i: [(p, into if c == gone else c) for p, c in held] for i, held in self.periods.items()
        }
        self.rows = [
            (i, into if a == gone else a, into if b == gone else b, why)
            for i, a, b, why in self.rows
        ]

    def refuse(self, identifier: Identifier, into: int, why: str) -> None:
        self.rows.append((identifier, self.owner[identifier], into, why))

    @property
    def refused(self) -> list[tuple[Identifier, str]]:
        """Rows between two that are one in the end say nothing."""
        return [(identifier, why) for identifier, a, b, why in self.rows if a != b]

    def move(self, identifier: Identifier, into: int, place: Place) -> None:
        """From here on; its past stays."""
        if len(self.owned(into)) + 1 > self.identifiers_max:
            self.refuse(identifier, into, "cap")
            return
        self.refuse(identifier, into, "moved")
        self.owner[identifier] = into
        self.periods[identifier].append((place, into))
        self.moved[identifier] = self.moved.get(identifier, 0) + 1

    def shared(self, identifier: Identifier) -> bool:
        return self.moved.get(identifier, 0) >= self.moves_max

    def join_two(self, stays: Identifier, goes: Identifier) -> None:
        """By alias or operator: the known one survives, else the one made first."""
        ours, theirs = self.owner[stays], self.owner[goes]
        if self.out & {stays, goes}:
            return
        if self.known(ours):
            turned = False
        else:
            turned = self.known(theirs) or self.born[theirs] < self.born[ours]
        self.join(*((stays, theirs) if turned else (goes, ours)))

    def touch(self, place: Place, identifiers: Sequence[Identifier]) -> None:
        older = [i for i in identifiers if i in self.owner]
        for identifier in identifiers:
            self.meet(identifier, place[0])
        free = [i for i in identifiers if i not in self.out and not self.shared(i)]
        user = next((i for i in free if i[0] == "user_id"), None)
        known = {self.owner[i] for i in free if self.known(self.owner[i])}
        if user is None and len(known) >= 2:
            different = [i for i in free if self.owner[i] != self.owner[free[0]]]
            for identifier in different:
                self.refuse(identifier, self.owner[free[0]], "two_known")
        elif user is not None:
            self.bring(place, identifiers, self.owner[user])
        elif known:
            self.bring(place, identifiers, known.pop())
        elif free:
            customers = [self.owner[i] for i in free if i in older] or [self.owner[free[0]]]
            self.bring(place, identifiers, min(customers, key=self.born.__getitem__))

    def bring(self, place: Place, identifiers: Sequence[Identifier], into: int) -> None:
        for identifier in identifiers:
            if identifier in self.out or self.owner[identifier] == into:
                continue
            if self.shared(identifier):
                self.refuse(identifier, into, "shared")
            elif self.known(self.owner[identifier]):
                self.move(identifier, into, place)
            else:
                self.join(identifier, into)


def model(
    facts: list[Fact], operator: list[Link | Unlink], identifiers_max: int, moves_max: int
) -> Model:
    """Everything at once: operator facts, aliases of users, touchpoints."""
    state = Model(identifiers_max, moves_max)
    facts = sorted(facts, key=lambda fact: fact.place)
    users = {value for fact in facts for kind, value in fact.identifiers if kind == "user_id"}
    by_time = sorted(operator, key=lambda fact: fact.at)
    for n, link in enumerate(by_time):
        if isinstance(link, Unlink):
            later = [f for f in by_time[n + 1 :] if isinstance(f, Link)]
            if not any(link.identifier in (f.a, f.b) for f in later):
                state.out.add(link.identifier)
    for n, link in enumerate(by_time):
        taken_back = {f.identifier for f in by_time[n + 1 :] if isinstance(f, Unlink)}
        if isinstance(link, Link) and not taken_back & {link.a, link.b}:
            for identifier in (link.a, link.b):
                times = [f.place[0] for f in facts if identifier in ids_of(f, users)]
                state.meet(identifier, min(times, default=-1))
            state.join_two(link.a, link.b)
    for fact in facts:
        user, previous = fact.identifiers[0], ("user_id", fact.previous_id or "")
        if fact.call == "alias" and user[0] == "user_id" and fact.previous_id in users:
            state.meet(user, fact.place[0])
            state.meet(previous, fact.place[0])
            state.join_two(user, previous)
    for fact in facts:
        state.touch(fact.place, ids_of(fact, users))
        state.touchpoints[fact.place] = state.owner[fact.identifiers[0]]
    return state


def ids_of(fact: Fact, users: set[str]) -> list[Identifier]:
    """The event's identifiers in key order, an alias's previous one after its own."""
    if fact.call == "consent":
        return [fact.identifiers[0]]
    found = list(fact.identifiers)
    if fact.call == "alias" and fact.previous_id and fact.previous_id not in users:
        found.append(("anonymous_id", fact.previous_id))
    return sorted(dict.fromkeys(found), key=lambda i: kind_order(i[0]))
