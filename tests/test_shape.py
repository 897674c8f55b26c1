"""The house rules that no linter has: sizes, names, waits, ignores, left-overs."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

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


every_file = pytest.mark.parametrize("path", SOURCES, ids=named)
every_test_file = pytest.mark.parametrize("path", TESTS, ids=named)


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


@every_file
def test_files_and_functions_are_short(path: Path) -> None:
    text = path.read_text("utf-8")
    most = TEST_FILE_LINES_MAX if path in TESTS else FILE_LINES_MAX
    # A migration is a list of tables, not a course of action.
    looked_at = [] if path.is_relative_to(ROOT / "migrations") else functions(ast.parse(text))
    long = [f.name for f in looked_at if lines_of(f) > FUNCTION_LINES_MAX]

    assert text.count("\n") <= most
    assert not long


@every_file
def test_names_say_what_is_inside(path: Path) -> None:
    assert path.stem not in BANNED_NAMES
    assert not BANNED_NAMES.intersection(path.relative_to(ROOT).parts)


@every_file
def test_modules_say_their_purpose(path: Path) -> None:
    text = path.read_text("utf-8")
    assert not text or ast.get_docstring(ast.parse(text))


@every_file
def test_nothing_is_left_over(path: Path) -> None:
    text = path.read_text("utf-8")
    assert not LEFT_OVERS.findall(text)
    assert not BARE_IGNORE.findall(text)


@every_test_file
def test_tests_wait_for_conditions_and_use_real_parts(path: Path) -> None:
    text = path.read_text("utf-8")
    assert not [wait for wait in waits(ast.parse(text)) if wait >= WAIT_SECONDS_MAX]
    if path != Path(__file__):
        assert not MOCKS.findall(text)
