"""Loading never fails in any way but with the problems of the file."""

from __future__ import annotations

from contextlib import suppress

from hypothesis import given, settings
from hypothesis import strategies as st

from services.journey_state.definition import DefinitionError, Problem, load, shipped
from services.journey_state.definition.cel_check import ExpressionError
from services.journey_state.definition.expressions import compiled_condition, compiled_text

LINES = shipped().text.splitlines()
WORDS = [
    *[
        "[",
        "]",
        "{",
        "}",
        ":",
        "-",
        "'",
        '"',
        "#",
        "&a",
        "*a",
        "|",
        ">",
        "!!int",
        "null",
        "5",
        "1.5",
        "true",
        "none",
        "30m",
        "0s",
        "---",
        "%YAML",
    ],
    *["stages", "name", "event", "when", "enter", "opens", "remind"],
    *("- ", "<<: ", "%YAML 1.1\n", "\t", "\n", "\n    "),
]
CEL = [
    *[
        "event",
        "properties",
        "properties.a",
        "count",
        "since",
        "days",
        "duration",
        "matches",
        "has",
        "type",
        "in",
        "null",
    ],
    *[
        "(",
        ")",
        "'a'",
        '"14d"',
        "r'x'",
        "b'x'",
        "1",
        "0x1",
        "1u",
        "1.5",
        "==",
        ">",
        "&&",
        "||",
        "!",
        "[",
        "]",
        "{",
        "}",
        ".",
        ",",
        "?",
        ":",
        "//",
        "'''",
        "\\",
    ],
    *("true", "__counts", "\n", " ", "count('a')", "since('a')", "duration('14d')"),
]


def loads_or_explains(text: str) -> None:
    problems: list[Problem] | None = None
    try:
        definition = load(text)
    except DefinitionError as error:
        problems = error.problems
    else:
        assert load(definition.text).version == definition.version
    assert problems != []
    lines_max = sum(text.count(end) for end in "\n\r\x85\u2028\u2029") + 2
    for each in problems or ():
        assert 1 <= each.line <= lines_max
        assert each.column >= 1
        assert each.message


@settings(deadline=None)
@given(st.text(st.characters(), max_size=200))
def test_any_text(text: str) -> None:
    loads_or_explains(text)


@settings(deadline=None)
@given(st.lists(st.sampled_from([*WORDS, *CEL]) | st.text(max_size=5), max_size=30))
def test_any_words(words: list[str]) -> None:
    loads_or_explains("".join(words))


@settings(max_examples=60, deadline=None)  # a whole file each time
@given(
    st.lists(
        st.tuples(
            st.integers(0, len(LINES) - 1),
            st.integers(0, 60),
            st.integers(0, 20),
            st.sampled_from(WORDS),
        ),
        min_size=1,
        max_size=3,
    )
)
def test_a_shipped_definition_with_mistakes(edits: list[tuple[int, int, int, str]]) -> None:
    lines = list(LINES)
    for at, column, removed, word in edits:
        line = lines[at]
        lines[at] = line[:column] + word + line[column + removed :]
    loads_or_explains("\n".join(lines))


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=5)
    | st.sampled_from(WORDS + CEL),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "name",
                    "event",
                    "when",
                    "from",
                    "enter",
                    "opens",
                    "stage",
                    "after",
                    "remind",
                    "match",
                ]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=15,
)
SECTIONS = [
    "journey",
    "labels",
    "aliases",
    "once",
    "passive",
    "stages",
    "overlays",
    "abandonment",
    "touchpoints",
]


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from(SECTIONS), JSON))
def test_values_of_any_type(data: dict[str, object]) -> None:
    # Python's spelling of maps and lists is YAML's, but for a few words that become text.
    loads_or_explains(repr(data))


@settings(deadline=None)
@given(st.lists(st.sampled_from(CEL) | st.text(max_size=3), max_size=12).map("".join))
def test_any_expression(text: str) -> None:
    for compile_ in (compiled_condition, compiled_text):
        with suppress(ExpressionError):
            compile_(text)
