"""`/v1/customers/{id}/explain`: why, and why not."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from services.journey_state import queries
from services.journey_state.api.asking import Ask, CustomerPath, Instant, find_customer
from services.journey_state.api.explain_models import Explanation, StageReasons
from services.journey_state.api.problems import Problem, described
from services.journey_state.database import Connection
from services.journey_state.definition import Definition
from services.journey_state.event import read_touchpoint
from services.journey_state.explain.recording import watched
from services.journey_state.explain.stage import StageWatch
from services.journey_state.journey import in_order
from services.journey_state.queries import CustomerRow
from services.journey_state.touchpoint import Touchpoint

TOUCHPOINTS_MAX = 50_000

router = APIRouter(tags=["customers"])

_responses = described(bad_request="A bad parameter", not_found="No such customer")


class ExplainQuery(BaseModel):
    """What is to be explained."""

    model_config = ConfigDict(extra="forbid")

    at: Instant | None = Field(None, description="as of this instant of event time")


# Its id may hold slashes, so this route stands before that of one customer.
@router.get("/v1/customers/{id:path}/explain", responses=_responses)
async def explain(
    who: CustomerPath, query: Annotated[ExplainQuery, Query()], ask: Ask
) -> Explanation:
    """Why the customer is in this stage, and for every other stage why not."""
    async with ask.database.reading() as connection:
        found = await find_customer(connection, who)
        definition = await ask.definitions.of(connection, found.definition)
        bodies = await _bodies(connection, found)
    async with ask.definitions.folding:
        return await asyncio.to_thread(_explained, definition, found, bodies, query)


async def _bodies(connection: Connection, found: CustomerRow) -> list[bytes]:
    merged = await queries.merged_ids(connection, found.customer_id)
    owners = [found.customer_id, *merged]
    bodies = await queries.timeline(connection, owners, after=None, limit=TOUCHPOINTS_MAX + 1)
    if len(bodies) > TOUCHPOINTS_MAX:
        detail = f"This customer has over {TOUCHPOINTS_MAX} touchpoints, too many to go through"
        raise Problem(400, "timeline_too_long", f"{detail}; see the history and the timeline")
    return bodies


def _explained(
    definition: Definition, found: CustomerRow, bodies: Sequence[bytes], query: ExplainQuery
) -> Explanation:
    touchpoints = _touchpoints(bodies, query.at)
    watch = StageWatch(definition)
    watched(definition, touchpoints, watch.take)
    reasons = watch.reasons(past=query.at is not None)
    return Explanation(
        customer_id=str(found.customer_id),
        journey=definition.journey,
        definition=definition.version,
        at=query.at,
        text=reasons.text,
        touchpoints=len(touchpoints),
        stage=StageReasons.model_validate(reasons),
    )


def _touchpoints(bodies: Sequence[bytes], until: int | None) -> list[Touchpoint]:
    """In the order, one copy of each, up to the instant."""
    found = in_order(read_touchpoint(body).touchpoint for body in bodies)
    return [one for one in found if until is None or one.occurred_at <= until]
