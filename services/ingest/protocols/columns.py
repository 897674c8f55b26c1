"""Dotted names as nested objects: how tables and query strings say what JSON says."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import msgspec

from services.ingest.json_rules import INT64_MAX, INT64_MIN

_OBJECTS = ("properties", "traits", "context", "identifiers")
_INTEGER = re.compile(r"-?\d{1,19}")
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:[eE][+-]?\d{1,3})?")
_TRUTH = {"true": True, "1": True, "false": False, "0": False}


class ColumnError(ValueError):
    """A name or a value cannot be used; the text says why and what to do."""


class Column(NamedTuple):
    """Where a value goes, and how its text is read."""

    path: tuple[str, ...]
    read: Callable[[str], Any]


def column_of(name: str, fields: Iterable[str]) -> Column:
    """The column that a name like `properties.price:number` stands for.

    `fields` are those that stand outside of an object. Raises ColumnError.
    """
    dotted, _, kind = name.strip().partition(":")
    path = tuple(part.strip() for part in dotted.split("."))
    if "" in path:
        raise ColumnError(f"the column name {name!r} has an empty part")
    if kind.strip() not in _READERS:
        known = ", ".join(f":{one}" for one in _READERS if one)
        raise ColumnError(f"the column {name!r} has an unknown type; a type is one of {known}")
    if len(path) == 1 and path[0] not in fields and path[0] not in _OBJECTS:
        raise ColumnError(
            f"the column {name!r} is no field of an event; a property is written"
            f" properties.{path[0]}"
        )
    if len(path) > 1 and path[0] not in _OBJECTS:
        raise ColumnError(f"the column {name!r} must begin with one of {', '.join(_OBJECTS)}")
    return Column(path, _READERS[kind.strip()])


def require_apart(columns: Iterable[Column]) -> None:
    """Raises ColumnError when two columns write to one place."""
    taken: set[tuple[str, ...]] = set()
    for column in columns:
        if column.path in taken:
            raise ColumnError(f"two columns are named {'.'.join(column.path)}")
        taken.add(column.path)
    for path in taken:
        for length in range(1, len(path)):
            if path[:length] in taken:
                outer, inner = ".".join(path[:length]), ".".join(path)
                raise ColumnError(f"the column {outer} already holds what {inner} would")


def nested(cells: Iterable[tuple[Column, str]]) -> dict[str, Any]:
    """The object that the cells make together; empty ones are missing. Raises ColumnError."""
    found: dict[str, Any] = {}
    for column, text in cells:
        if text == "":
            continue
        place = found
        for part in column.path[:-1]:
            place = place.setdefault(part, {})
        try:
            place[column.path[-1]] = column.read(text)
        except ColumnError as error:
            raise ColumnError(f"{'.'.join(column.path)}: {error}") from None
    return found


def _as_text(text: str) -> str:
    return text


def _as_number(text: str) -> int | float:
    stripped = text.strip()
    if _INTEGER.fullmatch(stripped) and INT64_MIN <= int(stripped) <= INT64_MAX:
        return int(stripped)
    if _NUMBER.fullmatch(stripped) and math.isfinite(number := float(stripped)):
        return number
    raise ColumnError(f"{text[:40]!r} is no number; write 12.5")


def _as_boolean(text: str) -> bool:
    truth = _TRUTH.get(text.strip().lower())
    if truth is None:
        raise ColumnError(f"{text[:40]!r} is neither true nor false")
    return truth


def _as_json(text: str) -> msgspec.Raw:
    try:
        msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError, UnicodeEncodeError) as error:
        raise ColumnError(f"not valid JSON: {error}") from None
    return msgspec.Raw(text.encode())


_READERS: dict[str, Callable[[str], Any]] = {
    "": _as_text,
    "number": _as_number,
    "boolean": _as_boolean,
    "json": _as_json,
}
