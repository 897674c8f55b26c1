"""`/v1/customers/{id}`: one customer, and the way there."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from services.contracts.times import read_time
from services.journey_state import past_queries, progress_queries, queries
from services.journey_state.api import as_of, cursor, profile
from services.journey_state.api.asking import Ask, CustomerPath, Instant, PageQuery, find_customer
from services.journey_state.api.models import Customer, Timeline, TimelineItem
from services.journey_state.api.problems import described
from services.journey_state.customer import CustomerState, decode_state
from services.journey_state.database import Connection
from services.journey_state.definition import NONE_STAGE
from services.journey_state.episodes import signal_id
from services.journey_state.queries import CustomerRow, HistoryRow
from services.journey_state.touchpoint import Place

SIGNALS_MAX = 100

router = APIRouter(tags=["customers"])

_responses = described(bad_request="A bad parameter", not_found="No such customer")


class TimelineQuery(PageQuery):
    """Which touchpoints, and how much of the history."""

    order: Literal["oldest", "newest"] = Field("oldest", description="which of them come first")
    history: Literal["present", "all"] = Field(
        "present", description="all: with what was superseded, each row with when it was recorded"
    )


class CustomerQuery(BaseModel):
    """The parameters of one customer."""

    model_config = ConfigDict(extra="forbid")

    as_of: Instant | None = Field(None, description="as it was known at this time")


# Before the route below: its id may hold slashes.
@router.get("/v1/customers/{id:path}/timeline", responses=_responses)
async def timeline(
    who: CustomerPath, query: Annotated[TimelineQuery, Query()], ask: Ask
) -> Timeline:
    """The customer's touchpoints, in their order or backwards, and the stage bands behind them."""
    limit = ask.page_items(query.limit)
    after: Place | None = cursor.decode(query.after, tuple[cursor.Time, cursor.Text, cursor.Text])
    async with ask.database.reading() as connection:
        found = await find_customer(connection, who)
        merged = await queries.merged_ids(connection, found.customer_id)
        owners = [found.customer_id, *merged]
        bodies = await queries.timeline(
            connection, owners, after=after, limit=limit + 1, newest=query.order == "newest"
        )
        rows = await queries.history(connection, found.customer_id)
        recorded = None
        if query.history == "all":
            recorded = await past_queries.recorded_history(
                connection, owners, None, as_of.HISTORY_MAX
            )
    items = [_timeline_item(body, rows) for body in bodies[:limit]]
    more = len(bodies) > limit
    return Timeline(
        customer_id=str(found.customer_id),
        items=items,
        next=cursor.encode(_place(items[-1])) if more else None,
        bands=profile.bands(rows),
        history=None if recorded is None else as_of.recorded_items(recorded, rows),
    )


@router.get("/v1/customers/{id:path}", responses=_responses)
async def customer(
    who: CustomerPath, query: Annotated[CustomerQuery, Query()], ask: Ask
) -> Customer:
    """Everything about one customer, as it is known now or, with `as_of`, was known then."""
    if query.as_of is not None:
        return await as_of.customer_as_of(who, query.as_of, ask)
    async with ask.database.reading() as connection:
        found = await find_customer(connection, who)
        state = decode_state(found.state)
        at = await progress_queries.watermark_at(connection)
        now = ask.clock() if at is None else at
        return await _answer(connection, found, state, now)


async def _answer(
    connection: Connection, found: CustomerRow, state: CustomerState, now: int
) -> Customer:
    customer_id = found.customer_id
    journey = state.journey
    ids = [UUID(signal_id(episode)) for episode in state.episodes]
    known = await queries.signals_known(connection, ids)
    pending = profile.pending_episodes(state, known)
    signals = await queries.signal_page(connection, customer_id=customer_id, limit=SIGNALS_MAX)
    return Customer(
        customer_id=str(customer_id),
        stage=journey.stage,
        entered_at=profile.optional_time(journey.entered_at),
        overlays=profile.open_overlays(journey.overlays, now),
        identifiers=profile.identifiers(state),
        traits=journey.traits,
        consent=profile.granted(state),
        counters=dict(sorted(journey.counts.items())),
        history=profile.history_items(await queries.history(connection, customer_id)),
        episodes=[profile.episode_item(e) for e in pending if e.abandoned is None],
        signals=[profile.signal(row) for row in signals],
        first_seen_at=profile.optional_time(journey.first_seen_at),
        last_seen_at=profile.optional_time(journey.last_seen_at),
        definition=found.definition,
        merged_ids=[str(i) for i in await queries.merged_ids(connection, customer_id)],
    )


def _timeline_item(body: bytes, history: Sequence[HistoryRow]) -> TimelineItem:
    record: dict[str, Any] = msgspec.json.decode(body)
    place = (read_time(record["occurred_at"]), record["message_id"], record["source"])
    entered = bisect_right(history, place, key=lambda r: (r.entered_at, r.message_id, r.source))
    stage = history[entered - 1].stage if entered else NONE_STAGE
    return TimelineItem.model_validate({**record, "stage": stage})


def _place(item: TimelineItem) -> Place:
    return (read_time(item.occurred_at), item.message_id, item.source)
