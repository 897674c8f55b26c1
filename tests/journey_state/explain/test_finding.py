"""Why an expression was true or not: the first condition that failed, and what it looked at."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.contracts.times import DAY_US
from services.journey_state.definition import Moment
from services.journey_state.definition.cel_parts import Parts, bare, parts_of, references
from services.journey_state.definition.expressions import compiled_condition
from services.journey_state.explain.finding import VALUE_CHARACTERS_MAX, Finding, find
from tests.journey_state.samples import make

ORDERED = 'count("Order Completed")'


def moment(**properties: Any) -> Moment:
    touchpoint = make(4 * DAY_US, "Order Completed", properties=properties)
    last_at = {"Order Completed": 2 * DAY_US}
    return Moment(
        touchpoint,
        "Order Completed",
        "purchase",
        {"vip": True, "age": 34},
        {"Order Completed": 1},
        last_at,
    )


def found(text: str, **properties: Any) -> Finding:
    return find(compiled_condition(text), moment(**properties))


@pytest.mark.parametrize(
    ("text", "kind", "operands"),
    [
        ("a && b || c", "or", ("a && b", "c")),
        ("((a || b) && !c)", "and", ("a || b", "!c")),
        ("!(a || b)", "not", ("a || b",)),
        ("!has(a.b) || a.b >= 4", "or", ("!has(a.b)", "a.b >= 4")),
        ("a - b > 1", "relation", ("a - b", "1")),
        ("a in ['x && y', '>']", "relation", ("a", "['x && y', '>']")),
        ("a != b // why && how", "relation", ("a", "b")),
        ("a ? b : c || d", "whole", ()),
        ("a.exists(x, x > 1 && x < 3)", "whole", ()),
        ("(a) && (b)", "and", ("a", "b")),
    ],
)
def test_an_expression_is_split_where_it_binds_loosest(
    text: str, kind: str, operands: tuple[str, ...]
) -> None:
    parts = parts_of(text)
    assert (parts.kind, parts.operands) == (kind, operands)


def test_brackets_around_are_no_part_of_it() -> None:
    assert bare(" (( a + (b) )) // so") == "a + (b)"
    assert bare("(a) + (b)") == "(a) + (b)"
    assert parts_of("") == Parts("whole")


def test_values_are_named_as_they_are_written() -> None:
    path = 'properties.a.b[0] > 1 && has(traits["x y"].z)'
    text = path + ' && since("A").getHours() > 2 && stage.size() > p.stage'
    named = [text[start:end] for start, end in references(text)]
    assert named == ["properties.a.b[0]", 'traits["x y"].z', 'since("A")', "stage"]


def test_the_first_false_condition_is_named_with_its_values() -> None:
    finding = found(f'{ORDERED} - count("Order Cancelled") > 1 && channel == "app"')
    assert finding.condition == f'{ORDERED} - count("Order Cancelled") > 1'
    assert finding.values == {ORDERED: 1, 'count("Order Cancelled")': 0}
    assert finding.text == f"`{finding.condition}` was false: 1 - 0 = 1"


def test_of_alternatives_each_one_is_named() -> None:
    finding = found(f'{ORDERED} == 0 || since("Order Completed") > days(3)')
    assert finding.result == "false"
    assert finding.values == {ORDERED: 1, 'since("Order Completed")': "2d"}
    assert finding.text == (
        f"`{ORDERED} == 0` was false: {ORDERED} = 1; and "
        '`since("Order Completed") > days(3)` was false: since("Order Completed") = 2d'
    )


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("properties.rating >= 4", "could not be evaluated: properties.rating is missing"),
        ('since("A") > days(1)', 'could not be evaluated: no earlier "A" came'),
        ("properties.name > 4", "could not be evaluated: No matching overloads found"),
        ("properties.name", 'could not be evaluated: it gives "Ann", which is neither'),
    ],
)
def test_an_evaluation_error_says_what_is_missing(text: str, why: str) -> None:
    finding = found(text, name="Ann")
    assert finding.result == "error"
    assert why in finding.text


def test_a_false_condition_is_named_before_one_with_an_error() -> None:
    finding = found('properties.rating >= 4 && stage == "none"')
    assert (finding.result, finding.condition) == ("false", 'stage == "none"')


def test_a_long_value_is_cut() -> None:
    finding = found("properties.note == 'x'", note="y" * 10_000)
    assert len(finding.values["properties.note"]) == VALUE_CHARACTERS_MAX + 1


def test_a_true_condition_shows_what_made_it_true() -> None:
    finding = found(f"{ORDERED} <= 1 && traits.vip")
    assert finding.result == "true"
    assert finding.text == (
        f"`{ORDERED} <= 1 && traits.vip` was true: {ORDERED} = 1, traits.vip = true"
    )


def test_what_is_a_person_s_stays_behind_its_name() -> None:
    finding = found("traits.age + 1 > 40")
    assert finding.text == "`traits.age + 1 > 40` was false: traits.age + 1 = 35, traits.age = 34"


_atoms = st.sampled_from(
    [
        f"{ORDERED} > 1",
        f"{ORDERED} == 1",
        "properties.flag == 1",
        "has(properties.flag)",
        "traits.vip",
        'since("A") > days(1)',
        "!has(properties.flag)",
        'stage in ["purchase"]',
    ]
)
_texts = st.recursive(
    _atoms,
    lambda inner: st.one_of(
        st.tuples(inner, inner).map(lambda two: f"{two[0]} && ({two[1]})"),
        st.tuples(inner, inner).map(lambda two: f"({two[0]}) || {two[1]}"),
        inner.map(lambda one: f"!({one})"),
    ),
    max_leaves=6,
)


@given(_texts, st.sampled_from([{}, {"flag": 1}, {"flag": 2}]))
def test_what_is_named_as_failing_does_fail(text: str, properties: dict[str, int]) -> None:
    condition = compiled_condition(text)
    finding = found(text, **properties)
    assert (finding.result == "true") == condition(moment(**properties))
    if finding.result != "true":
        assert finding.condition is not None
        again = found(finding.condition, **properties)
        assert again.result == finding.result
        assert not compiled_condition(finding.condition)(moment(**properties))
