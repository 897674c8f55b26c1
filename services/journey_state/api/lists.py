"""`/v1/signals`, `/v1/stage-changes`, `/v1/deadlines`, `/v1/conflicts`: keyset pages."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from services.journey_state import queries
from services.journey_state.api import cursor, profile
from services.journey_state.api.asking import Ask, CustomerText, Name, PageQuery, find_customer
from services.journey_state.api.deadlines import read_deadlines
from services.journey_state.api.filtering import check_rule
from services.journey_state.api.models import (
    Deadline,
    Page,
    Signal,
    SignalState,
    StageChange,
)
from services.journey_state.api.problems import described

router = APIRouter(responses=described(bad_request="A bad parameter or cursor"))


class ChangeQuery(PageQuery):
    """Whose stage changes."""

    customer: CustomerText | None = None


class DeadlineQuery(ChangeQuery):
    """Which deadlines."""

    rule: Name | None = None


class SignalQuery(DeadlineQuery):
    """Which signals."""

    state: SignalState | None = None


@router.get("/v1/signals", tags=["abandonment"])
async def signals(query: Annotated[SignalQuery, Query()], ask: Ask) -> Page[Signal]:
    """Abandonment signals, the newest due time first."""
    limit = ask.page_items(query.limit)
    after: tuple[int, UUID] | None = cursor.decode(query.after, tuple[cursor.Time, UUID])
    async with ask.database.reading() as connection:
        await check_rule(connection, ask, query.rule)
        customer = await find_customer(connection, query.customer) if query.customer else None
        rows = await queries.signal_page(
            connection,
            rule=query.rule,
            state=query.state,
            customer_id=customer.customer_id if customer else None,
            after=after,
            limit=limit + 1,
        )
    last = (rows[limit - 1].due_at, rows[limit - 1].signal_id) if len(rows) > limit else None
    return Page(
        items=[profile.signal(row) for row in rows[:limit]],
        next=cursor.encode(last) if last else None,
    )


@router.get("/v1/stage-changes", tags=["customers"])
async def stage_changes(query: Annotated[ChangeQuery, Query()], ask: Ask) -> Page[StageChange]:
    """Changes of stage as they are known now, the newest recorded first."""
    limit = ask.page_items(query.limit)
    after: tuple[int] | None = cursor.decode(query.after, tuple[cursor.Number])
    async with ask.database.reading() as connection:
        customer = await find_customer(connection, query.customer) if query.customer else None
        rows = await queries.change_page(
            connection,
            customer_id=customer.customer_id if customer else None,
            after=after[0] if after else None,
            limit=limit + 1,
        )
    last = (rows[limit - 1].history_id,) if len(rows) > limit else None
    return Page(
        items=[profile.stage_change(row) for row in rows[:limit]],
        next=cursor.encode(last) if last else None,
    )


@router.get("/v1/deadlines", tags=["abandonment"])
async def deadlines(query: Annotated[DeadlineQuery, Query()], ask: Ask) -> Page[Deadline]:
    """Signals to come, roughly the earliest first: by customer, those who wake first."""
    return await read_deadlines(
        ask,
        rule=query.rule,
        customer=query.customer,
        after=query.after,
        limit=ask.page_items(query.limit),
    )
