"""`GET /v1/filters`: the values that filters can have in a period."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict, Field

from services.journey_state import choice_queries
from services.journey_state.api.asking import Ask
from services.journey_state.api.counting import counted
from services.journey_state.api.filtering import FilterQuery, asked_of, read_filters, refuse
from services.journey_state.api.map_models import Period, TouchFigure
from services.journey_state.api.people import period_of
from services.journey_state.api.population import zone_said
from services.journey_state.api.problems import described
from services.journey_state.choice_queries import Choice
from services.journey_state.filters import Filters

router = APIRouter(tags=["map"])

NAMES = ("channel", "source", "campaign", "device", "event", "experiment")
COUNTED = (
    "People with a touchpoint of the period that has this value, and these touchpoints, whatever"
    f" else is asked for; of each filter the {choice_queries.CHOICES_MAX} of the most people."
)


class ChoicesQuery(BaseModel):
    """Which filters, over which period."""

    model_config = ConfigDict(extra="forbid")

    from_: str | None = Field(None, alias="from", description="as in `GET /v1/map`")
    to: str | None = None
    zone: str | None = None
    of: str | None = Field(
        None, description=f"of {' '.join(NAMES)}, with commas between; else all of them"
    )


class ChoiceFigure(TouchFigure):
    """One value of a filter."""

    value: str


class FilterChoices(BaseModel):
    """The values of one filter, those of the most people first."""

    model_config = ConfigDict(extra="forbid")

    name: str
    values: list[ChoiceFigure]


class FilterList(BaseModel):
    """What one can filter by."""

    model_config = ConfigDict(extra="forbid")

    period: Period
    counted: str = Field(description="what the figures count")
    items: list[FilterChoices]


@router.get(
    "/v1/filters",
    responses=described(bad_request="A bad parameter"),
    response_model_exclude_unset=True,
)
@counted
async def filter_choices(
    query: Annotated[ChoicesQuery, Query()], request: Request, ask: Ask
) -> FilterList:
    """The values of channel, source, campaign, device, event and experiment that a period has."""
    names = NAMES if query.of is None else tuple(dict.fromkeys(query.of.split(",")))
    if not set(names) <= set(NAMES):
        raise refuse("of", f"takes some of {', '.join(NAMES)}")
    period = query.model_dump(by_alias=True, exclude_none=True, exclude={"of"})
    filters = read_filters(request, FilterQuery.model_validate(period), ask)
    async with ask.database.counting() as connection:
        asked, _ = await asked_of(connection, filters, ask)
        found = await choice_queries.choices(connection, asked, names)
    return FilterList(
        period=period_of(filters),
        counted=f"{COUNTED} {zone_said(filters)}",
        items=[
            FilterChoices(name=name, values=[_figure(filters, name, one) for one in values])
            for name, values in zip(names, found, strict=True)
        ],
    )


def _figure(filters: Filters, name: str, one: Choice) -> ChoiceFigure:
    query = filters.query(**{name: one.value})
    return ChoiceFigure(value=one.value, people=one.people, events=one.events, query=query)
