"""`GET /v1/feedback`: what people say, by the stage they were in: scores and ratings."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from math import sqrt
from typing import Annotated, NamedTuple

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict, Field

from services.journey_state import feedback_queries
from services.journey_state.api.asking import Ask
from services.journey_state.api.comparing import with_before
from services.journey_state.api.counting import counted
from services.journey_state.api.filtering import (
    Compared,
    FilterQuery,
    asked_of,
    read_compared,
    read_filters,
)
from services.journey_state.api.map_models import Figure, Period
from services.journey_state.api.people import compared_period, period_of
from services.journey_state.api.population import with_population
from services.journey_state.api.problems import described
from services.journey_state.definition import Stage
from services.journey_state.feedback_queries import Feedback
from services.journey_state.feedback_tables import NPS_EVENTS, RATING_EVENTS
from services.journey_state.filters import Filters

router = APIRouter(tags=["map"])

_Z = 1.959964  # of 95 %
COUNTED = {
    "nps": f"{', '.join(NPS_EVENTS)} with properties.score of 0 to 10, by the stage at that time;"
    " of each person the newest in the stage. promoters: 9 and 10, passives: 7 and 8, detractors: 0"
    " to 6; `nps`: the percentage of promoters less that of detractors. `low` and `high`: its"
    " interval of 95 % by Agresti and Min.",
    "ratings": f"{', '.join(RATING_EVENTS)} with properties.rating of 1 to 5, all of them;"
    " `average` is theirs.",
}


class _Answer(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Nps(Figure):
    """Who gave a score in the stage; always promoters, passives and detractors together."""

    scores: int = Field(description="all of them, also earlier ones of a person")
    nps: float | None = Field(description="-100 to 100")
    low: float
    high: float
    promoters: Figure
    passives: Figure
    detractors: Figure


class Ratings(Figure):
    """Who gave a rating in the stage."""

    ratings: int
    average: float | None = Field(description="1 to 5")


class StageFeedback(_Answer):
    """One stage."""

    stage: str
    labels: dict[str, str]
    nps: Nps | None = Field(description="null: nobody gave a score there")
    ratings: Ratings | None = Field(description="null: nobody rated anything there")


class FeedbackAnswer(_Answer):
    """What people say, by stage; with `compare` scores and ratings have `before`."""

    period: Period
    compared: Period | None = Field(None, description="what `before` is of; only with `compare`")
    filters: dict[str, str]
    journey: str
    definition: str
    counted: dict[str, str] = Field(description="what each figure counts")
    stages: list[StageFeedback]


class FeedbackQuery(FilterQuery, Compared):
    """Whose feedback, and beside which."""


class _Found(NamedTuple):
    """What was said in one period."""

    filters: Filters
    stages: Mapping[str, Feedback]


@router.get(
    "/v1/feedback",
    responses=described(bad_request="A bad parameter"),
    response_model_exclude_unset=True,
)
@counted
async def feedback(
    query: Annotated[FeedbackQuery, Query()], request: Request, ask: Ask
) -> FeedbackAnswer:
    """Net Promoter Score and ratings of each stage, with the people behind each figure."""
    filters = read_filters(request, query, ask)
    other = read_compared(filters, query.compare)
    async with ask.database.counting() as connection:
        asked, term = await asked_of(connection, filters, ask)
        now = _Found(filters, await feedback_queries.feedback(connection, asked))
        before = None
        if other is not None:
            asked = asked._replace(filters=other)
            before = _Found(other, await feedback_queries.feedback(connection, asked))
    stages = [s for s in term.definition.stages if filters.stage in (None, s.name)]
    return FeedbackAnswer(
        period=period_of(filters),
        filters=filters.said(),
        journey=term.definition.journey,
        definition=term.definition.version,
        counted=with_population(filters, COUNTED),
        stages=[_stage(now, before, stage) for stage in stages],
        **compared_period(other),
    )


def _stage(now: _Found, before: _Found | None, stage: Stage) -> StageFeedback:
    found = now.stages.get(stage.name, Feedback())
    scored, rated = partial(_scored, stage=stage.name), partial(_rated, stage=stage.name)
    return StageFeedback(
        stage=stage.name,
        labels=dict(stage.labels),
        nps=with_before(now, before, scored) if _people(found) else None,
        ratings=with_before(now, before, rated) if found.raters else None,
    )


def _people(found: Feedback) -> int:
    return found.promoters + found.passives + found.detractors


def _scored(found: _Found, stage: str) -> Nps:
    said = found.stages.get(stage, Feedback())

    def figure(part: str, people: int) -> dict[str, object]:
        return {"people": people, "query": found.filters.query(stage=stage, part=part)}

    groups = {
        part: Figure.model_validate(figure(part, getattr(said, part)))
        for part in ("promoters", "passives", "detractors")
    }
    people = _people(said)
    scores = {"scores": said.scores} | nps_of(said) | ({} if people else {"nps": None})
    return Nps.model_validate(figure("scored", people) | scores | groups)


def _rated(found: _Found, stage: str) -> Ratings:
    said = found.stages.get(stage, Feedback())
    return Ratings(
        people=said.raters,
        query=found.filters.query(stage=stage, part="rated"),
        ratings=said.ratings,
        average=said.average if said.raters else None,
    )


def nps_of(found: Feedback) -> dict[str, float]:
    """`nps`, `low` and `high`; of nobody 0 and everything."""
    people = _people(found)
    score = (found.promoters - found.detractors) / people if people else 0.0
    # Two answers more, one half in each corner: the interval is right for few people too.
    n = people + 2
    up, down = (found.promoters + 0.5) / n, (found.detractors + 0.5) / n
    half = _Z * sqrt((up + down - (up - down) ** 2) / n)
    low, high = max(-1.0, up - down - half), min(1.0, up - down + half)
    return {"nps": 100 * score, "low": 100 * low, "high": 100 * high}
