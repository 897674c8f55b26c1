"""CEL expressions: what they mean for one touchpoint, errors and all (semantics 3.1, 5.2)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.journey_state.definition import Moment
from services.journey_state.definition.cel_check import check
from services.journey_state.definition.cel_since import bounds
from services.journey_state.definition.cel_text import fields
from services.journey_state.definition.expressions import (
    ANSWERS_MAX,
    compiled_condition,
    compiled_text,
    key_text,
)
from services.journey_state.touchpoint import Touchpoint

NOW = 1_000 * 86_400_000_000


def moment(
    properties: dict[str, Any] | None = None,
    *,
    context: dict[str, Any] | None = None,
    traits: dict[str, Any] | None = None,
    counts: dict[str, int] | None = None,
    ago: dict[str, timedelta] | None = None,
) -> Moment:
    touchpoint = Touchpoint(
        occurred_at=NOW,
        received_at=NOW,
        message_id="m",
        source="web-shop",
        channel="website",
        call="track",
        event="raw name",
        identifiers={},
        properties=properties or {},
        context=context or {},
    )
    last_at = {
        name: NOW - since // timedelta(microseconds=1) for name, since in (ago or {}).items()
    }
    return Moment(touchpoint, "Product Viewed", "awareness", traits or {}, counts or {}, last_at)


@pytest.mark.parametrize(
    "expression",
    [
        "event == 'Product Viewed' && call == 'track'",
        "channel in ['website', 'app'] && source == 'web-shop' && stage == 'awareness'",
        "properties.rating >= 4 && properties.rating >= 3.5 && properties.half >= 4",
        "properties.one == 1 && properties.rating == 4.0",
        "size(properties.products) == 2 && properties.products[0].price < 2",
        "properties.products.exists(p, p.price == 1.5)",
        "context.page.path.startsWith('/product/')",
        "context.page.path.matches('^/product/[0-9]+$')",
        "'rating' in properties && !('gone' in properties)",
        "has(properties.empty) && properties.empty == ''",
        "!has(properties.gone) && !has(context.page.gone) && !has(properties.products[1].gone)",
        "!has(traits.gone) && traits.plan == 'pro'",
        "properties['rating'] == 4 && size(properties) == 6 && properties.rating == 4",
        "properties.exists(key, key == 'rating') && .properties.rating == 4",
        "count('Order Completed') == 2 && count('Never') == 0",
        "count('Order Completed') - count('Never') > 1",
        "since('Order Completed') > days(3) && since('Order Completed') < days(5)",
        "since('Order Completed') == duration('4d') && duration('1w') == days(7)",
        "duration('1h30m') == duration('90m') && duration('0.5s') == duration('500ms')",
        "since('Order Completed') > days(properties.rating - 1)",
        'since(r"Order Completed") > days(0x3) // by the day',
        "since('Never') > days(1) || true",
        "properties.flag",
    ],
)
def test_true(expression: str) -> None:
    here = moment(
        {
            "rating": 4, "half": 4.5, "one": 1.0, "empty": "", "gone": None, "flag": True,
            "products": [{"price": 1.5}, {"price": 2, "gone": None}],
        },
        context={"page": {"path": "/product/7", "gone": None}},
        traits={"plan": "pro", "gone": None},
        counts={"Order Completed": 2, "Unasked": 9},
        ago={"Order Completed": timedelta(days=4)},
    )  # fmt: skip
    condition = compiled_condition(expression)
    assert condition(here)
    assert condition(here)
    assert condition.errors == 0


@pytest.mark.parametrize(
    ("expression", "properties"),
    [
        ("properties.gone >= 4", {}),
        ("properties.gone == null", {"gone": None}),
        ("properties.a.b == 1", {"a": None}),
        ("properties.rating >= 4", {"rating": "4"}),
        ("properties.rating / 0 == 1", {"rating": 4}),
        ("properties.rating + 1 > 0", {"rating": 2**63 - 1}),
        ("properties.rating > 1", {"rating": 2**70}),
        ("properties.rating > '1'", {"rating": "\ud800"}),
        ("properties.rating", {"rating": 1}),
        ("properties.rating", {"rating": "true"}),
        ("since('Never') > days(1)", {}),
        ("since('Never') <= days(1)", {}),
        ("days(properties.rating) > days(1)", {"rating": 2**60}),
        ("properties.rating.matches(properties.rating)", {"rating": "(("}),
    ],
)
def test_an_error_is_no_match_and_is_counted(expression: str, properties: dict[str, Any]) -> None:
    condition = compiled_condition(expression)
    here = moment(properties)
    assert [condition(here), condition(here)] == [False, False]
    assert condition.errors == 2


@pytest.mark.parametrize("value", [2**70, "\ud800", {"deep": [-(2**64)]}])
def test_a_value_that_cel_cannot_hold_spoils_only_what_may_read_it(value: object) -> None:
    here = moment({"bad": value, "ok": 1}, traits={"plan": "pro"})
    assert not compiled_condition("properties.bad == 1")(here)
    assert not compiled_condition("properties['ok'] == 1")(here)  # by any key: the whole map
    assert compiled_condition("properties.ok == 1 && event == 'Product Viewed'")(here)


def test_expressions_of_one_moment_share_what_they_need() -> None:
    here = moment({"a": 1})
    assert compiled_condition("properties.a == 1")(here)
    assert compiled_condition("properties.a < 2")(here)
    assert len(here.prepared or {}) == 1
    assert compiled_condition("count('x') == 0")(here)
    assert compiled_condition("count('x') + count('y') == 0")(here)
    assert len(here.prepared or {}) == 3


@pytest.mark.parametrize(
    ("expression", "read"),
    [
        ("properties.a == properties.b.c", ("a", "b")),
        ("has(properties.a) && context.properties.z", ("a",)),
        (".properties.a == 1", ("a",)),
        ("1+.properties.a == 2 && [1][0].properties.c", ("a",)),
        ("properties.products.exists(p, p.properties.x)", ("products",)),
        ("'a' in properties", None),
        ("properties['a']", None),
        ("properties.a == 1 || size(properties) > 1", None),
        ("properties.exists(key, key == 'a')", None),
        ("properties.`a-b`", None),
        ("'properties.z' == r'properties[0]' // properties", ()),
        ("event", ()),
    ],
)
def test_only_the_fields_that_are_read_are_prepared(
    expression: str, read: tuple[str, ...] | None
) -> None:
    assert fields(expression, "properties") == read


def test_conditions_of_different_moments_do_not_mix() -> None:
    condition = compiled_condition("count('x') == 1 && properties.a == 1")
    assert condition(moment({"a": 1}, counts={"x": 1}))
    assert not condition(moment({"a": 1}, counts={"x": 2}))
    assert not condition(moment({"a": 2}, counts={"x": 1}))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("cart 7 ", "cart 7 "), ("", ""), (None, ""), (True, ""), ([1], ""), ({"a": 1}, ""),
        (7, "7"), (-7, "-7"), (7.0, "7"), (-0.0, "0"), (0.1, "0.1"), (1e-7, "0.0000001"),
        (1e21, "1000000000000000000000"), (12345.678, "12345.678"), (2**63 - 1, str(2**63 - 1)),
    ],
)  # fmt: skip
def test_key_text(value: object, text: str) -> None:
    assert compiled_text("properties.cart_id")(moment({"cart_id": value})) == text


def test_key_text_of_an_error_is_not_its_message() -> None:
    scope = compiled_text("properties.cart_id")
    assert scope(moment()) == ""
    assert scope.errors == 1


@settings(deadline=None)
@given(st.integers(-(2**63), 2**63 - 1) | st.floats())
def test_numbers_are_written_in_decimal_and_read_back(number: float) -> None:
    text = key_text(number)
    assert "e" not in text
    assert text == "" or type(number)(text) == number


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)
ANY_VALUE = [
    compiled_condition("properties.a > 1 || properties.a == 'x' || size(properties.a) > 0"),
    compiled_condition("properties.a.b.startsWith('x') || properties.a[0] in [1, 'x', null]"),
    compiled_condition("properties.a.exists(x, x > 1) || traits.a == properties.a"),
]


@settings(deadline=None)
@given(JSON, JSON)
def test_no_value_makes_an_expression_raise(first: object, second: object) -> None:
    here = moment({"a": first}, traits={"a": second})
    assert {condition(here) for condition in ANY_VALUE} <= {True, False}
    assert isinstance(compiled_text("properties.a")(here), str)


def test_a_kept_answer_is_that_of_its_own_values() -> None:
    rated = compiled_condition("properties.rating == 1 || properties.rating == 'good'")
    said = [1, True, 1.0, "1", "good", "bad", None, [1], 1, "good"]
    answers = [rated(moment({"rating": value})) for value in said]
    assert answers == [True, False, True, False, True, False, False, False, True, True]


def test_errors_count_although_their_answer_is_kept() -> None:
    longer = compiled_condition("properties.rating > 3")
    assert [longer(moment(values)) for values in ({}, {"rating": "x"}, {}, {"rating": 4})] == [
        False, False, False, True,
    ]  # fmt: skip
    assert longer.errors == 3


def test_the_answers_kept_are_bounded() -> None:
    named = compiled_condition("properties.name == 'n7'")
    assert [n for n in range(3 * ANSWERS_MAX) if named(moment({"name": f"n{n}"}))] == [7]
    assert named(moment({"name": "n7"}))


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ('since("A") > days(3)', {"A": [259_200_000_000]}),
        ('(since("A")) > days(3)', None),
        ('since("A") > days(3) + days(1)', None),
        ('days(1) + since("A") > days(3)', None),
        ('days(3) < since("A")', None),
        ('since("A") == since("B")', None),
        ('since("A") > duration("1ns")', None),
        ('!(since("A") <= duration("2s")) || since(r"A") != duration("1500ms")',
         {"A": [1_500_000, 2_000_000]}),
        ('count("A") > 1', {}),
    ],
)  # fmt: skip
def test_times_that_are_only_compared_have_bounds(
    expression: str, expected: dict[str, list[int]] | None
) -> None:
    assert bounds(check(expression).text) == expected


TIMED = (
    'count("A") == 0 || since("A") > duration("2s")',
    'since("A") >= duration("2s") && since("B") < duration("3s")',
    '!(since("A") == duration("2s")) || since("A") != duration("1s")',
    'since("A") < duration("1s") ? since("B") > duration("1s") : count("A") == 1',
)


@settings(deadline=None)
@given(
    st.sampled_from(TIMED),
    st.lists(st.tuples(*[st.none() | st.integers(-1, 7)] * 2, st.integers(0, 2)), max_size=30),
)
def test_answers_about_times_are_those_of_each_time(
    expression: str, found: list[tuple[int | None, int | None, int]]
) -> None:
    kept = compiled_condition(expression)
    for first, second, count in found:
        half = timedelta(milliseconds=500)
        ago = {
            name: steps * half for name, steps in (("A", first), ("B", second)) if steps is not None
        }
        now = moment(counts={"A": count}, ago=ago)
        # A condition that has met nothing yet asks CEL.
        assert kept(now) == compiled_condition(expression)(now)
