"""Builds the rules from a document in which no fault was found."""

from __future__ import annotations

from typing import Any, cast

from services.journey_state.definition.checks import RECOVER_WITHIN_DEFAULT, rule_id
from services.journey_state.definition.compiling import Compiled, place
from services.journey_state.definition.document import Document, Path
from services.journey_state.definition.durations import duration_us
from services.journey_state.definition.entries import ROLES, entries, maps, texts
from services.journey_state.definition.rules import (
    AbandonmentRule,
    Condition,
    Definition,
    EnterRule,
    EventMatch,
    OverlayRule,
    Stage,
    TextOf,
    TouchpointName,
)


def build(
    document: Document, compiled: Compiled, aliases: dict[str, str], *, text: str, version: str
) -> Definition:
    """The definition; `document` must have passed every check."""
    data = document.data
    builder = _Builder(compiled)
    return Definition(
        journey=data["journey"],
        version=version,
        text=text,
        labels=data.get("labels", {}),
        stages=tuple(builder.stage(*entry) for entry in entries(document, "stages")),
        overlays=tuple(builder.overlay(*entry) for entry in entries(document, "overlays")),
        abandonment=tuple(
            builder.abandonment(*entry) for entry in entries(document, "abandonment")
        ),
        touchpoints=tuple(builder.touchpoint(*entry) for entry in entries(document, "touchpoints")),
        aliases=aliases,
        once={name.strip(): builder.text(("once", name)) for name in data.get("once", {})},
        passive=_names(data.get("passive")),
        counted=frozenset().union(*(each.counted for each in compiled.values())),
        timed=frozenset().union(*(each.timed for each in compiled.values())),
        expressions={place(path): each for path, each in compiled.items()},
    )


class _Builder:
    """Turns parts of the document into rules, with the expressions compiled before."""

    def __init__(self, compiled: Compiled) -> None:
        self._compiled = compiled

    def text(self, path: Path) -> TextOf:
        return cast("TextOf", self._compiled[path])

    def stage(self, path: Path, data: dict[str, Any]) -> Stage:
        rules = maps(data["enter"], (*path, "enter"))
        enter = tuple(self._enter(data["name"], at, rule) for at, rule in rules)
        return Stage(data["name"], data.get("labels", {}), enter)

    def _enter(self, stage: str, path: Path, data: dict[str, Any]) -> EnterRule:
        return EnterRule(
            id=rule_id(stage, path, data),
            stage=stage,
            match=self._match(path, data),
            from_stages=_names(data["from"]) if "from" in data else None,
            text=data.get("when", ""),
        )

    def overlay(self, path: Path, data: dict[str, Any]) -> OverlayRule:
        opens, closes = (self._role(path, data, role) for role in ("opens", "closes"))
        expires = duration_us(data["expires"]) if "expires" in data else None
        assert opens is not None
        return OverlayRule(data["name"], opens, closes, expires)

    def abandonment(self, path: Path, data: dict[str, Any]) -> AbandonmentRule:
        roles = {role: self._role(path, data, role) for role in ROLES}
        return AbandonmentRule(
            name=data["name"],
            after_us=duration_us(data["after"]),
            recover_within_us=duration_us(data.get("recover_within", RECOVER_WITHIN_DEFAULT)),
            remind_us=tuple(duration_us(text) for _, text in texts(data.get("remind"), ())),
            **roles,
            scope=self.text((*path, "scope")) if "scope" in data else None,
            stages=_names(data["stage"]) if "stage" in data else None,
        )

    def touchpoint(self, path: Path, data: dict[str, Any]) -> TouchpointName:
        return TouchpointName(data["name"], self._match((*path, "match"), data["match"]))

    def _role(self, path: Path, data: dict[str, Any], role: str) -> EventMatch | None:
        return self._match((*path, role), data[role]) if role in data else None

    def _match(self, path: Path, data: dict[str, Any]) -> EventMatch:
        when = cast("Condition | None", self._compiled.get((*path, "when")))
        return EventMatch(_names(data["event"]), when)


def _names(value: Any) -> frozenset[str]:
    return frozenset(text for _, text in texts(value, ()))
