"""`GET /v1/flow`: where people go, step by step, through stages, channels or touchpoints."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Annotated, ClassVar, Literal

from fastapi import APIRouter, Query, Request
from pydantic import Field

from services.journey_state import flow_queries
from services.journey_state.api.asking import Ask, Name
from services.journey_state.api.filtering import FilterQuery, asked_of, read_filters, refuse
from services.journey_state.api.map_models import Figure, Flow, FlowColumn, FlowLink, FlowNode
from services.journey_state.api.people import period_of
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
}
ENDS = {
    "left": "The path has ended, and since its last step, before `to`, an abandonment came due"
    " that stands: its signal is raised or expired. In a flow of stages also who at `to`"
    " is in no stage of the definition in force.",
    "still_here": "The path has ended, and nothing says that they left: they are where it ended.",
}
BEGAN = {"began": "Before this step there is nothing in the period: here the path began."}


class FlowQuery(FilterQuery):
    """Who is counted, and what is unrolled."""

    apart: ClassVar[set[str]] = {"node", "steps", "top", "start", "direction", "exclude"}

    node: Literal["stage", "channel", "touchpoint"] = Field("stage", description="what a node is")
    steps: int = Field(STEPS_DEFAULT, ge=2, le=FLOW_STEPS_MAX, description="columns")
    top: int = Field(
        FLOW_TOP_DEFAULT, ge=1, le=FLOW_TOP_MAX, description="nodes of a column; the rest: other"
    )
    start: Name | None = Field(None, description="stage, channel or event where paths begin")
    direction: Literal["forward", "backward"] = Field(
        "forward", description="backward: from the end, or from `start`, what came before"
    )
    exclude: Name | None = Field(None, description="names with commas between, left out of paths")


@router.get(
    "/v1/flow",
    responses=described(bad_request="A bad parameter"),
    response_model_exclude_unset=True,  # nothing is compared
)
async def flow(query: Annotated[FlowQuery, Query()], request: Request, ask: Ask) -> Flow:
    """Paths step by step: nodes and links of each column, which all have the same people."""
    filters = _asked(read_filters(request, query, ask), query)
    async with ask.database.reading() as connection:
        asked, term = await asked_of(connection, filters, ask)
        links = await flow_queries.links(connection, asked, query.steps)
    labels = {stage.name: dict(stage.labels) for stage in term.definition.stages}
    labels = labels if query.node == "stage" else {}
    started = START[query.direction] if query.start else ""
    ends = ENDS if query.direction == "forward" else BEGAN
    return Flow(
        period=period_of(filters),
        filters=filters.said(),
        journey=term.definition.journey,
        definition=term.definition.version,
        counted={"path": PATHS[query.node] + started, **NODES, **ends},
        stages=[stage.name for stage in term.definition.stages],
        columns=[
            _column(filters, step, [one for one in links if one.step == step], labels)
            for step in range(1, query.steps + 1)
        ],
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


def _column(
    filters: Filters, step: int, links: Iterable[Link], labels: Mapping[str, dict[str, str]]
) -> FlowColumn:
    nodes, going = {}, []
    for one in links:
        if one.following is None:
            nodes[one.node] = one.people
        else:
            going.append(one)
    total = sum(nodes.values())
    return FlowColumn(
        step=step,
        total=_figure(filters, total, flow_step=str(step)),
        nodes=[_node(filters, step, (node, nodes[node]), total, labels) for node in nodes],
        links=[_link(filters, one, nodes[one.node]) for one in going],
    )


def _node(
    filters: Filters,
    step: int,
    counted: tuple[str, int],
    total: int,
    labels: Mapping[str, dict[str, str]],
) -> FlowNode:
    node, people = counted
    kind, _, name = node.partition(":")
    figure = _figure(filters, people, flow_step=str(step), flow_node=node)
    return FlowNode.model_validate(
        figure.model_dump(exclude_unset=True)
        | {
            "node": node,
            "kind": kind,
            "name": name or None,
            "labels": labels.get(name, {}),
            "share": people / total,
        }
    )


def _link(filters: Filters, one: Link, of: int) -> FlowLink:
    following = one.following or ""
    figure = _figure(
        filters, one.people, flow_step=str(one.step), flow_node=one.node, flow_next=following
    )
    return FlowLink(
        people=one.people,
        query=figure.query,
        node=one.node,
        next=following,
        share=one.people / of,
    )


def _figure(filters: Filters, people: int, **at: str) -> Figure:
    return Figure(people=people, query=filters.query(**at))
