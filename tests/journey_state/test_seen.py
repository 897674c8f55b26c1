"""The message ids that a customer has had: never a no that is wrong, in little room."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from services.journey_state.seen import LISTED_MAX, any_may_hold, with_ids


@given(st.lists(st.lists(st.text(), max_size=5), max_size=5))
def test_what_was_added_is_held(batches: list[list[str]]) -> None:
    seen = b""
    for batch in batches:
        seen = with_ids(seen, batch)
    assert all(any_may_hold([seen], one) for batch in batches for one in batch)


def test_other_ids_are_rarely_taken_for_held() -> None:
    seen = with_ids(b"", [f"m{n}" for n in range(100)])
    others = sum(any_may_hold([seen], f"other-{n}") for n in range(1_000))
    assert others < 20
    assert len(seen) == 200


def test_however_many_there_are_they_take_eight_kibibytes() -> None:
    seen = b""
    for start in range(0, 12_000, 500):
        seen = with_ids(seen, [f"m{n}" for n in range(start, start + 500)])
        assert len(seen) == (2 * (start + 500) if start + 500 <= LISTED_MAX else 8_192)
    assert all(any_may_hold([seen], f"m{n}") for n in range(12_000))
    assert sum(any_may_hold([seen], f"other-{n}") for n in range(1_000)) < 300


def test_nothing_is_held_of_nothing() -> None:
    assert not any_may_hold([b""], "m1")
    assert with_ids(b"", []) == b""
