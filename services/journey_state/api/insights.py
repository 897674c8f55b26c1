"""`GET /v1/insights`: a few sentences about a period, each with the people it is about."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request

from services.journey_state.api.asking import Ask
from services.journey_state.api.filtering import asked_of
from services.journey_state.api.pain import (
    PainQuery,
    before_of,
    code_of,
    filters_of,
    labels_of,
    parameters_of,
    read_periods,
)
from services.journey_state.api.pain_models import Fact, Insights, Parameters
from services.journey_state.api.people import period_of
from services.journey_state.api.problems import described
from services.journey_state.api.sentences import sentence
from services.journey_state.definition import Definition
from services.journey_state.insights import (
    CHANGE_MIN,
    FACTS_MAX,
    PLAIN_MIN,
    POINTS_MIN,
    Told,
    facts,
)
from services.journey_state.pain import DIMENSIONS, PEOPLE_MIN, Cell
from services.journey_state.pain_looking import Looked, look_at
from services.journey_state.pain_queries import recoveries

router = APIRouter(tags=["map"])

COUNTED = {
    "compared": "With the period before (`compare`, else as long before). Conversions are told"
    f" where both have {PEOPLE_MIN} people or more, the change is {POINTS_MIN} points or more and"
    " beyond chance (95 %, Bonferroni's for all stages); entries where they changed by"
    f" {CHANGE_MIN:.0%} or more, likewise. Then what stands out among pain points.",
    "plain": f"Facts that compare with nothing are told of {PLAIN_MIN} people or more.",
    "at most": f"{FACTS_MAX}; none where people are few.",
}


@router.get("/v1/insights", responses=described(bad_request="A bad parameter"))
async def insights(query: Annotated[PainQuery, Query()], request: Request, ask: Ask) -> Insights:
    """What is worth knowing of a period, in sentences; silent where people are few."""
    filters, before = read_periods(query, request, ask)
    async with ask.database.reading() as connection:
        asked, term = await asked_of(connection, filters, ask)
        looked = await look_at(connection, asked, before, term.definition.abandonment)
        recovered = await recoveries(connection, asked)
    tallies = (looked.now_tally, looked.before_tally)
    found = facts(looked.findings, tallies, asked.stages, recovered)
    return Insights(
        period=period_of(filters),
        before=before_of(looked),
        filters=filters.said(),
        journey=term.definition.journey,
        definition=term.definition.version,
        counted=COUNTED,
        items=[_fact(looked, term.definition, told) for told in found],
    )


def _fact(looked: Looked, definition: Definition, told: Told) -> Fact:
    if told.cell is None:
        return _of_rule(looked, told)
    code, parameters, cell = told.code, dict(told.parameters), told.cell
    if code == "pain":
        pain = next(p for p in looked.findings.pains if p.found.cell == cell)
        code, parameters = code_of(cell), parameters_of(looked, pain.found)
    elif cell.part in ("leaked", "arrived"):
        rank = looked.asked.stages.index(cell.stage)
        parameters["within_seconds"] = round(looked.limits.waits[rank])
    return Fact(
        people=looked.now_tally.get(cell, 0),
        query=looked.query(cell),
        code=code,
        parameters=parameters,
        labels=labels_of(definition, cell.stage),
        sentence=sentence(code, parameters),
        filters=filters_of(_shown(cell, parameters)),
    )


def _shown(cell: Cell, parameters: Parameters) -> Cell:
    """The cell of the page: where it mostly was."""
    for dimension in DIMENSIONS:
        if dimension == parameters.get("dimension") != "all":
            return cell._replace(dimension=dimension, value=str(parameters["value"]))
    return cell


def _of_rule(looked: Looked, told: Told) -> Fact:
    filters = {"rule": str(told.parameters["cause"]), "state": "recovered"}
    return Fact(
        people=int(told.parameters["people"] or 0),
        query=looked.asked.filters.query(**filters),
        code=told.code,
        parameters=told.parameters,
        labels={},
        sentence=sentence(told.code, told.parameters),
        filters={"rule": filters["rule"]},
    )
