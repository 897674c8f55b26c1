"""A funnel broken down: by the variations of an experiment, or by channels."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import NamedTuple

from services.journey_state import breakdown_queries
from services.journey_state.api.comparing import change_of
from services.journey_state.api.filtering import refuse
from services.journey_state.api.map_models import Breakdown, FunnelGroup, FunnelStep
from services.journey_state.database import Connection
from services.journey_state.filters import VALUE_LENGTH_MAX, Filters
from services.journey_state.people_queries import Asked
from services.journey_state.proportions import Share

Steps = Callable[[Filters], Awaitable[list[FunnelStep]]]  # of the funnel with these filters

CONTROLS = ("control", "original", "baseline", "a")  # what a variation is called that is none
_EXPERIMENT = "experiment:"
_COUNTED = {
    "channel": "By the channel of the touchpoint that entered step 1. `change`: the share of the"
    " first step less that of the reference, the channel of the most people, as on the map.",
    "experiment": "By the variation that people saw in the period, whenever in it: whoever saw"
    " several is in `several` alone, whoever saw none in no group. `change`: the share of the first"
    " step less that of the reference (named control, original, baseline or a; else the first by"
    " name), as on the map; each is looked at for itself.",
}


class _Group(NamedTuple):
    value: str
    filters: Filters


async def broken_down(
    connection: Connection, asked: Asked, breakdown: str, steps: Steps
) -> Breakdown:
    """The funnel of each group; else a Problem (400)."""
    filters = asked.filters
    if breakdown == "channel":
        if filters.start_channel is not None:
            raise refuse("breakdown", "there is one channel alone: leave `start_channel` out")
        found = await breakdown_queries.start_channels(connection, asked)
        groups = [_Group(one, replace(filters, start_channel=one)) for one in found]
        made = [FunnelGroup(value=one.value, steps=await steps(one.filters)) for one in groups]
        return _answer(breakdown, made, found[0] if found else None, None)
    name = breakdown.removeprefix(_EXPERIMENT)
    if name in ("", breakdown) or len(name) > VALUE_LENGTH_MAX or not name.isprintable():
        raise refuse("breakdown", "is channel, or experiment:NAME")
    if filters.experiment is not None:
        raise refuse("breakdown", "shows every variation: leave `experiment` out")
    filters = replace(filters, experiment=name)
    found = await breakdown_queries.variations(connection, asked._replace(filters=filters))
    groups = [_Group(one, replace(filters, variation=one)) for one in found]
    made = [FunnelGroup(value=one.value, steps=await steps(one.filters)) for one in groups]
    several = await steps(replace(filters, variations="several"))
    return _answer(breakdown, made, _reference(found), FunnelGroup(value="", steps=several))


def _reference(variations: Sequence[str]) -> str | None:
    named = [one for one in variations if one.casefold() in CONTROLS]
    return next(iter([*named, *variations]), None)


def _answer(
    by: str, groups: list[FunnelGroup], reference: str | None, several: FunnelGroup | None
) -> Breakdown:
    base = next((one for one in groups if one.value == reference), None)
    return Breakdown(
        by=by,
        counted=_COUNTED[by.partition(":")[0]],
        reference=reference,
        groups=[one if base is None or one is base else _beside(one, base) for one in groups],
        several=several,
    )


def _beside(group: FunnelGroup, base: FunnelGroup) -> FunnelGroup:
    first, first_base = group.steps[0].people, base.steps[0].people
    steps = []
    for number, (one, other) in enumerate(zip(group.steps, base.steps, strict=True)):
        change = change_of("first", Share(one.people, first), Share(other.people, first_base))
        more = {"change": change} if change is not None and number else {}
        steps.append(one.model_copy(update=more))
    return FunnelGroup(value=group.value, steps=steps)
