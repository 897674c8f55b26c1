"""`/v1/customers/{id}/explain`: why, and why not."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from services.journey_state import past_queries
from services.journey_state.api import explain_signal
from services.journey_state.api.asking import Ask, CustomerPath, Instant, Name, find_customer
from services.journey_state.api.explain_models import Explanation, SignalReasons, StageReasons
from services.journey_state.api.kept import read_kept_past
from services.journey_state.api.problems import described
from services.journey_state.explain.recording import watched
from services.journey_state.explain.stage import StageWatch
from services.journey_state.in_force import Term
from services.journey_state.journey import Journey
from services.journey_state.queries import CustomerRow
from services.journey_state.touchpoint import Touchpoint

router = APIRouter(tags=["customers"])

_responses = described(bad_request="A bad parameter", not_found="No such customer, rule or signal")


class ExplainQuery(BaseModel):
    """What is to be explained."""

    model_config = ConfigDict(extra="forbid")

    at: Instant | None = Field(None, description="as of this instant of event time")
    signal: Name | None = Field(
        None, description="an abandonment rule, or the id of a signal, instead of the stage"
    )


# Its id may hold slashes, so this route stands before that of one customer.
@router.get("/v1/customers/{id:path}/explain", responses=_responses)
async def explain(
    who: CustomerPath, query: Annotated[ExplainQuery, Query()], ask: Ask
) -> Explanation:
    """Why the customer is in this stage, and for every other stage why not.

    With `signal`: what became of each episode of the rule, and why there is a signal or none.
    """
    asked = None
    async with ask.database.reading() as connection:
        found = await find_customer(connection, who)
        journeys = await ask.definitions.at(connection, ask.grace_us)
        definition_id = await past_queries.definition_id_of(connection, found.customer_id)
        own = journeys.by_id[definition_id]
        kept = await read_kept_past(connection, found, query.at)
        if query.signal is not None:
            asked = await explain_signal.read(connection, found, journeys, query.signal)
    async with ask.definitions.folding:
        touchpoints = await asyncio.to_thread(kept.touchpoints, query.at)
        start = kept.start()
        if asked is None:
            stage = await asyncio.to_thread(_stage, own, touchpoints, start.under(own), query.at)
            return _answer(found, own, touchpoints, query.at, stage)
        past = await asyncio.to_thread(asked.fold, own, touchpoints, start.under)
    reasons = await explain_signal.judge(ask, asked, past, query.at)
    return _answer(found, own, touchpoints, query.at, SignalReasons.model_validate(reasons))


def _answer(
    found: CustomerRow,
    own: Term,
    touchpoints: Sequence[Touchpoint],
    at: int | None,
    reasons: StageReasons | SignalReasons,
) -> Explanation:
    return Explanation(
        customer_id=str(found.customer_id),
        journey=own.definition.journey,
        definition=own.definition.version,
        at=at,
        text=reasons.text,
        sentences=reasons.sentences,
        touchpoints=len(touchpoints),
        stage=reasons if isinstance(reasons, StageReasons) else None,
        signal=reasons if isinstance(reasons, SignalReasons) else None,
    )


def _stage(
    own: Term, touchpoints: Sequence[Touchpoint], start: Journey | None, at: int | None
) -> StageReasons:
    watch = StageWatch(own.definition)
    watched(own.definition, touchpoints, watch, start=start)
    return StageReasons.model_validate(watch.reasons(past=at is not None))
