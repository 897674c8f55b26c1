"""Who a customer was, by the touchpoints that had been stored."""

from __future__ import annotations

from typing import Any

import pytest

from services.journey_state.as_known import KnownThen, Stored, known_then, watermark_then
from services.journey_state.identity import fact_of
from services.journey_state.naming import Bound
from services.journey_state.ownership import Link, Unlink
from services.journey_state.touchpoint import Identifier, Touchpoint
from tests.journey_state.samples import make

DEVICE = ("anonymous_id", "d")


def seen(at: int, **identifiers: str) -> Touchpoint:
    return make(at, identifiers=identifiers)


def bound(touchpoint: Touchpoint, name: bytes) -> Bound:
    """The id that the touchpoint made, of the identifier that it was met by."""
    named = fact_of(touchpoint).identifiers
    return Bound(customer_id=name, made=touchpoint.place, made_by=named[0], owned=frozenset(named))


def known(touchpoints: list[Touchpoint], *ids: Bound, asked: Any) -> KnownThen:
    found = known_then(Stored(touchpoints), ids, asked)
    assert found is not None
    return found


def owned(found: KnownThen) -> list[tuple[str, str, int]]:
    return [(one.kind, one.value, one.since) for one in found.identifiers]


def test_an_id_and_its_identifiers_mean_one_customer() -> None:
    first, second = seen(1, anonymous_id="d"), seen(2, user_id="u", anonymous_id="d")
    device, user = bound(first, b"d"), bound(second, b"u")
    by_device = known([first, second], device, user, asked=b"d")
    assert by_device == known([first, second], device, user, asked=("user_id", "u"))
    assert by_device.ids == (b"u", b"d")
    assert owned(by_device) == [("user_id", "u", 2), ("anonymous_id", "d", 1)]
    alone = known([first], device, user, asked=DEVICE)
    assert (alone.ids, owned(alone)) == ((b"d",), [("anonymous_id", "d", 1)])


def test_what_was_not_stored_yet_is_not_known() -> None:
    first, second = seen(1, anonymous_id="d"), seen(2, user_id="u", anonymous_id="d")
    ids = [bound(first, b"d"), bound(second, b"u")]
    assert known_then(Stored([first]), ids, b"u") is None
    asked: Identifier = ("user_id", "u")
    assert known_then(Stored([first]), ids, asked) is None
    assert known_then(Stored([]), ids, DEVICE) is None


def test_of_two_known_ones_that_of_the_naming_user_stays() -> None:
    old, new = seen(1, user_id="old"), seen(2, user_id="new")
    alias = make(3, "alias", call="alias", identifiers={"user_id": "new"}, previous_id="old")
    found = known([old, new, alias], bound(old, b"o"), bound(new, b"n"), asked=("user_id", "old"))
    assert found.ids == (b"n", b"o")
    assert len(found.touchpoints) == 3


def test_a_shared_device_leaves_its_past_behind() -> None:
    first, second = seen(1, user_id="a", anonymous_id="d"), seen(2, user_id="b", anonymous_id="d")
    ids = [bound(first, b"a"), bound(second, b"b")]
    left = known([first, second], *ids, asked=b"a")
    assert (owned(left), left.touchpoints) == ([("user_id", "a", 1)], [first])
    won = known([first, second], *ids, asked=DEVICE)
    assert owned(won) == [("user_id", "b", 2), ("anonymous_id", "d", 2)]


def test_what_operators_did_counts_from_when_they_did_it() -> None:
    first, second = seen(1, email="a"), seen(2, email="b")
    ids = [bound(first, b"a"), bound(second, b"b")]
    link = Link(("email", "a"), ("email", "b"), 5)
    joined = known_then(Stored([first, second], [link]), ids, b"b")
    assert joined is not None
    assert (joined.ids, len(joined.touchpoints)) == ((b"a", b"b"), 2)
    apart = known_then(Stored([first, second], [link, Unlink(("email", "b"), 6)]), ids, b"b")
    assert apart is not None
    assert (apart.ids, apart.touchpoints) == ((b"b",), [second])


MINUTE = 60_000_000
T = 1_000 * MINUTE


@pytest.mark.parametrize(
    ("notes", "now", "expected"),
    [
        ([], None, T),  # no W at all: the instant stands for it
        ([], T - 5, T - 5),
        ([], T + 5, T),
        ([(T - 10, T - 12)], T + 99, T - 2),  # it went on as time did
        ([(T - 10, T - 99)], T - 95, T - 95),  # and no further than it stands now
        ([(T - 10, T - 99), (T + 7, T - 97)], T, T - 97),  # nor than it stood a minute later
        ([(T - 9 * MINUTE, T - 10 * MINUTE)], T, T - 9 * MINUTE),  # no worker: it stood
        ([(T + 7, T - 50)], T, T - 50),
    ],
)
def test_w_of_then_is_told_by_what_was_noted_around_it(
    notes: list[tuple[int, int]], now: int | None, expected: int
) -> None:
    assert watermark_then(T, notes, now) == expected
