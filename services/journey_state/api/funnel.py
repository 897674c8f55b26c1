"""`GET /v1/funnel`: how far people come through stages, and how long it takes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Annotated, NamedTuple

from fastapi import APIRouter, Query, Request
from pydantic import Field

from services.journey_state import funnel_queries
from services.journey_state.api.asking import Ask
from services.journey_state.api.breaking_down import broken_down
from services.journey_state.api.comparing import with_before
from services.journey_state.api.counting import counted
from services.journey_state.api.filtering import (
    Compared,
    FunnelQuery,
    asked_of,
    read_compared,
    read_filters,
    refuse,
)
from services.journey_state.api.map_models import Funnel, FunnelStep
from services.journey_state.api.people import compared_period, period_of
from services.journey_state.api.population import FILTERS, PEOPLE, zone_said
from services.journey_state.api.problems import described
from services.journey_state.definition import Definition, Stage
from services.journey_state.filters import Filters
from services.journey_state.funnel_queries import Step

router = APIRouter(tags=["map"])

FIRST = "Step 1: people who entered it in the period."
BY = {
    "cohort": "Later steps count whenever they were entered, also after `to`.",
    "period": "Later steps count if they were entered before `to`.",
}
ORDER = {
    "strict": "Each step counts if it was entered after the step before, other stages between"
    " allowed; of several entries the earliest that fits. The wait is from the step before.",
    "any": "A step counts if it and all steps before it were entered, in whatever order, from"
    " `from` on. There is no wait.",
}


class BrokenFunnelQuery(FunnelQuery, Compared):
    """Who is counted, what with, and in which groups."""

    breakdown: str | None = Field(
        None, description="channel, or experiment:NAME: the funnel of each group beside the whole"
    )


@router.get(
    "/v1/funnel",
    responses=described(bad_request="A bad parameter"),
    response_model_exclude_unset=True,  # `before` and `change` are there where there are any
)
@counted
async def funnel(
    query: Annotated[BrokenFunnelQuery, Query()], request: Request, ask: Ask
) -> Funnel:
    """How many people come to each step, of the step before and of the first."""
    filters = read_filters(request, query, ask)
    if filters.stage is not None:
        raise refuse("stage", "is not of a funnel: say `steps`, or leave it out")
    filters = replace(filters, by=filters.by or "cohort", order=filters.order or "strict")
    other = read_compared(filters, query.compare)
    async with ask.database.counting() as connection:
        asked, term = await asked_of(connection, filters, ask)
        stages = _stages(asked.steps, term.definition)
        now = _Found(filters, stages, await funnel_queries.steps(connection, asked))
        before = None
        if other is not None:
            steps = await funnel_queries.steps(connection, asked._replace(filters=other))
            before = _Found(other, stages, steps)
        groups = {}
        if query.breakdown is not None:

            async def steps_by(some: Filters) -> list[FunnelStep]:
                found = await funnel_queries.steps(connection, asked._replace(filters=some))
                return _all_steps(_Found(some, stages, found))

            groups["breakdown"] = await broken_down(connection, asked, query.breakdown, steps_by)
    population = (f"People: {PEOPLE}", f"Filters: {FILTERS}", zone_said(filters))
    return Funnel(
        period=period_of(filters),
        filters=filters.said(),
        journey=term.definition.journey,
        definition=term.definition.version,
        counted=" ".join([FIRST, BY[filters.by or ""], ORDER[filters.order or ""], *population]),
        steps=[
            with_before(now, before, partial(_step, number=number), ("first", _first))
            for number in range(1, len(asked.steps) + 1)
        ],
        **compared_period(other),
        **groups,
    )


def _stages(names: Sequence[str], definition: Definition) -> list[Stage]:
    """The stages of these names, which it has."""
    known = {stage.name: stage for stage in definition.stages}
    return [known[name] for name in names]


class _Found(NamedTuple):
    """The steps of one period."""

    filters: Filters
    stages: Sequence[Stage]
    steps: list[Step]


def _first(found: _Found) -> int:
    return found.steps[0].people


def _all_steps(found: _Found) -> list[FunnelStep]:
    return [_step(found, number) for number in range(1, len(found.steps) + 1)]


def _step(found: _Found, number: int) -> FunnelStep:
    stage, step = found.stages[number - 1], found.steps[number - 1]
    names = ",".join(one.name for one in found.stages)
    before, first = found.steps[max(0, number - 2)].people, _first(found)
    return FunnelStep(
        stage=stage.name,
        labels=dict(stage.labels),
        people=step.people,
        query=found.filters.query(steps=names, step=str(number)),
        of_previous=step.people / before if before else None,
        of_first=step.people / first if first else None,
        p50_seconds=step.p50_seconds,
        p90_seconds=step.p90_seconds,
    )
