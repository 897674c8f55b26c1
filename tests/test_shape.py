"""The house rules that no linter has: sizes, names, waits, ignores, left-overs."""

from __future__ import annotations

import ast
import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
FUNCTION_LINES_MAX = 60
FILE_LINES_MAX = 400
TEST_FILE_LINES_MAX = 600
WAIT_SECONDS_MAX = 0.5
BANNED_NAMES = {"utils", "util", "helpers", "helper", "common", "manager", "misc", "base"}
LEFT_OVERS = re.compile(
    r"\b(?:TO" r"DO|FIX" r"ME|X" r"XX|HA" r"CK)\b|raise NotImplemented" r"Error"
)
BARE_IGNORE = re.compile(r"#\s*type:\s*ignore(?!\[)")
MOCKS = re.compile(r"\b(?:Magic|Async)Mock\b|monkeypatch\.setattr|mocker\.|mock\.patch")

Function = ast.FunctionDef | ast.AsyncFunctionDef

SOURCES = sorted(
    path
    for folder in ("services", "migrations", "tests", "docs")
    for path in (ROOT / folder).rglob("*.py")
)
TESTS = [path for path in SOURCES if path.is_relative_to(ROOT / "tests")]


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


# One test a rule, not one a file and rule: thousands of tests took longer than what they tell.
@functools.cache
def text_of(path: Path) -> str:
    return path.read_text("utf-8")


def functions(tree: ast.AST) -> Iterator[Function]:
    return (node for node in ast.walk(tree) if isinstance(node, Function))


def lines_of(function: Function) -> int:
    """From `def` to the last line, the docstring left out."""
    total = (function.end_lineno or function.lineno) - function.lineno + 1
    first = function.body[0]
    if ast.get_docstring(function) is not None:
        total -= (first.end_lineno or first.lineno) - first.lineno + 1
    return total


def waits(tree: ast.AST) -> Iterator[float]:
    """The constants that anything called `sleep` is given."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and _name(node.func) == "sleep":
            for argument in node.args[:1]:
                if isinstance(argument, ast.Constant) and isinstance(argument.value, int | float):
                    yield float(argument.value)


def _name(called: ast.expr) -> str:
    if isinstance(called, ast.Attribute):
        return called.attr
    return called.id if isinstance(called, ast.Name) else ""


@dataclass(frozen=True)
class Shape:
    """What the rules ask of a file's syntax tree, which is too large to be kept."""

    has_purpose: bool
    long_functions: list[str]
    waits_seconds: list[float]


@functools.cache
def shape_of(path: Path) -> Shape:
    tree = ast.parse(text_of(path))
    return Shape(
        ast.get_docstring(tree) is not None,
        [one.name for one in functions(tree) if lines_of(one) > FUNCTION_LINES_MAX],
        list(waits(tree)),
    )


def test_files_are_short() -> None:
    most = {path: TEST_FILE_LINES_MAX if path in TESTS else FILE_LINES_MAX for path in SOURCES}

    assert not [named(path) for path in SOURCES if text_of(path).count("\n") > most[path]]


def test_functions_are_short() -> None:
    # A migration is a list of tables, not a course of action.
    looked_at = [path for path in SOURCES if not path.is_relative_to(ROOT / "migrations")]
    long = {named(path): shape_of(path).long_functions for path in looked_at}

    assert not {path: names for path, names in long.items() if names}


def test_names_say_what_is_inside() -> None:
    words = {path: {path.stem, *path.relative_to(ROOT).parts} for path in SOURCES}

    assert not [named(path) for path in SOURCES if BANNED_NAMES & words[path]]


def test_modules_say_their_purpose() -> None:
    assert not [named(path) for path in SOURCES if text_of(path) and not shape_of(path).has_purpose]


def test_nothing_is_left_over() -> None:
    found = {
        named(path): LEFT_OVERS.findall(text_of(path)) + BARE_IGNORE.findall(text_of(path))
        for path in SOURCES
    }

    assert not {path: left for path, left in found.items() if left}


def test_tests_wait_for_conditions() -> None:
    longest = {named(path): max(shape_of(path).waits_seconds, default=0) for path in TESTS}

    assert not {path: wait for path, wait in longest.items() if wait >= WAIT_SECONDS_MAX}


def test_tests_use_real_parts() -> None:
    others = [path for path in TESTS if path != Path(__file__)]

    assert not [named(path) for path in others if MOCKS.search(text_of(path))]
