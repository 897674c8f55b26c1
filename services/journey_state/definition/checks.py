"""Faults that no schema can see: names, durations and stages that contradict each other."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from services.journey_state.definition.document import Document, Path, label
from services.journey_state.definition.durations import HINT, duration_us, well_formed
from services.journey_state.definition.entries import (
    Entry,
    enter_rules,
    entries,
    mapping,
    texts,
)
from services.journey_state.definition.problem import did_you_mean
from services.journey_state.definition.rules import NONE_STAGE

RECOVER_WITHIN_DEFAULT = "7d"


def check_meaning(document: Document) -> None:
    """Reports everything below; values of the wrong type are left to the schema's check."""
    check_unique(document)
    check_stage_names(document)
    check_passive(document)
    for path, rule in entries(document, "overlays"):
        _duration(document, (*path, "expires"), rule.get("expires"))
    for path, rule in entries(document, "abandonment"):
        check_waits(document, (path, rule))


def check_unique(document: Document) -> None:
    for section in ("stages", "overlays", "abandonment"):
        named = [((*path, "name"), entry.get("name")) for path, entry in entries(document, section)]
        _repeats(document, named, "is already the name of another")
    ids = [
        ((*path, "id"), rule_id(stage, path, rule)) for stage, (path, rule) in enter_rules(document)
    ]
    _repeats(document, ids, "is already the id of another rule")


def rule_id(stage: str, path: Path, rule: dict[str, Any]) -> str:
    """Semantics 3.2: its `id`, else its place in the stage."""
    own = rule.get("id")
    return own if isinstance(own, str) else f"{stage}[{path[-1]}]"


def _repeats(document: Document, named: Iterable[tuple[Path, Any]], message: str) -> None:
    seen: set[str] = set()
    for path, name in named:
        if not isinstance(name, str):
            continue
        if name in seen:
            document.report(path, f"{name} {message}", "names must differ")
        seen.add(name)


def check_stage_names(document: Document) -> None:
    stages = [((*path, "name"), stage.get("name")) for path, stage in entries(document, "stages")]
    known = [name for _, name in stages if isinstance(name, str)]
    for path, name in stages:
        if name == NONE_STAGE:
            hint = "it is the stage before the first one; choose another name"
            document.report(path, f"{NONE_STAGE} is reserved", hint)
    for _, (path, rule) in enter_rules(document):
        _known(document, texts(rule.get("from"), (*path, "from")), [NONE_STAGE, *known])
    for path, rule in entries(document, "abandonment"):
        _known(document, texts(rule.get("stage"), (*path, "stage")), known)


def _known(document: Document, named: Iterable[tuple[Path, str]], known: list[str]) -> None:
    for path, name in named:
        if name not in known:
            document.report(path, f"there is no stage {name}", did_you_mean(name, known))


def check_passive(document: Document) -> None:
    passive = {name for _, name in texts(mapping(document.data).get("passive"), ())}
    for path, rule in entries(document, "abandonment"):
        opens = mapping(rule.get("opens")).get("event")
        for at, event in texts(opens, (*path, "opens", "event")):
            if event in passive:
                hint = "take it out of passive, or open by what the customer does"
                document.report(at, f"{event} is passive and cannot open an episode", hint)


def check_waits(document: Document, entry: Entry) -> None:
    path, rule = entry
    _duration(document, (*path, "after"), rule.get("after"))
    written = rule.get("recover_within", RECOVER_WITHIN_DEFAULT)
    window = _duration(document, (*path, "recover_within"), written)
    before = 0
    for at, text in texts(rule.get("remind"), (*path, "remind")):
        wait = _duration(document, at, text)
        if wait is None:
            continue
        if window is not None and wait > window:
            hint = f"it is {written}; make it longer or remind sooner"
            document.report(at, f"the reminder at {text} lies beyond recover_within", hint)
        if wait <= before:
            document.report(
                at, f"the reminder at {text} does not follow the one before", "sort them"
            )
        before = wait


def _duration(document: Document, path: Path, text: Any) -> int | None:
    """Microseconds; a text that is no duration at all is left to the schema's check."""
    if not isinstance(text, str):
        return None
    try:
        return duration_us(text)
    except ValueError as error:
        if well_formed(text):
            document.report(path, f"{label(path)} {text!r} {error}", HINT)
        return None
