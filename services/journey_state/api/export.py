"""`GET /v1/customers/{id}/export`: everything held about a person, as one JSON document."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
from fastapi import APIRouter, Query
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, ConfigDict

from services.contracts.times import format_time, from_datetime
from services.journey_state import checkpoint, export_queries, intermediate, queries
from services.journey_state.api.asking import Ask, Asking, CustomerPath, find_customer
from services.journey_state.api.problems import described
from services.journey_state.customer import decode_state
from services.journey_state.database import Connection
from services.journey_state.dead_letters import open_record
from services.journey_state.export_queries import Kept
from services.journey_state.keys import message_key
from services.journey_state.permission import cancellation_key
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
    return StreamingResponse(_document(ask, held), media_type="application/json")


@dataclass(slots=True)
class _Held:
    """All but the touchpoints, and by what the deadlines that were cancelled are found."""

    owners: list[UUID]
    sections: dict[str, Any]
    cancelled: set[str]  # keys of cancelled deadlines
    messages: set[bytes]  # keys of messages that may have been a last activity


async def _held(connection: Connection, found: CustomerRow, owners: list[UUID], now: int) -> _Held:
    rows = await export_queries.rows_of(connection, owners)
    states = {row["customer_id"]: decode_state(row["state"]) for row in rows["customers"]}
    for row in rows["customers"]:
        row["state"] = states[row["customer_id"]]
        if row["customer_id"] == found.customer_id:
            del row["state"]
    left = [
        {"cut_at": row["cut_at"], "past": checkpoint.decode(row["body"])}
        for row in await export_queries.checkpoints(connection, owners)
    ]
    for row in rows["intermediate_checkpoints"]:
        row["past"] = intermediate.read(row.pop("body"))
    sections = {
        "customer_id": found.customer_id,
        "merged_ids": owners[1:],
        "exported_at": format_time(now),
        "definition": found.definition,
        "state": states[found.customer_id],
        **rows,
        **await _letters(connection, owners),
        "checkpoints": left,
        "remembered_messages": await export_queries.remembered(connection, owners),
    }
    pasts = [kept["past"] for kept in (*left, *rows["intermediate_checkpoints"])]
    episodes = [e for one in (*states.values(), *pasts) for e in one.episodes]
    named = [(e.last_source, e.last_message_id) for e in episodes]
    named += [(row["source"], row["message_id"]) for row in rows["stage_history"]]
    cancelled = {key for state in states.values() for key in state.cancelled}
    cancelled |= {cancellation_key(episode) for episode in episodes}
    messages = {message_key(*one) for one in named}
    return _Held(owners, {n: _plain(v) for n, v in sections.items()}, cancelled, messages)


async def _letters(connection: Connection, owners: list[UUID]) -> dict[str, Any]:
    """Records that failed, and those of them that are on their way back to their topic."""
    forms = written(await export_queries.alone(connection, owners))
    letters = [
        letter
        for letter in await export_queries.letters(connection, forms)
        if any(
            holds_any(told, forms)
            for told in (letter["key"] or b"", letter["value"] or b"", letter["message"].encode())
        )
    ]
    returning = [
        {**row, "key": key, "value": value}
        for row in await export_queries.returning(connection, forms)
        for key, value in (open_record(row["value"]),)
        if holds_any(row["value"], forms)
    ]
    return {"dead_letters": letters, "returning_dead_letters": returning}


async def _document(ask: Asking, held: _Held) -> AsyncIterator[bytes]:
    """The document piece by piece; touchpoints are read a page at a time."""
    yield msgspec.json.encode(held.sections)[:-1] + b',"touchpoints":['
    after: Place | None = None
    too_late: list[dict[str, Any]] = []
    while True:
        async with ask.database.reading() as connection:
            page = await export_queries.touchpoints(
                connection, held.owners, after=after, limit=PAGE_TOUCHPOINTS
            )
        if page:
            yield (b"," if after else b"") + b",".join(one.body for one in page)
            after = page[-1].place
            held.messages |= {message_key(one.source, one.message_id) for one in page}
            too_late += [_too_late(one) for one in page if one.too_late]
        if len(page) < PAGE_TOUCHPOINTS:
            break
    async with ask.database.reading() as connection:
        keys = [UUID(key) for key in held.cancelled]
        messages = [UUID(bytes=key) for key in held.messages]
        cancelled = await export_queries.cancelled(connection, keys, messages)
    rest = _plain({"too_late": too_late, "cancelled_deadlines": cancelled})
    yield b"]," + msgspec.json.encode(rest)[1:]


def _too_late(one: Kept) -> dict[str, Any]:
    at = format_time(one.place[0])
    return {"message_id": one.message_id, "source": one.source, "placed_at": at}


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
