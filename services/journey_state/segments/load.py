"""Loads segments: YAML text to rules, or every fault in it."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import Any

from services.journey_state.definition.document import Document, read
from services.journey_state.definition.durations import duration_us
from services.journey_state.definition.entries import entries, mapping
from services.journey_state.definition.problem import DefinitionError
from services.journey_state.definition.schema import check_against
from services.journey_state.segments.rules import Behaviour, Segment


@cache
def segments_schema() -> dict[str, Any]:
    """The JSON Schema of the file; not to be changed."""
    path = files("services.journey_state") / "segments" / "schema.json"
    schema: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return schema


def load_segments(text: str, *, file: str = "segments.yaml") -> tuple[Segment, ...]:
    """The segments in file order; `file` is only the name in messages.

    Raises DefinitionError with all problems, and nothing else.
    """
    document = read(text, file)
    check_against(document, segments_schema())
    _check_meaning(document)
    if document.problems:
        raise DefinitionError(document.problems)
    return tuple(_segment(one) for one in document.data["segments"])


def _check_meaning(document: Document) -> None:
    known: set[str] = set()
    for path, segment in entries(document, "segments"):
        name = segment.get("name")
        if isinstance(name, str) and name in known:
            document.report((*path, "name"), f"two segments are named {name}", "rename one")
        known.add(str(name))
        when = mapping(segment.get("when"))
        for role in ("did", "not_did"):
            for number, behaviour in enumerate(_list(when.get(role))):
                at = (*path, "when", role)
                at = (*at, number) if isinstance(when[role], list) else at
                _check_within(document, (*at, "within"), mapping(behaviour).get("within"))


def _check_within(document: Document, path: tuple[str | int, ...], within: Any) -> None:
    if not isinstance(within, str):
        return
    try:
        duration_us(within)
    except ValueError as error:
        if str(error) != "is not a duration":  # the schema says so
            document.report(path, f"{within} {error}", "such as 90d")


def _segment(said: dict[str, Any]) -> Segment:
    when = said["when"]
    return Segment(
        name=said["name"],
        labels=dict(said.get("labels") or {}),
        traits={trait: tuple(_list(value)) for trait, value in when.get("traits", {}).items()},
        consent=_texts(when.get("consent")),
        stages=_texts(when.get("stage")),
        channels=_texts(when.get("channel")),
        did=tuple(map(_behaviour, _list(when.get("did")))),
        not_did=tuple(map(_behaviour, _list(when.get("not_did")))),
    )


def _behaviour(said: dict[str, Any]) -> Behaviour:
    within = said.get("within")
    return Behaviour(
        events=_texts(said["event"]),
        at_least=said.get("at_least", 1),
        within_us=None if within is None else duration_us(within),
        channels=_texts(said.get("channel")),
    )


def _texts(value: Any) -> tuple[str, ...]:
    return tuple(str(one).strip() for one in _list(value))


def _list(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]
