"""`GET /v1/customers`: the people behind any figure."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request

from services.contracts.times import format_time
from services.journey_state import people_queries
from services.journey_state.api import cursor
from services.journey_state.api.asking import Ask
from services.journey_state.api.filtering import PeopleQuery, asked_of, read_filters
from services.journey_state.api.map_models import Period, Person, PersonList
from services.journey_state.api.problems import described
from services.journey_state.api.profile import identifiers, optional_time
from services.journey_state.customer import decode_state
from services.journey_state.filters import Filters
from services.journey_state.people_queries import PersonRow

IDENTIFIERS_SHOWN = 3  # of each person of a list

router = APIRouter(tags=["map"])


@router.get("/v1/customers", responses=described(bad_request="A bad parameter or cursor"))
async def people(query: Annotated[PeopleQuery, Query()], request: Request, ask: Ask) -> PersonList:
    """Exactly the people whom the filters mean, by their ids; without any, everybody."""
    filters = read_filters(request, query, ask)
    limit = ask.page_items(query.limit)
    after: tuple[UUID] | None = cursor.decode(query.after, tuple[UUID])
    async with ask.database.counting() as connection:
        asked, _ = await asked_of(connection, filters, ask)
        rows = await people_queries.people_page(
            connection, asked, after=after[0] if after else None, limit=limit + 1
        )
    more = len(rows) > limit
    return PersonList(
        items=[_person(row) for row in rows[:limit]],
        next=cursor.encode((rows[limit - 1].customer_id,)) if more else None,
        period=period_of(filters),
    )


def period_of(filters: Filters) -> Period:
    """The period as answers show it."""
    times = {"from": format_time(filters.from_at), "to": format_time(filters.to_at)}
    return Period(**times, zone=filters.zone)


def compared_period(filters: Filters | None) -> dict[str, Period]:
    """`compared` of an answer, where there is any."""
    return {} if filters is None else {"compared": period_of(filters)}


def _person(row: PersonRow) -> Person:
    state = decode_state(row.state)
    journey = state.journey
    return Person(
        customer_id=str(row.customer_id),
        identifiers=identifiers(state)[:IDENTIFIERS_SHOWN],
        stage=journey.stage,
        entered_at=optional_time(journey.entered_at),
        first_seen_at=optional_time(journey.first_seen_at),
        last_seen_at=optional_time(journey.last_seen_at),
    )
