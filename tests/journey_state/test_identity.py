"""Identity: the step, the fold made of steps, and both against the text taken naively."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import TypedDict

from hypothesis import given, settings
from hypothesis import strategies as st

from services.contracts.touchpoint import kind_order
from services.journey_state.identity import (
    Conflict,
    Fact,
    Move,
    Reason,
    Step,
    changes_nothing,
    fact_of,
    step,
)
from services.journey_state.owners import Holding, Owner, Owners
from services.journey_state.ownership import Link, Ownership, Unlink, fold
from services.journey_state.touchpoint import Identifier, Place, Touchpoint


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


@st.composite
def identifier_sets(draw: st.DrawFn) -> tuple[Identifier, ...]:
    kinds = draw(st.lists(st.sampled_from(sorted(POOL)), min_size=1, max_size=3, unique=True))
    return tuple((kind, draw(st.sampled_from(POOL[kind]))) for kind in kinds)


@st.composite
def histories(draw: st.DrawFn, *, user_aliases: bool = True) -> list[Fact]:
    """Facts in the order; `m0`, `m1` ... one second apart."""
    previous = ["a1", "a2", "b", *(["u1", "u2"] if user_aliases else [])]
    facts = []
    for time in range(draw(st.integers(1, 14))):
        call = draw(st.sampled_from(["track"] * 5 + ["alias", "alias", "consent"]))
        named = draw(st.sampled_from(previous)) if call == "alias" else None
        facts.append(event(time, *draw(identifier_sets()), call=call, previous=named))
    return facts


operator_facts = st.lists(
    st.one_of(
        st.builds(Link, st.sampled_from(EVERYONE), st.sampled_from(EVERYONE), st.integers(0, 9)),
        st.builds(Unlink, st.sampled_from(EVERYONE), st.integers(0, 9)),
    ),
    max_size=3,
    unique_by=lambda fact: fact.at,
)
bounds = st.fixed_dictionaries(
    {"identifiers_max": st.sampled_from([2, 3, 4, 100]), "moves_max": st.sampled_from([1, 2, 20])}
)
LOOSE: Limits = {"identifiers_max": 100, "moves_max": 1000}


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


# --- the text of 2.2, taken at its word: every owner is a set, every join relabels everything ----


@dataclass
class Model:
    identifiers_max: int
    moves_max: int
    owner: dict[Identifier, int] = field(default_factory=dict)
    born: dict[int, int] = field(default_factory=dict)
    moved: dict[Identifier, int] = field(default_factory=dict)
    periods: dict[Identifier, list[tuple[Place | None, int]]] = field(default_factory=dict)
    touchpoints: dict[Place, int] = field(default_factory=dict)
    refused: list[tuple[Identifier, str]] = field(default_factory=list)
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
            self.refused.append((identifier, "cap"))
            return
        self.owner = {i: into if c == gone else c for i, c in self.owner.items()}
        self.touchpoints = {p: into if c == gone else c for p, c in self.touchpoints.items()}
        self.periods = {
            i: [(p, into if c == gone else c) for p, c in held] for i, held in self.periods.items()
        }

    def move(self, identifier: Identifier, into: int, place: Place) -> None:
        """From here on; its past stays."""
        if len(self.owned(into)) + 1 > self.identifiers_max:
            self.refused.append((identifier, "cap"))
            return
        self.refused.append((identifier, "moved"))
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
            self.refused += [(i, "two_known") for i in different]
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
                self.refused.append((identifier, "shared"))
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


@settings(max_examples=600, deadline=None)
@given(histories(), operator_facts, bounds)
def test_the_fold_is_what_the_text_says(
    facts: list[Fact], operator: list[Link | Unlink], limits: Limits
) -> None:
    ownership = fold(facts, operator, **limits)
    state = model(facts, operator, **limits)
    periods = [((i, p), o) for i, held in state.periods.items() for p, o in held]
    assert partition(ownership) == groups([*state.touchpoints.items(), *periods])
    rows = [
        (row.identifier, row.reason)
        for row, tally in ownership.conflicts.items()
        for _ in range(tally.count)
    ]
    assert sorted(rows) == sorted(state.refused)


@settings(max_examples=400, deadline=None)
@given(histories(), operator_facts, bounds, st.randoms(use_true_random=False))
def test_arrival_order_and_repeats_do_not_matter(
    facts: list[Fact], operator: list[Link | Unlink], limits: Limits, random: object
) -> None:
    arrived = [*facts, *facts[::2]]
    random.shuffle(arrived)  # type: ignore[attr-defined]
    assert fold(arrived, operator[::-1], **limits) == fold(facts, operator, **limits)


@settings(max_examples=150, deadline=None)
@given(histories(), operator_facts, bounds)
def test_a_touchpoint_belongs_to_whoever_owns_its_primary_identifier_at_its_place(
    facts: list[Fact], operator: list[Link | Unlink], limits: Limits
) -> None:
    ownership = fold(facts, operator, **limits)
    for fact in facts:
        owner = ownership.owner_at(fact.primary, fact.place)
        assert ownership.touchpoints[fact.place] == owner


# --- the step, as a store uses it ---------------------------------------------------------------


@dataclass
class Tables:
    """The rows that a store keeps; each step loads its own and writes what it was told."""

    limits: Limits
    customers: dict[int, Owner] = field(default_factory=dict)
    periods: dict[Identifier, list[tuple[Place | None, int]]] = field(default_factory=dict)
    moves: dict[Identifier, int] = field(default_factory=dict)
    touchpoints: dict[Place, Identifier] = field(default_factory=dict)

    def load(self, fact: Fact) -> Owners[int]:
        owners: Owners[int] = Owners(**self.limits)
        wanted = [*fact.linked, *([fact.previous_user] if fact.previous_user else [])]
        for identifier in wanted:
            if identifier in self.periods:
                owner = self.periods[identifier][-1][1]
                owners.holdings[identifier] = Holding(owner, self.moves.get(identifier, 0))
                row = self.customers[owner]
                owners.customers.setdefault(owner, Owner(row.made, row.known, row.identifiers))
        return owners

    def write(self, fact: Fact, change: Step[int]) -> None:
        for owner in change.made:
            self.customers[owner] = Owner(fact.place)
        for owner, identifier in change.created:
            self.periods[identifier] = [(None, owner)]
        for source, target in change.joins:
            del self.customers[source]
            for held in self.periods.values():
                held[:] = [(p, target if o == source else o) for p, o in held]
        for move in change.moves:
            self.periods[move.identifier].append((fact.place, move.to_owner))
            self.moves[move.identifier] = self.moves.get(move.identifier, 0) + 1
        self.recount()
        self.touchpoints[fact.place] = fact.primary
        assert self.periods[fact.primary][-1][1] == change.owner

    def recount(self) -> None:
        for customer in self.customers.values():
            customer.identifiers = 0
        for (kind, _), held in self.periods.items():
            customer = self.customers[held[-1][1]]
            customer.identifiers += 1
            customer.known = customer.known or kind == "user_id"

    def partition(self) -> Groups:
        periods = [((i, p), o) for i, held in self.periods.items() for p, o in held]
        touched = [
            (place, next(o for p, o in reversed(self.periods[i]) if p is None or p <= place))
            for place, i in self.touchpoints.items()
        ]
        return groups([*touched, *periods])


@settings(max_examples=400, deadline=None)
@given(histories(user_aliases=False), bounds)
def test_steps_over_what_each_loads_and_writes_are_the_fold(
    facts: list[Fact], limits: Limits
) -> None:
    tables, ids = Tables(limits), count()
    for fact in facts:
        owners = tables.load(fact)
        tables.write(fact, step(owners, fact, lambda _fact, _identifier: next(ids)))
    assert tables.partition() == partition(fold(facts, **limits))


@settings(max_examples=150, deadline=None)
@given(histories(user_aliases=False), bounds)
def test_steps_over_one_working_state_are_the_fold(facts: list[Fact], limits: Limits) -> None:
    owners: Owners[Identifier] = Owners(**limits)
    for fact in facts:
        step(owners, fact, lambda _, identifier: identifier)
    ownership = fold(facts, **limits)
    assert {i: owners.owner_of(i) for i in owners.holdings} == {
        i: held[-1][1] for i, held in ownership.periods.items()
    }


@settings(max_examples=400, deadline=None)
@given(histories(user_aliases=False), identifier_sets(), st.integers(0, 14))
def test_a_late_touchpoint_that_changes_nothing_leaves_all_periods_as_they_were(
    facts: list[Fact], identifiers: tuple[Identifier, ...], time: int
) -> None:
    before = fold(facts, **LOOSE)
    late = Fact(
        place=(time, "late", "shop"),
        identifiers=tuple(sorted(identifiers, key=lambda i: kind_order(i[0]))),
    )
    owners: Owners[Identifier] = Owners(**LOOSE)
    for identifier in late.identifiers:
        if identifier in before.periods:
            owner = before.owner_at(identifier, late.place)
            owners.holdings[identifier] = Holding(owner)
    if changes_nothing(owners, late):
        after = fold([*facts, late], **LOOSE)
        assert groups(((i, p), o) for i, held in after.periods.items() for p, o in held) == groups(
            ((i, p), o) for i, held in before.periods.items() for p, o in held
        )


# --- sentences of 2.2 to 2.5, one example each ----------------------------------------------------


def reasons(ownership: Ownership) -> dict[tuple[Identifier, Reason], int]:
    counts: dict[tuple[Identifier, Reason], int] = {}
    for row, tally in ownership.conflicts.items():
        key = (row.identifier, row.reason)
        counts[key] = counts.get(key, 0) + tally.count
    return counts


def owners_of(ownership: Ownership) -> list[Identifier]:
    return [owner for _, owner in sorted(ownership.touchpoints.items())]


def test_an_anonymous_past_comes_into_the_user_who_signs_in() -> None:
    ownership = fold([event(1, A1), event(2, A1, E1), event(3, U1, A1)])
    assert owners_of(ownership) == [U1, U1, U1]
    assert ownership.periods == {A1: [(None, U1)], E1: [(None, U1)], U1: [(None, U1)]}
    assert not ownership.conflicts


def test_a_shared_device_moves_from_here_on_and_its_past_stays() -> None:
    ownership = fold([event(1, U1, A1), event(2, A1), event(3, U2, A1), event(4, A1)])
    assert owners_of(ownership) == [U1, U1, U2, U2]
    assert ownership.periods[A1] == [(None, U1), (at(3), U2)]
    assert [ownership.owner_at(A1, at(time)) for time in (2, 3, 4)] == [U1, U2, U2]
    assert reasons(ownership) == {(A1, "moved"): 1}


def test_several_anonymous_ones_become_one_and_the_one_made_first_survives() -> None:
    ownership = fold([event(1, E1), event(2, A1), event(3, A1, E1, T1)])
    assert owners_of(ownership) == [E1, E1, E1]
    assert ownership.periods[T1] == [(None, E1)]


def test_anonymous_ones_join_the_only_known_one() -> None:
    ownership = fold([event(1, A1), event(2, U1, E1), event(3, A1, E1)])
    assert owners_of(ownership) == [U1, U1, U1]


def test_two_known_ones_and_nothing_is_joined() -> None:
    facts = [event(1, U1, A1), event(2, U2, E1), event(3, T1), event(4, A1, E1, T1)]
    ownership = fold(facts)
    assert owners_of(ownership) == [U1, U2, T1, U1]
    assert reasons(ownership) == {(E1, "two_known"): 1, (T1, "two_known"): 1}


def test_an_alias_of_users_holds_for_all_time_and_the_new_user_survives() -> None:
    facts = [event(1, U1, A1), event(2, U2, A1), event(3, A1), alias(9, U2, previous="u1")]
    ownership = fold(facts)
    assert owners_of(ownership) == [U2, U2, U2, U2]
    assert ownership.periods[A1] == [(None, U2)]
    assert not ownership.conflicts


def test_a_previous_id_that_is_no_user_is_one_more_anonymous_id_at_its_place() -> None:
    facts = [event(1, U1, A1), event(2, A1), alias(3, U2, previous="a1"), event(4, A1)]
    assert owners_of(fold(facts)) == [U1, U1, U2, U2]


def test_a_previous_id_is_never_primary() -> None:
    fact = alias(3, E1, previous="a1")
    assert fact.primary == E1
    assert fact.linked == (A1, E1)
    assert owners_of(fold([event(1, A1), fact])) == [A1, A1]


def test_an_alias_without_user_whose_previous_id_is_a_user_does_nothing() -> None:
    ownership = fold([event(1, U1), event(2, A1), alias(3, A1, previous="u1")])
    assert owners_of(ownership) == [U1, A1, A1]
    assert set(ownership.periods) == {U1, A1}


def test_a_user_aliased_to_itself_is_no_anonymous_id() -> None:
    fact = alias(1, U1, previous="u1")
    assert fact.linked == (U1,)
    assert set(fold([fact]).periods) == {U1}


def test_an_alias_joins_no_user_that_is_unlinked() -> None:
    facts = [event(1, U1), alias(2, U2, previous="u1")]
    assert owners_of(fold(facts, [Unlink(U1, 9)])) == [U1, U2]


def test_a_customer_owns_no_more_than_its_bound() -> None:
    phones = [("phone", f"+1{n:03}") for n in range(120)]
    ownership = fold([event(n, U1, phone) for n, phone in enumerate(phones)])
    owned = [i for i, held in ownership.periods.items() if held[-1][1] == U1]
    assert len(owned) == 100
    assert sum(reasons(ownership).values()) == 21
    assert {row.reason for row in ownership.conflicts} == {"cap"}


def test_an_alias_beyond_the_bound_is_not_applied() -> None:
    facts = [event(1, U1, A1), event(2, U2, A2), alias(3, U2, previous="u1")]
    ownership = fold([event(4, U1, E1), event(5, U2, E2), *facts], identifiers_max=1)
    assert reasons(ownership)[(U1, "cap")] == 1
    assert owners_of(ownership) == [U1, U2, U2, U1, U2]


def test_an_identifier_that_moved_twenty_times_is_shared_and_stays() -> None:
    facts = [event(n, (U1, U2)[n % 2], A1) for n in range(25)]
    facts += [event(30, A1), event(31, A1, E1), event(32, E1)]
    ownership = fold(facts)
    assert len(ownership.periods[A1]) == 21
    assert reasons(ownership) == {(A1, "moved"): 20, (A1, "shared"): 3}
    last = owners_of(ownership)
    assert last[20:25] == [U1, U2, U1, U2, U1]
    assert last[25:] == [U1, U1, E1]


def test_consent_alone_links_nothing() -> None:
    ownership = fold([event(1, U1), event(2, U1, A1, call="consent"), event(3, A1)])
    assert owners_of(ownership) == [U1, U1, A1]


def test_an_operator_joins_two_known_customers_for_all_time() -> None:
    facts = [event(1, U1, A1), event(2, U2, A1), event(3, U2)]
    assert owners_of(fold(facts, [Link(U1, U2, 9)])) == [U1, U1, U1]


def test_an_unlinked_identifier_takes_part_in_no_link_until_it_is_linked() -> None:
    facts = [event(1, A1), event(2, U1, A1), event(3, A1, E1), event(4, E1)]
    assert owners_of(fold(facts, [Unlink(A1, 9)])) == [A1, U1, A1, E1]
    again: list[Link | Unlink] = [Unlink(A1, 9), Link(U1, A1, 10)]
    assert owners_of(fold(facts, again)) == [U1, U1, U1, U1]


def test_an_unlink_takes_an_earlier_link_back() -> None:
    facts = [event(1, A1), event(2, E1), event(3, T1)]
    links = [Link(A1, E1, 1), Link(E1, T1, 2)]
    assert len(set(owners_of(fold(facts, links)))) == 1
    assert owners_of(fold(facts, [*links, Unlink(E1, 3)])) == [A1, E1, T1]


def test_a_step_says_what_a_store_has_to_write() -> None:
    owners: Owners[str] = Owners()
    owners.holdings[A1] = Holding("anonymous")
    owners.customers["anonymous"] = Owner(at(1), known=False, identifiers=7)
    owners.holdings[E1] = Holding("other user")
    owners.customers["other user"] = Owner(at(2), known=True, identifiers=3)
    change = step(owners, event(5, U1, A1, E1, T1), lambda _fact, _identifier: "user")
    assert change.owner == "user"
    assert change.made == ["user"]
    assert change.created == [("user", U1), ("user", T1)]
    assert change.joins == [("anonymous", "user")]
    assert change.moves == [Move(E1, "other user", "user")]
    assert change.conflicts == []
    assert owners.customers["user"] == Owner(at(5), known=True, identifiers=10)
    assert owners.customers["other user"].identifiers == 2


def test_a_step_names_what_it_did_not_apply() -> None:
    owners: Owners[str] = Owners(identifiers_max=5)
    owners.holdings[A1] = Holding("anonymous")
    owners.customers["anonymous"] = Owner(at(1), known=False, identifiers=5)
    change = step(owners, event(5, U1, A1), lambda _fact, _identifier: "user")
    assert change.joins == []
    assert change.conflicts == [Conflict(A1, "anonymous", "user", "cap")]


def test_a_step_joins_users_by_alias_from_here_on() -> None:
    owners: Owners[Identifier] = Owners()
    for fact in [event(1, U1, A1), event(2, U2)]:
        step(owners, fact, lambda _, identifier: identifier)
    fact = Fact(
        place=at(3), identifiers=(U2,), call="alias", previous_id="u1", previous_is_user=True
    )
    assert not changes_nothing(owners, fact)
    change = step(owners, fact, lambda _, identifier: identifier)
    assert change.joins == [(U1, U2)]
    assert owners.owner_of(A1) == U2
    assert changes_nothing(owners, fact)


def test_a_fact_has_its_identifiers_in_key_order() -> None:
    touchpoint = Touchpoint(
        occurred_at=1,
        received_at=2,
        message_id="m",
        source="shop",
        channel="website",
        call="track",
        event="Viewed",
        identifiers={"telegram": "t1", "email": "1@x.org", "user_id": "u1", "anonymous_id": "a1"},
    )
    assert fact_of(touchpoint).identifiers == (U1, A1, E1, T1)
