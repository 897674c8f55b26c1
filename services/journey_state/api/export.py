"""`GET /v1/customers/{id}/export`: everything held about a person, as one JSON document."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
from fastapi import APIRouter, Query
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, ConfigDict

from services.contracts.times import format_time, from_datetime, read_time
from services.journey_state import checkpoint, export_queries, queries
from services.journey_state.api.asking import Ask, Asking, CustomerPath, find_customer
from services.journey_state.api.problems import described
from services.journey_state.customer import decode_state
from services.journey_state.database import Connection
from services.journey_state.queries import CustomerRow
from services.journey_state.touchpoint import Place
from services.journey_state.traces import holds_any, written

PAGE_TOUCHPOINTS = 1000

router = APIRouter(tags=["privacy"])


class ExportQuery(BaseModel):
    """No parameters."""

    model_config = ConfigDict(extra="forbid")


@router.get(
    "/v1/customers/{id:path}/export",
    responses={
        200: {"content": {"application/json": {}}, "description": "Everything held"},
        **described(bad_request="A bad id", not_found="No such customer", gone="Erased"),
    },
    response_class=StreamingResponse,
)
async def export(
    who: CustomerPath, _: Annotated[ExportQuery, Query()], ask: Ask
) -> StreamingResponse:
    """Everything held about a person: state, history with what was superseded, signals,
    identifiers, conflicts, what retention left of the past, dead letters, and the touchpoints as
    they came."""
    async with ask.database.reading() as connection:
        found = await find_customer(connection, who)
        owners = [found.customer_id, *await queries.merged_ids(connection, found.customer_id)]
        held = await _held(connection, found, owners, ask.clock())
    return StreamingResponse(_document(ask, held, owners), media_type="application/json")


async def _held(
    connection: Connection, found: CustomerRow, owners: list[UUID], now: int
) -> dict[str, Any]:
    """All but the touchpoints."""
    state = decode_state(found.state)
    forms = written((one.kind, one.value) for one in state.identifiers)
    letters = [
        letter
        for letter in await export_queries.letters(connection, forms)
        if holds_any(letter["key"] or b"", forms) or holds_any(letter["value"] or b"", forms)
    ]
    keys = [UUID(key) for key in state.cancelled]
    held = {
        "customer_id": found.customer_id,
        "merged_ids": owners[1:],
        "exported_at": format_time(now),
        "definition": found.definition,
        "state": state,
        **await export_queries.rows_of(connection, owners),
        "cancelled_deadlines": await export_queries.cancelled(connection, keys),
        "checkpoints": [
            {"cut_at": row["cut_at"], "past": checkpoint.decode(row["body"])}
            for row in await export_queries.checkpoints(connection, owners)
        ],
        "dead_letters": letters,
    }
    return {name: _plain(value) for name, value in held.items()}


async def _document(ask: Asking, held: dict[str, Any], owners: list[UUID]) -> AsyncIterator[bytes]:
    """The document piece by piece; touchpoints are read a page at a time."""
    yield msgspec.json.encode(held)[:-1] + b',"touchpoints":['
    after: Place | None = None
    while True:
        async with ask.database.reading() as connection:
            bodies = await queries.timeline(connection, owners, after=after, limit=PAGE_TOUCHPOINTS)
        if bodies:
            yield (b"," if after else b"") + b",".join(bodies)
            after = _place(bodies[-1])
        if len(bodies) < PAGE_TOUCHPOINTS:
            break
    yield b"]}"


def _place(body: bytes) -> Place:
    record = msgspec.json.decode(body)
    return (read_time(record["occurred_at"]), record["message_id"], record["source"])


def _plain(value: Any) -> Any:
    """The value as JSON: structs by the names of their fields, times and ids as everywhere."""
    match value:
        case msgspec.Struct():
            return {name: _plain(getattr(value, name)) for name in value.__struct_fields__}
        case dict():
            return {name: _plain(one) for name, one in value.items()}
        case list() | tuple():
            return [_plain(one) for one in value]
        case datetime():
            return format_time(from_datetime(value))
        case UUID():
            return str(value)
        case bytes():
            return _readable(value)
    return value


def _readable(value: bytes) -> Any:
    """JSON as such, other text as text, and anything else in base64."""
    try:
        return msgspec.json.decode(value)
    except ValueError:
        pass
    try:
        return value.decode()
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(value).decode()}
