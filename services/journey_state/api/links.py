"""`/v1/links`, `/v1/unlinks`, `/v1/conflicts`: identity by hand, and what it did not apply."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict

from services.contracts.times import format_time
from services.contracts.touchpoint import kind_order
from services.journey_state import conflict_queries
from services.journey_state.api import cursor
from services.journey_state.api.asking import (
    Ask,
    Asking,
    CustomerText,
    PageQuery,
    find_asked,
    find_customer,
    stated_identifier,
)
from services.journey_state.api.link_models import Conflict, Flow, LinkOutcome, Owner
from services.journey_state.api.models import Page
from services.journey_state.api.problems import Problem, described
from services.journey_state.conflict_queries import ConflictRow
from services.journey_state.connected import OwnerLostError, StaleReadError
from services.journey_state.customer import Customer, decode_state
from services.journey_state.linking import Outcome, TooManyLinkedError, link, unlink
from services.journey_state.operator import Act
from services.journey_state.touchpoint import Identifier

ATTEMPTS_MAX = 10
PAUSE_SECONDS_MAX = 0.05

router = APIRouter(tags=["identity"])

_responses = described(
    bad_request="A bad identifier",
    not_found="No such customer",
    conflict="The customers change all the time, or too many identifiers are linked with them",
)


class LinkBody(BaseModel):
    """Two customers that are one: each an id, `kind:value`, or a bare identifier."""

    model_config = ConfigDict(extra="forbid")

    a: CustomerText
    b: CustomerText


class UnlinkBody(BaseModel):
    """An identifier that is to be taken out of all links: `kind:value`, or bare."""

    model_config = ConfigDict(extra="forbid")

    identifier: CustomerText


class ConflictQuery(PageQuery):
    """Whose conflicts."""

    customer: CustomerText | None = None


@router.post("/v1/links", responses=_responses)
async def add_link(body: LinkBody, ask: Ask) -> LinkOutcome:
    """Join two customers for all time; of two with user ids that of `a` survives.

    An identifier that was never met may be linked too, as `kind:value`.
    """
    a, b = await _identifier(ask, body.a), await _identifier(ask, body.b)
    if a == b:
        raise Problem(400, "bad_id", "a and b are the same identifier")
    return await _done(ask, [a, b], lambda act: link(act, a, b))


@router.post("/v1/unlinks", responses=_responses)
async def add_unlink(body: UnlinkBody, ask: Ask) -> LinkOutcome:
    """Take an identifier out of all links, past and to come, until it is linked again."""
    text = body.identifier.strip()
    identifier = await _identifier(ask, text, customers=False)
    return await _done(ask, [identifier], lambda act: unlink(act, identifier))


async def _identifier(ask: Asking, text: str, *, customers: bool = True) -> Identifier:
    """The identifier that is meant; of a customer the first one that it owns."""
    async with ask.database.reading() as connection:
        try:
            found, asked = await find_asked(connection, text)
        except Problem as problem:
            stated = stated_identifier(text)
            if problem.status != 404 or stated is None:
                raise
            return stated
        if not isinstance(asked, UUID):
            return asked
        if not customers:
            raise Problem(400, "bad_id", "Name the identifier to unlink, such as anonymous_id:a1")
        owned = decode_state(found.state).identifiers
    if not owned:
        raise Problem(409, "nothing_owned", f"The customer {text} owns no identifier at present")
    first = min(owned, key=lambda one: (kind_order(one.kind), one.value))
    return first.kind, first.value


async def _done(
    ask: Asking, identifiers: list[Identifier], what: Callable[[Act], Awaitable[Outcome]]
) -> LinkOutcome:
    for _ in range(ATTEMPTS_MAX):
        try:
            async with ask.operator.acting() as act:
                return _answer(identifiers, await what(act))
        except StaleReadError:
            await asyncio.sleep(random.uniform(0, PAUSE_SECONDS_MAX))  # noqa: S311 - jitter
        except TooManyLinkedError as error:
            raise Problem(409, "too_many_linked", str(error)) from None
        except OwnerLostError as error:
            raise Problem(409, "owner_lost", str(error)) from None
    raise Problem(409, "customer_changing", "The customers change all the time; try again")


def _answer(identifiers: list[Identifier], outcome: Outcome) -> LinkOutcome:
    return LinkOutcome(
        owners=[
            _owner(identifier, customer)
            for identifier, customer in zip(identifiers, outcome.owners, strict=True)
        ],
        merged=[_flow(one) for one in outcome.merged],
        split=[_flow(one) for one in outcome.split],
    )


def _owner(identifier: Identifier, customer: Customer | None) -> Owner:
    return Owner(
        kind=identifier[0],
        value=identifier[1],
        customer_id=None if customer is None else str(UUID(bytes=customer.customer_id)),
        stage=None if customer is None else customer.state.journey.stage,
    )


def _flow(flow: tuple[bytes, bytes]) -> Flow:
    return Flow.model_validate({"from": str(UUID(bytes=flow[0])), "to": str(UUID(bytes=flow[1]))})


@router.get("/v1/conflicts", responses=described(bad_request="A bad parameter or cursor"))
async def conflicts(query: Annotated[ConflictQuery, Query()], ask: Ask) -> Page[Conflict]:
    """Moves of identifiers between known customers, and links that were not applied."""
    limit = ask.page_items(query.limit)
    after = cursor.decode(query.after, tuple[UUID, UUID, UUID, cursor.Text])
    async with ask.database.reading() as connection:
        customer = await find_customer(connection, query.customer) if query.customer else None
        rows = await conflict_queries.conflict_page(
            connection,
            customer_id=customer.customer_id if customer else None,
            after=after,
            limit=limit + 1,
        )
    last = rows[limit - 1] if len(rows) > limit else None
    return Page(items=[_conflict(row) for row in rows[:limit]], next=last and _cursor(last))


def _conflict(row: ConflictRow) -> Conflict:
    return Conflict(
        kind=row.kind,
        value=row.value,
        from_customer_id=str(row.from_customer_id),
        to_customer_id=str(row.to_customer_id),
        reason=row.reason,
        count=row.times,
        first_at=format_time(row.first_at),
        last_at=format_time(row.last_at),
    )


def _cursor(row: ConflictRow) -> str:
    return cursor.encode((row.identifier_key, row.from_customer_id, row.to_customer_id, row.reason))
