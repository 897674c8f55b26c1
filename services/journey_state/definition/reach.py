"""Which stages a customer can come to (an unreachable stage is a mistake, semantics 3)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from services.journey_state.definition.document import Document, Path
from services.journey_state.definition.entries import enter_rules, entries, texts
from services.journey_state.definition.rules import NONE_STAGE


@dataclass(frozen=True, slots=True)
class _Way:
    """One rule: from `sources` (None: any) into `stage` by any of `events`."""

    stage: str
    events: frozenset[str]
    sources: frozenset[str] | None
    sure: bool  # no `when`: it ends the search whenever it is met

    def hides(self, event: str, source: str) -> bool:
        return self.sure and event in self.events and (not self.sources or source in self.sources)


def check_reachable(document: Document) -> None:
    """Reports stages that no order of events leads to, as the first rule that holds wins."""
    reached = _reached(list(_ways(document)))
    for path, stage in entries(document, "stages"):
        name = stage.get("name")
        if isinstance(name, str) and name not in reached and stage.get("enter"):
            hint = "its rules ask for stages never reached, or an earlier rule takes its events"
            document.report(_name(path), f"the stage {name} is unreachable", hint)


def _name(path: Path) -> Path:
    return (*path, "name")


def _ways(document: Document) -> Iterator[_Way]:
    for stage, (path, rule) in enter_rules(document):
        events = frozenset(text for _, text in texts(rule.get("event"), path))
        sources = frozenset(text for _, text in texts(rule.get("from"), path))
        yield _Way(stage, events, sources or None, "when" not in rule)


def _reached(ways: list[_Way]) -> set[str]:
    reached = {NONE_STAGE}
    while True:
        more = {
            way.stage
            for at, way in enumerate(ways)
            if way.stage not in reached and _open(way, ways[:at], reached)
        }
        if not more:
            return reached
        reached |= more


def _open(way: _Way, earlier: list[_Way], reached: set[str]) -> bool:
    """Whether one of its events, met in a stage already reached, gets as far as this rule."""
    sources = reached if way.sources is None else reached & way.sources
    return any(
        not any(other.hides(event, source) for other in earlier)
        for event in way.events
        for source in sources
    )
