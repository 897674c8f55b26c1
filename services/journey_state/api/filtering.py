"""The filters of a question, as parameters that are described, and as the compiler takes them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import ClassVar

from fastapi import Request
from pydantic import BaseModel, ConfigDict, Field

from services.journey_state import past_queries
from services.journey_state.api.asking import Asking
from services.journey_state.api.problems import Problem
from services.journey_state.buckets import Bucket, bounds
from services.journey_state.database import Connection
from services.journey_state.filters import (
    CHANNELS,
    DEVICES,
    FLOW_STEPS_MAX,
    FLOW_TOP_MAX,
    FLOWS,
    PAINFUL,
    PARTS,
    STATES,
    Fault,
    FilterError,
    Filters,
    names_in,
    parse,
)
from services.journey_state.in_force import Term
from services.journey_state.pain_tables import error_events
from services.journey_state.people_queries import Asked
from services.journey_state.periods import compared
from services.journey_state.segment_queries import Members, members_of


class FilterQuery(BaseModel):
    """The parameters of every figure: texts, read by `filters.parse`."""

    model_config = ConfigDict(extra="forbid")
    # What is no filter.
    apart: ClassVar[set[str]] = {"after", "limit", "bucket", "compare", "breakdown"}

    from_: str | None = Field(
        None,
        alias="from",
        description="a date in `zone`, or a time with its offset; else the first instant of the"
        " day 30 days before `to`",
    )
    to: str | None = Field(None, description="likewise, itself excluded; else now")
    zone: str | None = Field(None, description="a name such as Europe/Warsaw; else UTC")
    channel: str | None = Field(None, description=" ".join(CHANNELS))
    source: str | None = None
    campaign: str | None = Field(None, description="`context.campaign.name` of the touchpoint")
    device: str | None = Field(None, description=f"of the touchpoint: {' '.join(DEVICES)}")
    event: str | None = Field(None, description="by its canonical name")
    rule: str | None = Field(None, description="of abandonment")
    state: str | None = Field(None, description=f"of the signal: {' '.join(STATES)}")
    stage: str | None = Field(None, description="of the definition in force")
    segment: str | None = Field(None, description="a name of `GET /v1/segments`")
    experiment: str | None = Field(None, description="who saw a variation of it in the period")
    variation: str | None = Field(None, description="who saw this one alone")
    variations: str | None = Field(None, description="one or several: how many people saw")


class Compared(BaseModel):
    """Beside a period another one."""

    compare: str | None = Field(
        None,
        description="previous, week, year, or FROM..TO: each figure has `before`, that of there",
    )


class FunnelQuery(FilterQuery):
    """Who is counted, over which steps, by which rule."""

    steps: str | None = Field(None, description="stages with commas between; else all, in order")
    by: str | None = Field(
        None, description="cohort (else): later steps count whenever; period: within it alone"
    )
    start_channel: str | None = Field(
        None, description="who came to the first step by a touchpoint of this channel"
    )
    order: str | None = Field(
        None, description="strict (else): each step after the one before; any: in whatever order"
    )


class PeopleQuery(FunnelQuery):
    """Who is listed, and which page."""

    part: str | None = Field(
        None, description=f"of the stage's people: {' '.join(PARTS + PAINFUL)}; else stock"
    )
    within: str | None = Field(None, description="seconds, of `arrived`, `leaked` and `stalled`")
    cause: str | None = Field(
        None, description="the event of `repeated` and `erred`, the rule of `abandoned`"
    )
    used_channel: str | None = Field(
        None, description="of the pain points' parts: used while in the stage"
    )
    entry_device: str | None = Field(
        None, description="likewise: that of the touchpoint that entered the stage"
    )
    entry_campaign: str | None = Field(
        None, description="likewise: the last that was named in the period, up to then"
    )
    step: str | None = Field(None, description="of the funnel: who came to this one, from 1 on")
    part_from: str | None = Field(
        None, description="the part is that of a time within the period: from here; else `from`"
    )
    part_to: str | None = Field(None, description="to here, excluded; else `to`")
    flow: str | None = Field(
        None, description=f"of what the nodes of a flow are: {' '.join(FLOWS)}"
    )
    flow_direction: str | None = Field(None, description="forward (else) or backward")
    flow_start: str | None = Field(None, description="paths begin, or backward end, at this name")
    flow_exclude: str | None = Field(
        None, description="names with commas between, left out; `\\,` is a comma within one"
    )
    flow_top: str | None = Field(
        None, description=f"nodes of a column, at most {FLOW_TOP_MAX}, or all"
    )
    flow_step: str | None = Field(None, description=f"the column: 1 to {FLOW_STEPS_MAX}")
    flow_node: str | None = Field(
        None, description="who is there: at:NAME back:NAME other left still_here began"
    )
    flow_next: str | None = Field(None, description="and at this node in the next column")
    after: str | None = Field(None, max_length=4096, description="`next` of the page before")
    limit: int = Field(100, ge=1, le=10_000, description="items of a page, at most")


def read_filters(request: Request, query: FilterQuery, ask: Asking) -> Filters:
    """What the question asks for; else a Problem (400) that names each wrong parameter."""
    said = query.model_dump(by_alias=True, exclude_none=True, exclude=query.apart)
    names = [name for name, _ in request.query_params.multi_items()]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise _bad([Fault(name, "is given twice") for name in twice])
    try:
        return parse(said, ask.clock())
    except FilterError as error:
        raise _bad(error.faults) from None


def read_compared(filters: Filters, compare: str | None) -> Filters | None:
    """The filters over the period to compare with, if any; else a Problem (400)."""
    try:
        return None if compare is None else compared(filters, compare)
    except FilterError as error:
        raise _bad(error.faults) from None


def read_bounds(filters: Filters, bucket: Bucket) -> list[int]:
    """The bounds of the period's buckets; else a Problem (400)."""
    try:
        return bounds(filters, bucket)
    except FilterError as error:
        raise _bad(error.faults) from None


def refuse(parameter: str, message: str) -> Problem:
    """The Problem (400) that names the parameter."""
    return _bad([Fault(parameter, message)])


def _bad(faults: Sequence[Fault]) -> Problem:
    errors = [{"where": f"query parameter {name}", "message": text} for name, text in faults]
    detail = "; ".join(f"{one['where']}: {one['message']}" for one in errors)
    return Problem(400, "bad_parameter", detail, errors)


async def asked_of(connection: Connection, filters: Filters, ask: Asking) -> tuple[Asked, Term]:
    """The filters by the definition in force, and this; else a Problem (400, 503)."""
    await check_rule(connection, ask, filters.rule)
    if filters.part == "abandoned":
        await check_rule(connection, ask, filters.cause, "cause")
    term = (await ask.definitions.at(connection, ask.grace_us)).current
    stages = [stage.name for stage in term.definition.stages]
    if faults := _unknown_stages(filters, stages):
        raise _bad(faults)
    members = await _members(connection, filters, ask)
    errors = error_events(term.definition)
    asked = Asked(filters, stages, term.definition.track_aliases, members, errors)
    if filters.step is not None and int(filters.step) > len(asked.steps):
        raise _bad([Fault("step", f"the funnel has {len(asked.steps)} steps")])
    return asked, term


async def check_rule(
    connection: Connection, ask: Asking, rule: str | None, parameter: str = "rule"
) -> None:
    """Else a Problem (400): no definition that was ever in force has such a rule of abandonment.

    Before the first definition none can be wrong.
    """
    if rule is None or await past_queries.newest_definition_id(connection) is None:
        return
    terms = (await ask.definitions.at(connection, ask.grace_us)).terms
    known = {one.name for term in terms for one in term.definition.abandonment}
    if rule not in known:
        there_are = f"there are {', '.join(sorted(known))}" if known else "there is none"
        raise refuse(parameter, f"no rule of abandonment is named {rule!r}; {there_are}")


def _unknown_stages(filters: Filters, stages: Sequence[str]) -> list[Fault]:
    named = [("stage", filters.stage)] if filters.stage is not None else []
    named += [("steps", name) for name in filters.steps.split(",")] if filters.steps else []
    if filters.flow == "stage":
        prefix = "" if filters.flow_step is None else "flow_"  # a list of people, or the flow
        named += [(f"{prefix}start", filters.flow_start)] if filters.flow_start else []
        named += [(f"{prefix}exclude", name) for name in names_in(filters.flow_exclude)]
    has = ", ".join(stages)
    return [
        Fault(parameter, f"the journey has no stage {name!r}; it has {has}")
        for parameter, name in named
        if name not in stages
    ]


async def _members(connection: Connection, filters: Filters, ask: Asking) -> Members | None:
    if filters.segment is None:
        return None
    segments = {one.name: one for one in ask.segments.read().segments}
    if filters.segment not in segments:
        message = f"no segment is named {filters.segment!r}; {_known(segments)}"
        raise _bad([Fault("segment", message)])
    return await members_of(connection, segments[filters.segment])


def _known(names: Iterable[str]) -> str:
    known = ", ".join(names)
    return f"there are {known}" if known else "MILEPOST_API__SEGMENTS_FILE names none"
