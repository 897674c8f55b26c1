"""Bad journey definitions: each fault is found, with its line and what to do."""

from __future__ import annotations

from pathlib import Path

import pytest

from services.journey_state.definition import DefinitionError, Problem, load, read_definition

START = """\
journey: shop
stages:
  - name: first
    enter:
      - {event: page, from: [none]}
"""
RULE = "abandonment:\n  - {name: cart, opens: {event: Product Added}, "


def problems_of(text: str) -> list[Problem]:
    with pytest.raises(DefinitionError) as caught:
        load(text, file="shop.yaml")
    assert caught.value.problems
    assert str(caught.value).count("\n") == len(caught.value.problems) - 1
    return caught.value.problems


FAULTS = [
    # YAML
    ("", 1, "the file is empty", ""),
    ("- a\n", 1, "the file is a list", "journey and stages"),
    ("journey: [\n", 2, "not YAML", "brackets"),
    ("journey: a\njourney: b\nstages: 1\n", 2, "journey appears twice", "keep one"),
    ("journey: a\n---\nb: 1\n", 2, "single document", ""),
    ("? [a]\n: b\n", 1, "a key must be text", ""),
    ("journey: !!python/object:os.system x\n", 1, "is not supported", "remove it"),
    ("[" * 4000, 1, "nested too deeply", ""),
    ("journey: \0\n", 1, "unacceptable character", "UTF-8"),
    ("x" * 140_000, 1, "at most 131072", "shorten"),
    # shape
    (START + "stage: []\n", 6, "unknown key stage", "did you mean stages?"),
    (START.replace("enter:", "entr:"), 4, "unknown key entr", "did you mean enter?"),
    (START.replace("from:", "form:"), 5, "unknown key form", "did you mean from?"),
    (START.replace("name: first", "labels: {}"), 3, "name is missing", ""),
    (START.replace("event: page, ", ""), 5, "event is missing", "Order Completed"),
    (START.replace("event: page", "event: []"), 5, "event is empty", ""),
    (START.replace("event: page", "event: 5"), 5, "event is a number", "quote"),
    (START.replace("event: page", "event: ' '"), 5, "event is ' '", ""),
    (START.replace("from: [none]", "when: true"), 5, "when is true or false", "quote it"),
    (START.replace("journey: shop", "journey:"), 1, "journey is empty", ""),
    (START + "labels: {english: Shop}\n", 6, "labels has a key", "language"),
    (START + "passive: {a: b}\n", 6, "passive is a map", "list"),
    # names
    (START.replace("none", "frist"), 5, "there is no stage frist", "did you mean first?"),
    (START.replace("first", "none"), 3, "none is reserved", "before the first"),
    (START + "  - {name: first, enter: [{event: x}]}\n", 6, "already the name", "must differ"),
    (
        START + "  - {name: b, enter: [{id: a, event: x}, {id: a, event: y}]}\n",
        6,
        "already the id",
        "",
    ),
    (START + "  - {name: b, enter: [{id: 'first[0]', event: x}]}\n", 6, "already the id", ""),
    (START + "abandonment:\n  - {name: a, stage: frst, after: 1d}\n", 7, "no stage frst", "first"),
    (START + "abandonment:\n  - {name: a, stage: none, after: 1d}\n", 7, "no stage none", ""),
    # reach
    (
        START + "  - {name: b, enter: [{event: x, from: b}]}\n",
        6,
        "b is unreachable",
        "never reached",
    ),
    (
        START + "  - {name: b, enter: [{event: page, from: none}]}\n",
        6,
        "b is unreachable",
        "earlier",
    ),
    # abandonment and overlays
    (START + RULE + "after: 30}\n", 7, "after is a number", "30m"),
    (START + RULE + "after: 30min}\n", 7, "after is '30min'", "30m"),
    (START + RULE + "after: 0m}\n", 7, "after '0m' must be above 0", "30m"),
    (START + RULE + "after: 9999w}\n", 7, "longer than 36500 days", "30m"),
    (START + RULE + "after: 1m, remind: [1d, 8d]}\n", 7, "beyond recover_within", "it is 7d"),
    (START + RULE + "after: 1m, remind: 2h, recover_within: 1h}\n", 7, "at 2h lies beyond", "1h"),
    (START + RULE + "after: 1m, remind: [2d, 1d]}\n", 7, "does not follow", "sort"),
    (START + RULE + "stage: first, after: 1m}\n", 7, "either opens or stage", ""),
    (START + "abandonment:\n  - {name: a, after: 1m}\n", 7, "either opens or stage", ""),
    (
        START + "abandonment:\n  - {name: a, stage: first, after: 1m, scope: event}\n",
        7,
        "no meaning",
        "",
    ),
    (START + RULE + "after: 1m}\npassive: Product Added\n", 7, "is passive", "take it out"),
    (START + "overlays:\n  - {name: a, opens: {event: x}, expires: 0s}\n", 7, "above 0", ""),
    # aliases
    (START + "aliases: {a: [b], c: [b]}\n", 6, "already another name of a", "one name"),
    (START + "aliases: {a: [b], b: [c]}\n", 6, "canonical name itself", "remove"),
    (START + "aliases: {a: Product Added}\n" + RULE + "after: 1m}\n", 8, "is an alias", "write a"),
    (START + "aliases: {a: b}\npassive: [b]\n", 7, "is an alias", "write a"),
    (START + "aliases: {a: b}\nonce: {b: event}\n", 7, "is an alias", "write a"),
]


@pytest.mark.parametrize(("text", "line", "message", "hint"), FAULTS)
def test_fault(text: str, line: int, message: str, hint: str) -> None:
    found = problems_of(text)
    matching = [each for each in found if message in each.message]
    assert matching, found
    assert [each.line for each in matching] == [line]
    assert hint in matching[0].hint
    assert str(matching[0]).startswith(f"shop.yaml:{line}:{matching[0].column}: ")


EXPRESSIONS = [
    ("evnt == 'x'", 1, "undeclared reference to 'evnt'", "did you mean event?"),
    ("type == 'track'", 6, "no matching overload", "one type"),
    ("channel == 1", 9, "no matching overload", "one type"),
    ("event == 'x' and true", 14, "Syntax error", "&& for and"),
    ("event", 1, "gives string where true or false is needed", "compare"),
    ("size(properties) > ", 20, "Syntax error", ""),
    ("count(event) > 1", 1, "count() takes one name in quotes", "Order Completed"),
    ("1 < count('a' + 'b')", 5, "count() takes one name in quotes", ""),
    ("since(event) > days(1)", 1, "since() takes one name in quotes", ""),
    ("count('Buy') > 1", 1, "Buy is an alias", "write Order Completed"),
    ("true && since('Buy') > days(1)", 9, "Buy is an alias", "write Order Completed"),
    ("count(' Order Completed') > 1", 1, "no event has the name", "trimmed"),
    ("count(5) > 1", 6, "no matching overload for 'count'", ""),
    ("since('a') > duration('14 days')", 14, "'14 days' is not a duration", "14d"),
    ("since('a') > days(99999999)", 14, "out of range", ""),
    ("event.matches('((')", 7, "can never be evaluated", ""),
    ("timestamp('soon') > timestamp('2026-01-01T00:00:00Z')", 1, "can never be evaluated", ""),
    ("properties.a.exists(__b, true)", 21, "__b is reserved", ""),
    ("(" * 100 + "true" + ")" * 100, 1, "recursion", "several rules"),
]


@pytest.mark.parametrize(("expression", "column", "message", "hint"), EXPRESSIONS)
def test_expression_fault(expression: str, column: int, message: str, hint: str) -> None:
    when = expression.replace("'", '\\"')
    text = START.replace("from: [none]", f'when: "{when}"') + "aliases: {Order Completed: Buy}\n"
    quote = text.splitlines()[4].index('when: "') + len('when: "')
    matching = [each for each in problems_of(text) if message in each.message]
    assert [(each.line, each.column) for each in matching] == [(5, quote + column)]
    assert hint in matching[0].hint
    assert matching[0].message.startswith("stages[0].enter[0].when: ")


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("event == 'x'", "gives bool where text or a number is needed"),
        ("properties", "gives map"),
        ("count('a')", "count and since are not known in once"),
    ],
)
def test_a_key_must_be_text_that_the_event_itself_gives(expression: str, message: str) -> None:
    (found,) = problems_of(START + f'once: {{a: "{expression}"}}\n')
    assert (found.line, message in found.message) == (6, True)


def test_a_block_expression_is_placed_by_its_own_line() -> None:
    text = START.replace("{event: page, from: [none]}", "event: page\n        when: |\n")
    text += "          true &&\n          evnt == 'x'\n"
    (found,) = problems_of(text)
    assert (found.line, "evnt" in found.message) == (
        text.splitlines().index("          evnt == 'x'") + 1,
        True,
    )


def test_all_problems_are_reported_in_file_order() -> None:
    text = START.replace("none", "nowhere").replace("event: page", "event: 5")
    text += "overlay: 1\nabandonment:\n  - {name: a, stage: x, after: 1y}\n"
    found = problems_of(text)
    assert [each.line for each in found] == sorted(each.line for each in found)
    assert {each.line for each in found} >= {5, 6, 8}
    assert len({each.message for each in found if each.line == 8}) == 2


def test_a_file_that_grows_by_aliases_is_refused() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    (found,) = problems_of("\n".join(lines))
    assert "more than 20000 values" in found.message


def test_a_file_that_cannot_be_read_is_a_problem_too(tmp_path: Path) -> None:
    with pytest.raises(DefinitionError, match="No such file"):
        read_definition(tmp_path / "none.yaml")
    bad = tmp_path / "bad.yaml"
    bad.write_bytes(b"journey: a\nlabels: {en: \xff}\n")
    with pytest.raises(DefinitionError, match=r"bad\.yaml:2:1: is not UTF-8"):
        read_definition(bad)
