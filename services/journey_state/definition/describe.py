"""A definition as plain values, for `GET /v1/journey` and `milepost journey show`."""

from __future__ import annotations

from typing import Any

from services.journey_state.definition.expressions import Expression
from services.journey_state.definition.rules import (
    AbandonmentRule,
    Definition,
    EnterRule,
    EventMatch,
    OverlayRule,
    Stage,
)

_ROLES = ("opens", "closes", "drops", "adds", "removes")


def describe(definition: Definition) -> dict[str, Any]:
    """JSON-able; durations in seconds, expressions as written, lists in file order or sorted."""
    return {
        "journey": definition.journey,
        "version": definition.version,
        "labels": dict(definition.labels),
        "stages": [_stage(stage) for stage in definition.stages],
        "overlays": [_overlay(rule) for rule in definition.overlays],
        "abandonment": [_abandonment(rule) for rule in definition.abandonment],
        "touchpoints": [
            {"name": named.name, "match": _match(named.match)} for named in definition.touchpoints
        ],
        "aliases": _aliases(definition),
        "once": {name: _text(key) for name, key in definition.once.items()},
        "passive": sorted(definition.passive),
    }


def _aliases(definition: Definition) -> dict[str, list[str]]:
    grouped: dict[str, list[str]] = {}
    for other, canonical in definition.aliases.items():
        grouped.setdefault(canonical, []).append(other)
    return grouped


def _stage(stage: Stage) -> dict[str, Any]:
    return {
        "name": stage.name,
        "labels": dict(stage.labels),
        "enter": [_enter(rule) for rule in stage.enter],
    }


def _enter(rule: EnterRule) -> dict[str, Any]:
    sources = None if rule.from_stages is None else sorted(rule.from_stages)
    return {"id": rule.id, **_match(rule.match), "from": sources}


def _overlay(rule: OverlayRule) -> dict[str, Any]:
    return {
        "name": rule.name,
        "opens": _match(rule.opens),
        "closes": _match(rule.closes) if rule.closes else None,
        "expires_seconds": _seconds(rule.expires_us),
    }


def _abandonment(rule: AbandonmentRule) -> dict[str, Any]:
    roles = {role: getattr(rule, role) for role in _ROLES}
    return {
        "name": rule.name,
        **{role: _match(match) for role, match in roles.items() if match},
        **({"stage": sorted(rule.stages)} if rule.stages is not None else {}),
        "scope": _text(rule.scope),
        "after_seconds": _seconds(rule.after_us),
        "remind_seconds": [_seconds(wait) for wait in rule.remind_us],
        "recover_within_seconds": _seconds(rule.recover_within_us),
    }


def _match(match: EventMatch) -> dict[str, Any]:
    return {"event": sorted(match.events), "when": _text(match.when)}


def _text(expression: object) -> str | None:
    return expression.text if isinstance(expression, Expression) else None


def _seconds(micros: int | None) -> int | float | None:
    if micros is None:
        return None
    return micros / 1_000_000 if micros % 1_000_000 else micros // 1_000_000
