"""Customer ids after identity was computed again: bound to touchpoints, kept where possible."""

from __future__ import annotations

from itertools import count

from services.journey_state.naming import Bound, Names, name
from services.journey_state.ownership import Ownership, Unlink, fold
from services.journey_state.touchpoint import Identifier
from tests.journey_state.identity_model import A1, A2, E1, U1, U2, alias, at, event


def bound(text: str, time: int, by: Identifier, *owned: Identifier, live: bool = True) -> Bound:
    return Bound(
        customer_id=text.encode(),
        made=at(time),
        made_by=by,
        owned=frozenset(owned or (by,)),
        live=live,
    )


def named(ownership: Ownership, *ids: Bound) -> tuple[Names, dict[Identifier, str]]:
    new = map("new{}".format, count(1))
    names = name(ownership, ids, lambda: next(new).encode())
    return names, {owner: one.decode() for owner, one in names.ids.items()}


def test_a_customer_nobody_knew_gets_a_new_id() -> None:
    names, ids = named(fold([event(1, A1)]))
    assert ids == {A1: "new1"}
    assert names.now == {}


def test_of_two_that_become_one_the_known_one_stays() -> None:
    ownership = fold([event(1, A1), event(2, U1), event(3, U1, A1)])
    names, ids = named(ownership, bound("a", 1, A1), bound("u", 2, U1))
    assert ids == {U1: "u"}
    assert names.now == {b"a": b"u", b"u": b"u"}


def test_of_two_anonymous_ones_the_one_made_first_stays() -> None:
    ownership = fold([event(1, E1), event(2, A1), event(3, A1, E1)])
    names, _ = named(ownership, bound("a", 2, A1), bound("e", 1, E1))
    assert names.now == {b"a": b"e", b"e": b"e"}


def test_of_two_users_the_one_that_an_alias_names_stays() -> None:
    ownership = fold([event(1, U1), event(2, U2), alias(3, U2, previous="u1")])
    names, _ = named(ownership, bound("old", 1, U1), bound("new", 2, U2))
    assert names.now == {b"old": b"new", b"new": b"new"}


def test_parted_touchpoints_get_their_id_back() -> None:
    facts = [event(1, A1), event(2, U1, A1)]
    ids = (bound("a", 1, A1, live=False), bound("u", 2, U1, U1, A1))
    names, found = named(fold(facts, [Unlink(A1, 9)]), *ids)
    assert found == {A1: "a", U1: "u"}
    assert names.now == {b"a": b"a", b"u": b"u"}


def test_parted_touchpoints_that_had_no_id_get_a_new_one() -> None:
    facts = [event(1, U1, A1), event(3, U2, A1), event(5, A1)]
    names, found = named(fold(facts), bound("u", 1, U1, U1, A1))
    assert found == {U1: "u", U2: "new1"}
    assert names.now == {b"u": b"u"}


def test_an_id_means_the_owner_of_the_touchpoint_that_made_it() -> None:
    facts = [event(1, A1), event(3, U2, A1), event(5, U1, A1)]
    ids = (bound("a", 1, A1, live=False), bound("u", 5, U1, U1, A1))
    names, found = named(fold(facts), *ids)
    assert found == {U1: "u", U2: "a"}
    assert names.now == {b"a": b"a", b"u": b"u"}


def test_an_id_made_by_another_identifier_than_the_primary_means_that_ones_owner() -> None:
    facts = [event(1, A1, E1), event(2, E1)]
    ids = (bound("a", 1, A1), bound("e", 1, E1))
    _, found = named(fold(facts, [Unlink(E1, 9)]), *ids)
    assert found == {A1: "a", E1: "e"}


def test_an_id_whose_touchpoint_is_gone_means_the_owner_of_its_identifiers() -> None:
    names, _ = named(fold([event(2, A2, E1)]), bound("a", 1, A1, E1))
    assert names.now == {b"a": b"a"}
    assert named(fold([event(2, A2)]), bound("a", 1, A1))[0].now == {}
