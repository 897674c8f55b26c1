"""`GET /v1/funnel`: how far people come through stages, and how long it takes."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Query, Request

from services.journey_state import funnel_queries
from services.journey_state.api.asking import Ask
from services.journey_state.api.filtering import FunnelQuery, asked_of, read_filters
from services.journey_state.api.map_models import Funnel, FunnelStep
from services.journey_state.api.people import period_of
from services.journey_state.api.problems import described
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


@router.get("/v1/funnel", responses=described(bad_request="A bad parameter"))
async def funnel(query: Annotated[FunnelQuery, Query()], request: Request, ask: Ask) -> Funnel:
    """How many people come to each step, of the step before and of the first."""
    filters = read_filters(request, query, ask)
    filters = replace(filters, by=filters.by or "cohort", order=filters.order or "strict")
    async with ask.database.reading() as connection:
        asked, term = await asked_of(connection, filters, ask)
        steps = await funnel_queries.steps(connection, asked)
    return Funnel(
        period=period_of(filters),
        filters=filters.said(),
        journey=term.definition.journey,
        definition=term.definition.version,
        counted=" ".join([FIRST, BY[filters.by or ""], ORDER[filters.order or ""]]),
        steps=_steps(filters, asked.steps, steps),
    )


def _steps(filters: Filters, stages: list[str], steps: list[Step]) -> list[FunnelStep]:
    found = []
    for number, (stage, step) in enumerate(zip(stages, steps, strict=True), 1):
        before, first = steps[max(0, number - 2)].people, steps[0].people
        query = filters.query(steps=",".join(stages), step=str(number))
        found.append(
            FunnelStep(
                stage=stage,
                people=step.people,
                query=query,
                of_previous=step.people / before if before else None,
                of_first=step.people / first if first else None,
                p50_seconds=step.p50_seconds,
                p90_seconds=step.p90_seconds,
            )
        )
    return found
