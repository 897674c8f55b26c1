"""`GET /v1/trend`: who entered and left each stage, and was in it, by day or hour."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import Field

from services.contracts.times import format_time
from services.journey_state import trend_queries
from services.journey_state.api.asking import Ask
from services.journey_state.api.counting import counted
from services.journey_state.api.filtering import (
    Compared,
    FilterQuery,
    asked_of,
    read_bounds,
    read_compared,
    read_filters,
)
from services.journey_state.api.map_models import (
    Before,
    Bound,
    Figure,
    StageTrend,
    Trend,
    TrendPoint,
)
from services.journey_state.api.people import compared_period, period_of
from services.journey_state.api.population import FILTERS, with_population
from services.journey_state.api.problems import described
from services.journey_state.buckets import Bucket
from services.journey_state.filters import Filters
from services.journey_state.trend_queries import BEFORE, Moves

router = APIRouter(tags=["map"])

COUNTED = {
    "entries": "People who entered the stage in the bucket.",
    "exits": "People with a stay in the stage that ended in the bucket.",
    "stock": "People who were in the stage at the end of the bucket.",
    "filters": f"Found over the whole period, not the bucket. {FILTERS}",
}


class TrendQuery(FilterQuery, Compared):
    """Who is counted, and how the period is cut."""

    bucket: Bucket = Field("day", description="of `zone`; the first and the last may be cut off")


@router.get(
    "/v1/trend",
    responses=described(bad_request="A bad parameter"),
    response_model_exclude_unset=True,  # `before` is there where there is any
)
@counted
async def trend(query: Annotated[TrendQuery, Query()], request: Request, ask: Ask) -> Trend:
    """Entries, exits and stock of each stage, by the days or hours of a zone."""
    filters = read_filters(request, query, ask)
    bounds = read_bounds(filters, query.bucket)
    other = read_compared(filters, query.compare)
    bounds_before = [] if other is None else read_bounds(other, query.bucket)
    async with ask.database.counting() as connection:
        asked, term = await asked_of(connection, filters, ask)
        moves = await trend_queries.moves(connection, asked, bounds)
        before: list[Moves] = []
        if other is not None:
            asked = asked._replace(filters=other)
            before = await trend_queries.moves(connection, asked, bounds_before)
    stages = [s for s in term.definition.stages if filters.stage in (None, s.name)]
    return Trend(
        period=period_of(filters),
        filters=filters.said(),
        journey=term.definition.journey,
        definition=term.definition.version,
        bucket=query.bucket,
        counted=with_population(filters, COUNTED),
        buckets=[
            Bound.model_validate({"from": format_time(begin), "to": format_time(end)})
            for begin, end in pairwise(bounds)
        ],
        stages=[
            StageTrend(
                stage=stage.name,
                labels=dict(stage.labels),
                points=_with_before(
                    _points(filters, stage.name, bounds, moves),
                    _points(other, stage.name, bounds_before, before) if other else [],
                ),
            )
            for stage in stages
        ],
        **compared_period(other),
    )


def _with_before(points: list[TrendPoint], before: list[TrendPoint]) -> list[TrendPoint]:
    """Each with the one of its place; where clocks were put, the last ones may have none."""
    names = ("entries", "exits", "stock")
    for point, other in zip(points, before, strict=False):
        for name in names:
            figure: Figure = getattr(other, name)
            getattr(point, name).before = Before(people=figure.people, query=figure.query)
    return points


def _points(
    filters: Filters, stage: str, bounds: list[int], moves: list[Moves]
) -> list[TrendPoint]:
    none = Moves(stage, BEFORE, 0, 0, 0, 0)
    found = {one.bucket: one for one in moves if one.stage == stage}
    before = found.get(BEFORE, none)
    stock = before.begun - before.ended
    points = []
    for bucket, (begin, end) in enumerate(pairwise(bounds), BEFORE + 1):
        within = replace(filters, part_from_at=begin, part_to_at=end)
        one = found.get(bucket, none)
        stock += one.begun - one.ended
        points.append(
            TrendPoint(
                entries=_figure(within, stage, "entered", one.entries),
                exits=_figure(within, stage, "ended", one.exits),
                stock=_figure(within, stage, "there", stock),
            )
        )
    return points


def _figure(within: Filters, stage: str, part: str, people: int) -> Figure:
    return Figure(people=people, query=within.query(stage=stage, part=part))
