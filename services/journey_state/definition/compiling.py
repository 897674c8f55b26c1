"""Compiles every expression of a document; each fault gets its line in the file."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from services.journey_state.definition.cel_check import Checked, ExpressionError, Fault, check
from services.journey_state.definition.cel_text import line_and_column
from services.journey_state.definition.document import Document, Mark, Path
from services.journey_state.definition.entries import entries, mapping, matches
from services.journey_state.definition.expressions import (
    Expression,
    condition,
    text_of,
)
from services.journey_state.definition.problem import Problem

Compiled = dict[Path, Expression]
_Compile = Callable[[str, Checked], Expression]
_UNFOLDED = frozenset({"once", "touchpoints"})  # asked before the fold, or without one


def compile_all(document: Document, aliases: dict[str, str]) -> Compiled:
    """The expressions by path; those with faults are reported instead."""
    compiled: Compiled = {}
    for path, text, compile_ in _written(document):
        try:
            checked = check(text)
            faults = list(_folded_names(path, text, checked, aliases))
            if faults:
                raise ExpressionError(*faults)
            compiled[path] = compile_(text, checked)
        except ExpressionError as error:
            document.problems += [_located(document, path, fault) for fault in error.faults]
    return compiled


def place(path: Path) -> str:
    """A path as people write it: `stages[2].enter[0].when`."""
    steps = [f"[{step}]" if isinstance(step, int) else f".{step}" for step in path]
    return "".join(steps).removeprefix(".")


def _written(document: Document) -> Iterator[tuple[Path, str, _Compile]]:
    for path, text, compile_ in _places(document):
        if isinstance(text, str) and text:
            yield path, text, compile_


def _places(document: Document) -> Iterator[tuple[Path, Any, _Compile]]:
    for path, match in matches(document):
        yield (*path, "when"), match.get("when"), condition
    for path, rule in entries(document, "abandonment"):
        yield (*path, "scope"), rule.get("scope"), text_of
    for name, key in mapping(mapping(document.data).get("once")).items():
        yield ("once", name), key, text_of


def _folded_names(
    path: Path, text: str, checked: Checked, aliases: dict[str, str]
) -> Iterator[Fault]:
    """Faults of the names in `count` and `since`, and of asking where nothing is folded."""
    for name, offset in (*checked.counted.items(), *checked.timed.items()):
        line, column = line_and_column(text, offset)
        if path[0] in _UNFOLDED:
            message = f"count and since are not known in {path[0]}"
            yield Fault(line, column, message, "use what the event itself says")
        elif name in aliases:
            yield Fault(line, column, f"{name} is an alias", f"write {aliases[name]}")
        elif name != name.strip() or not name:
            yield Fault(line, column, f"no event has the name {name!r}", "names are trimmed")


def _located(document: Document, path: Path, fault: Fault) -> Problem:
    """Exact for an expression on one line; a folded one is placed at its start."""
    mark = document.values.get(path, Mark(1, 1))
    where = document.problem(path, f"{place(path)}: {fault.message}", fault.hint)
    if mark.style == "|":
        return replace(where, line=mark.line + fault.line, column=1)
    if mark.style == ">" or fault.line > 1:
        return where
    quote = 1 if mark.style else 0
    return replace(where, column=mark.column + quote + fault.column - 1)
