"""Identity: the fold against a naive model, and the step as a store uses it against the fold."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import count

from hypothesis import given, settings
from hypothesis import strategies as st

from services.contracts.touchpoint import kind_order
from services.journey_state.identity import Fact, Step, changes_nothing, step
from services.journey_state.owners import Holding, Owner, Owners
from services.journey_state.ownership import Link, Unlink, fold
from services.journey_state.touchpoint import Identifier, Place
from tests.journey_state.identity_model import (
    EVERYONE,
    POOL,
    Groups,
    Limits,
    event,
    groups,
    model,
    partition,
)


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
