"""`GET /v1/insights`: a few sentences about a period, each with the people it is about."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request

from services.journey_state.api.asking import Ask
from services.journey_state.api.pain import (
    PainQuery,
    bound_of,
    cell_filters,
    code_of,
    filters_of,
    labels_of,
    latest_of,
    look,
    parameters_of,
)
from services.journey_state.api.pain_models import Fact, Insights, Parameters
from services.journey_state.api.people import period_of
from services.journey_state.api.population import with_population
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
from services.journey_state.pain_looking import Looked

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
    seen = await look(query, request, ask)
    looked, definition = seen.looked, seen.definition
    filters = looked.whole.asked.filters
    found = facts(looked.findings, looked.whole.sides, looked.whole.asked.stages, seen.recovered)
    return Insights(
        period=period_of(filters),
        before=bound_of(looked.whole.before),
        latest=latest_of(looked),
        filters=filters.said(),
        journey=definition.journey,
        definition=definition.version,
        counted=with_population(filters, COUNTED),
        items=[_fact(looked, definition, told) for told in found],
    )


def _fact(looked: Looked, definition: Definition, told: Told) -> Fact:
    if told.cell is None:
        return _of_rule(looked, told)
    if told.code == "pain":
        return _of_pain(looked, definition, told.cell)
    parameters, cell, view = dict(told.parameters), told.cell, looked.whole
    if cell.part in ("leaked", "arrived"):
        rank = view.asked.stages.index(cell.stage)
        parameters["within_seconds"] = round(view.limits.waits[rank])
    return Fact(
        people=view.sides.now.get(cell, 0),
        query=view.query(cell),
        code=told.code,
        parameters=parameters,
        labels=labels_of(definition, cell.stage),
        sentence=sentence(told.code, parameters),
        filters=cell_filters(_shown(cell, parameters)),
    )


def _of_pain(looked: Looked, definition: Definition, cell: Cell) -> Fact:
    found = next(p.found for p in looked.findings.pains if p.found.cell == cell)
    code, parameters = code_of(cell), parameters_of(looked, found)
    return Fact(
        people=found.share.people,
        query=looked.view(found).query(cell),
        code=code,
        parameters=parameters,
        labels=labels_of(definition, cell.stage),
        sentence=sentence(code, parameters),
        filters=filters_of(looked, found),
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
        query=looked.whole.asked.filters.query(**filters),
        code=told.code,
        parameters=told.parameters,
        labels={},
        sentence=sentence(told.code, told.parameters),
        filters={"rule": filters["rule"]},
    )
