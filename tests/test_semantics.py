"""The page of the semantics names tests that exist, and leaves no section out."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

TESTS = Path(__file__).parent
PAGE = TESTS.parent / "docs" / "semantics-tests.md"
SECTIONS = {1: 7, 2: 5, 3: 6, 4: 6, 5: 12, 6: 5, 7: 6, 8: 4}  # how many each part has
UNTESTED = "not tested yet"
_NAMED = re.compile(r"`([\w/]+\.py)::(\w+)`")


def rows() -> Iterator[tuple[str, str, str]]:
    """(section, sentence, tests) of each row before the table of breakages."""
    text = PAGE.read_text("utf-8").partition("## Breakages")[0]
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) == 3 and re.fullmatch(r"[1-8](\.\d+)?", cells[0]):
            yield cells[0], cells[1], cells[2]


def names_in(path: Path) -> set[str]:
    return {
        node.name
        for node in ast.parse(path.read_text("utf-8")).body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }


def test_every_section_has_its_rows() -> None:
    wanted = {f"{part}.{n}" for part, count in SECTIONS.items() for n in range(1, count + 1)}
    found = [section for section, _, _ in rows()]
    assert not wanted - set(found)
    assert not {one for one in found if "." in one} - wanted
    assert found == sorted(found, key=lambda one: [int(part) for part in one.split(".")])


def test_every_row_names_tests_that_exist_or_says_that_there_are_none() -> None:
    known: dict[str, set[str]] = {}
    for section, sentence, cell in rows():
        named = _NAMED.findall(cell)
        assert bool(named) is not cell.startswith(UNTESTED), (section, sentence)
        for file, name in named:
            if file not in known:
                known[file] = names_in(TESTS / file)
            assert name in known[file], f"{section} {sentence}: {file}::{name}"
