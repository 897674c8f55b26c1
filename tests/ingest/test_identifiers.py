"""Values that name someone, and those that name no one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ingest.errors import EventError
from services.ingest.identifiers import add_stated, clean

ABSENT = [
    None, "", "  ", "null", "UNDEFINED", "None", "NaN", "0", 0, "-1", -1, "Anonymous", "guest",
    "True", "false", "[object Object]", "000", "0000000",
    "00000000-0000-0000-0000-000000000000", True, 0.0,
]  # fmt: skip


@pytest.mark.parametrize("value", ABSENT)
@pytest.mark.parametrize("kind", ["user_id", "anonymous_id", "email", "phone", "telegram"])
def test_some_values_stand_for_no_one(kind: str, value: object) -> None:
    assert clean(kind, value) is None


@pytest.mark.parametrize(
    ("kind", "value", "cleaned"),
    [
        ("user_id", " Ab ", "Ab"),
        ("user_id", 10, "10"),
        ("user_id", 1.5, "1.5"),
        ("user_id", "0x", "0x"),
        ("user_id", "10", "10"),
        ("email", " Ann@Example.ORG ", "ann@example.org"),
        ("phone", "+48 601-234-567", "+48601234567"),
        ("phone", "tel:+48601234567", "+48601234567"),
        ("phone", "601 234 567", "601 234 567"),
        ("telegram", "Ann", "Ann"),
    ],
)
def test_values_are_compared_cleaned(kind: str, value: object, cleaned: str) -> None:
    assert clean(kind, value) == cleaned


@given(
    st.text() | st.integers() | st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=9),
)
def test_cleaning_twice_changes_nothing(value: object, kind: str) -> None:
    once = clean(kind, value)
    assert once is None or clean(kind, once) == once


def test_kinds_have_names_and_a_bound() -> None:
    with pytest.raises(EventError, match="kind"):
        add_stated({}, {"with:colon": "x"})
    with pytest.raises(EventError, match="at most"):
        add_stated({}, {f"k{n}": "x" for n in range(40)})
    found = {"email": "first@x.y"}
    add_stated(found, {"email": "second@x.y", "whatsapp": "+1", "phone": None})
    assert found == {"email": "first@x.y", "whatsapp": "+1"}
