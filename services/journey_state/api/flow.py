"""`GET /v1/flow`: where people go, step by step, through stages, channels or touchpoints."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Annotated, ClassVar, Literal

from fastapi import APIRouter, Query, Request
from pydantic import Field

from services.journey_state import flow_queries
from services.journey_state.api.asking import Ask, Name
from services.journey_state.api.comparing import with_before
from services.journey_state.api.counting import counted
from services.journey_state.api.filtering import (
    Compared,
    FilterQuery,
    asked_of,
    read_compared,
    read_filters,
    refuse,
)
from services.journey_state.api.map_models import Figure, Flow, FlowColumn, FlowLink, FlowNode
from services.journey_state.api.people import compared_period, period_of
from services.journey_state.api.population import with_population
from services.journey_state.api.problems import described
from services.journey_state.filters import (
    CHANNELS,
    FLOW_STEPS_MAX,
    FLOW_TOP_DEFAULT,
    FLOW_TOP_MAX,
    Filters,
)
from services.journey_state.flow_queries import Link

router = APIRouter(tags=["map"])

STEPS_DEFAULT = 5
OTHER = "other"  # the node of whoever is at none of the largest

PATHS = {
    "stage": "A path: the stages that a person was in during the period, one after another, from"
    " the one at `from` on.",
    "channel": "A path: the channels of a person's touchpoints in the period, one after another;"
    " immediate repeats count once.",
    "touchpoint": "A path: the events of a person's touchpoints in the period, one after another;"
    " immediate repeats count once.",
}
START = {
    "forward": " It begins at `start`, the first time that it is there; who never is there does"
    " not count.",
    "backward": " It ends at `start`, the last time that it is there; who never is there does not"
    " count.",
}
NODES = {
    "total": "Everybody with a path, and in each column the same people: whoever's path has ended"
    " stays in the node that says so.",
    "back": "The path was at this before.",
    "other": "All but the `top` nodes of the most people in the column; everybody was counted"
    " before.",
    "p50_seconds": "Median time from one step to the next, of those whose path goes on.",
}
ENDS = {
    "left": "The path has ended, and since its last step, before `to`, an abandonment came due"
    " that stands: its signal is raised or expired. In a flow of stages also who at `to`"
    " is in no stage of the definition in force.",
    "still_here": "The path has ended, and nothing says that they left: they are where it ended.",
}
BEGAN = {"began": "Before this step there is nothing in the period: here the path began."}


class FlowQuery(FilterQuery, Compared):
    """Who is counted, and what is unrolled."""

    apart: ClassVar[set[str]] = {
        *FilterQuery.apart,
        *("node", "steps", "top", "start", "direction", "exclude"),
    }

    node: Literal["stage", "channel", "touchpoint"] = Field("stage", description="what a node is")
    steps: int = Field(STEPS_DEFAULT, ge=2, le=FLOW_STEPS_MAX, description="columns")
    top: int = Field(
        FLOW_TOP_DEFAULT, ge=1, le=FLOW_TOP_MAX, description="nodes of a column; the rest: other"
    )
    start: Name | None = Field(None, description="stage, channel or event where paths begin")
    direction: Literal["forward", "backward"] = Field(
        "forward", description="backward: from the end, or from `start`, what came before"
    )
    exclude: Name | None = Field(
        None,
        description="names with commas between, left out of paths; `\\,` is a comma within one",
    )


@router.get(
    "/v1/flow",
    responses=described(bad_request="A bad parameter"),
    response_model_exclude_unset=True,  # `before` and `change` are there where there are any
)
@counted
async def flow(query: Annotated[FlowQuery, Query()], request: Request, ask: Ask) -> Flow:
    """Paths step by step: nodes and links of each column, which all have the same people."""
    filters = _asked(read_filters(request, query, ask), query)
    other = read_compared(filters, query.compare)
    async with ask.database.counting() as connection:
        asked, term = await asked_of(connection, filters, ask)
        now = _Found(filters, await flow_queries.links(connection, asked, query.steps))
        before = None
        if other is not None:
            # Who is at a node counts whether or not it was among the largest then.
            other = replace(other, flow_top="all")
            asked = asked._replace(filters=other)
            before = _Found(other, await flow_queries.links(connection, asked, query.steps))
    labels = {stage.name: dict(stage.labels) for stage in term.definition.stages}
    labels = labels if query.node == "stage" else {}
    started = START[query.direction] if query.start else ""
    ends = ENDS if query.direction == "forward" else BEGAN
    return Flow(
        period=period_of(filters),
        filters=filters.said(),
        journey=term.definition.journey,
        definition=term.definition.version,
        counted=with_population(filters, {"path": PATHS[query.node] + started, **NODES, **ends}),
        stages=[stage.name for stage in term.definition.stages],
        columns=[_column(now, before, step, labels) for step in range(1, query.steps + 1)],
        **compared_period(other),
    )


def _asked(filters: Filters, query: FlowQuery) -> Filters:
    """The filters of the flow; else a Problem (400)."""
    if filters.stage is not None:
        raise refuse("stage", "is not of a flow: say `start`, or leave it out")
    if query.node == "channel" and query.start not in (None, *CHANNELS):
        raise refuse("start", f"is one of {' '.join(CHANNELS)}")
    return replace(
        filters,
        flow=query.node,
        flow_direction=query.direction,
        flow_start=query.start,
        flow_exclude=query.exclude,
        flow_top=str(query.top),
    )


class _Found:
    """The flow of one period."""

    def __init__(self, filters: Filters, links: Sequence[Link]) -> None:
        self.filters = filters
        self._found = {(one.step, one.node, one.following): one for one in links}

    def at(self, step: int, node: str, following: str | None = None) -> Link:
        """The node or link, of nobody where it was not found."""
        empty = Link(step, node, following, 0, None)
        return self._found.get((step, node, following), empty)

    def column(self, step: int) -> list[Link]:
        """Nodes and links."""
        return [one for one in self._found.values() if one.step == step]

    def total(self, step: int) -> int:
        """Everybody with a path."""
        return sum(one.people for one in self.column(step) if one.following is None)


def _column(
    now: _Found, before: _Found | None, step: int, labels: Mapping[str, dict[str, str]]
) -> FlowColumn:
    found = now.column(step)
    return FlowColumn(
        step=step,
        total=with_before(now, before, partial(_total, step=step)),
        nodes=[_node(now, before, one, labels) for one in found if one.following is None],
        links=[_link(now, before, one) for one in found if one.following is not None],
    )


def _total(found: _Found, step: int) -> Figure:
    return Figure(people=found.total(step), query=found.filters.query(flow_step=str(step)))


def _node(
    now: _Found, before: _Found | None, one: Link, labels: Mapping[str, dict[str, str]]
) -> FlowNode:
    kind, _, name = one.node.partition(":")

    def make(found: _Found) -> FlowNode:
        there, total = found.at(one.step, one.node), found.total(one.step)
        return FlowNode.model_validate(
            {
                "people": there.people,
                "query": found.filters.query(flow_step=str(one.step), flow_node=one.node),
                "node": one.node,
                "kind": kind,
                "name": name or None,
                "labels": labels.get(name, {}),
                "share": there.people / total if total else 0.0,
                "p50_seconds": there.p50_seconds,
            }
        )

    other = None if one.node == OTHER else before
    return with_before(now, other, make, ("total", lambda found: found.total(one.step)))


def _link(now: _Found, before: _Found | None, one: Link) -> FlowLink:
    following = one.following or ""

    def make(found: _Found) -> FlowLink:
        there, of = found.at(one.step, one.node, following), found.at(one.step, one.node).people
        at = {"flow_step": str(one.step), "flow_node": one.node, "flow_next": following}
        return FlowLink(
            people=there.people,
            query=found.filters.query(**at),
            node=one.node,
            next=following,
            share=there.people / of if of else 0.0,
            p50_seconds=there.p50_seconds,
        )

    other = None if OTHER in (one.node, following) else before
    return with_before(
        now, other, make, ("node", lambda found: found.at(one.step, one.node).people)
    )
