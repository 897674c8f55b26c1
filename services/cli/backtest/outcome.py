"""What a backtest came to, and the same as the JSON document that `--json` prints."""

from __future__ import annotations

from typing import Any

import msgspec

from services.contracts.times import format_time
from services.journey_state.backtest_tally import Found, Pair, RuleTally, SignalSample, Tally


class Side(msgspec.Struct, frozen=True):
    """One of the two definitions."""

    journey: str
    version: str


class Outcome(msgspec.Struct, frozen=True):
    """What was compared, as of when, and what was found. Times are microseconds."""

    current: Side
    proposed: Side
    watermark: int | None
    since: int
    seconds: float
    tally: Tally


def document(outcome: Outcome) -> dict[str, Any]:
    """All of it, with times as text; the order of everything is the same for the same past."""
    tally = outcome.tally
    return {
        "current": msgspec.to_builtins(outcome.current),
        "proposed": msgspec.to_builtins(outcome.proposed),
        "watermark": None if outcome.watermark is None else format_time(outcome.watermark),
        "since": None if outcome.watermark is None else format_time(outcome.since),
        "customers": tally.customers,
        "touchpoints": tally.touchpoints,
        "seconds": round(outcome.seconds, 1),
        "stages": _pairs("stage", tally.stages),
        "stage_changes": [
            {"from": before, "to": after, "customers": found.count, "samples": _plain(found)}
            for before, ways in sorted(tally.moved.items())
            for after, found in sorted(ways.items())
        ],
        "history": {
            "customers": tally.histories,
            "transitions": [
                {"from": previous, "to": stage, "vanish": pair.current, "appear": pair.proposed}
                for previous, ways in sorted(tally.transitions.items())
                for stage, pair in sorted(ways.items())
            ],
        },
        "signals": [_rule(name, rule) for name, rule in tally.rules.items()],
        "errors": {"current": tally.current_errors, "proposed": tally.proposed_errors},
        "stored_differs": {"customers": tally.stored.count, "samples": _plain(tally.stored)},
    }


def _pairs(name: str, pairs: dict[str, Pair]) -> list[dict[str, Any]]:
    return [
        {name: key, "current": pair.current, "proposed": pair.proposed}
        for key, pair in sorted(pairs.items())
    ]


def _rule(name: str, rule: RuleTally) -> dict[str, Any]:
    kinds: dict[str, Found[SignalSample]] = {
        "appear": rule.appear, "vanish": rule.vanish, "move": rule.move, "turn": rule.turn,
    }  # fmt: skip
    return {
        "rule": name,
        "current": rule.signals.current,
        "proposed": rule.signals.proposed,
        **{kind: {"count": found.count, "samples": _plain(found)} for kind, found in kinds.items()},
    }


def _plain(found: Found[Any]) -> list[dict[str, Any]]:
    plain: list[dict[str, Any]] = msgspec.to_builtins(found.samples)
    for sample in plain:
        for side in (sample.get("current"), sample.get("proposed")):
            for time in ("at", "due"):
                if side and time in side:
                    side[time] = format_time(side[time])
    return plain
