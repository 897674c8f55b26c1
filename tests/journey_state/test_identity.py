"""Identity: the sentences of semantics 2.2 to 2.5, one example each."""

from __future__ import annotations

from services.journey_state.identity import (
    Conflict,
    Fact,
    Move,
    Reason,
    changes_nothing,
    fact_of,
    step,
)
from services.journey_state.owners import Holding, Owner, Owners
from services.journey_state.ownership import Link, Ownership, Unlink, fold
from services.journey_state.touchpoint import Identifier, Touchpoint
from tests.journey_state.identity_model import A1, A2, E1, E2, T1, U1, U2, alias, at, event


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
    # A later link brings back itself alone.
    again: list[Link | Unlink] = [*links, Unlink(E1, 3), Link(E1, T1, 4)]
    assert owners_of(fold(facts, again)) == [A1, E1, E1]


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
