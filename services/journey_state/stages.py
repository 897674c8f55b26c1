"""Stages: which one a touchpoint leads to, and in which direction (semantics 3.2, 4.5)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from services.journey_state.definition import NONE_STAGE, Definition, EnterRule, Moment

Direction = Literal["first", "forward", "backward", "re-entry"]


def entered(definition: Definition, moment: Moment) -> EnterRule | None:
    """The rule that changes the stage; None if no rule matches or the first names the present."""
    rule = matching(definition, moment)
    return None if rule is None or rule.stage == moment.stage else rule


def matching(definition: Definition, moment: Moment) -> EnterRule | None:
    """The first rule that matches: it ends the search, whatever stage it names."""
    for rule in definition.enter_rules(moment.event):
        if rule.from_stages is not None and moment.stage not in rule.from_stages:
            continue
        when = rule.match.when
        if when is None or when(moment):
            return rule
    return None


def direction(
    definition: Definition, previous: str, stage: str, visited: Sequence[str]
) -> Direction:
    """The direction of a transition; `visited` are the stages entered before it."""
    if previous == NONE_STAGE:
        return "first"
    if stage in visited:
        return "re-entry"
    rank = [one.name for one in definition.stages]
    return "forward" if rank.index(stage) > rank.index(previous) else "backward"
