"""Walks a document of any shape: what does not fit is left to the schema's check."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from services.journey_state.definition.document import Document, Path

Entry = tuple[Path, dict[str, Any]]
ROLES = ("opens", "closes", "drops", "adds", "removes")


def entries(document: Document, section: str) -> Iterator[Entry]:
    """The maps in a list at the top of the file."""
    yield from maps(mapping(document.data).get(section), (section,))


def maps(value: Any, path: Path) -> Iterator[Entry]:
    """The maps in a list."""
    for at, item in enumerate(value if isinstance(value, list) else ()):
        if isinstance(item, dict):
            yield (*path, at), item


def mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def texts(value: Any, path: Path) -> Iterator[tuple[Path, str]]:
    """The text, or the texts in a list, trimmed as event names are."""
    if isinstance(value, str):
        yield path, value.strip()
    for at, item in enumerate(value if isinstance(value, list) else ()):
        if isinstance(item, str):
            yield (*path, at), item.strip()


def enter_rules(document: Document) -> Iterator[tuple[str, Entry]]:
    """Every enter rule with the name of its stage, in file order."""
    for path, stage in entries(document, "stages"):
        name = stage.get("name")
        for entry in maps(stage.get("enter"), (*path, "enter")):
            yield name if isinstance(name, str) else "", entry


def matches(document: Document) -> Iterator[Entry]:
    """Every map that names events and may have a `when`."""
    for _, entry in enter_rules(document):
        yield entry
    for section in ("overlays", "abandonment"):
        for path, rule in entries(document, section):
            for role in ROLES:
                if isinstance(rule.get(role), dict):
                    yield (*path, role), rule[role]
    for path, named in entries(document, "touchpoints"):
        if isinstance(named.get("match"), dict):
            yield (*path, "match"), named["match"]
