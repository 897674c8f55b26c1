"""Consent: few statements are kept, and they answer as all of them would."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from services.journey_state.consent import (
    PURPOSES_MAX,
    STATEMENTS_MAX,
    Statement,
    current,
    stated,
    withdrawn,
)
from tests.journey_state.naive import withdrawn_at

said = st.tuples(st.integers(0, 8), st.integers(0, 8), st.booleans())


def kept(statements: list[tuple[int, int, bool]]) -> dict[str, list[Statement]]:
    consent: dict[str, list[Statement]] = {}
    for occurred_at, received_at, granted in statements:
        consent = stated(consent, {"marketing": granted}, occurred_at, received_at)
    return consent


@settings(max_examples=500, deadline=None)
@given(st.lists(said, min_size=1, max_size=14))
def test_what_is_kept_answers_for_all_at_any_time(
    statements: list[tuple[int, int, bool]],
) -> None:
    in_order = sorted(statements, key=lambda one: one[0])
    consent = kept(in_order)
    for at in range(10):
        assert withdrawn(consent["marketing"], at) == withdrawn_at(in_order, at)
        assert ("marketing" in current(consent, at)) == (in_order[0][0] <= at)


def test_the_same_said_again_and_again_is_kept_once_or_twice() -> None:
    assert len(kept([(n, n, True) for n in range(50)])["marketing"]) == 1
    assert len(kept([(n, n, False) for n in range(50)])["marketing"]) == 2


def test_a_late_grant_does_not_lift_a_newer_withdrawal() -> None:
    consent = kept([(1, 1, False), (2, 9, False), (3, 5, True)])
    assert current(consent, 3) == {"marketing": False}


def test_statements_and_purposes_are_bounded() -> None:
    assert len(kept([(n, n, n % 2 == 0) for n in range(1000)])["marketing"]) == STATEMENTS_MAX
    many = stated({}, {f"purpose {n}": True for n in range(100)}, 1, 1)
    assert len(many) == PURPOSES_MAX
