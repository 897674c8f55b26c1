"""`/v1/journey`: the definition in force, and publishing another one."""

from __future__ import annotations

import asyncio
from functools import lru_cache
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict, Field

from services.contracts.times import format_time
from services.journey_state import active
from services.journey_state import progress_queries as queries
from services.journey_state.api.asking import Ask, Asking
from services.journey_state.api.models import InForce, Journey, PublishedJourney
from services.journey_state.api.problems import Problem, described
from services.journey_state.definition import (
    DEFINITION_BYTES_MAX,
    Definition,
    DefinitionError,
    describe,
    load,
)
from services.journey_state.progress_queries import DefinitionRow

router = APIRouter(tags=["operations"])

FILE = "journey"  # the name of what was sent, in messages


class JourneyQuery(BaseModel):
    """The parameters of the journey."""

    model_config = ConfigDict(extra="forbid")

    customers: bool = Field(False, description="count customers per stage")


class _Sent(msgspec.Struct, forbid_unknown_fields=True):
    text: str


@router.get(
    "/v1/journey",
    responses=described(bad_request="A bad parameter", not_found="No definition is in force yet"),
)
async def journey(query: Annotated[JourneyQuery, Query()], ask: Ask) -> Journey:
    """The journey definition in force, and how far customers have been computed by it."""
    row, progress = await _present(ask)
    definition = await asyncio.to_thread(_described, row.text)
    counts = await ask.stage_counts.get(ask.database) if query.customers else None
    return Journey(**progress.model_dump(), definition=definition, customers=counts)


@router.post(
    "/v1/journey",
    responses=described(bad_request="The definition has faults; `errors` lists each of them"),
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                "application/yaml": {"schema": {"type": "string"}},
                "application/json": {
                    "schema": {
                        "type": "object",
                        "required": ["text"],
                        "properties": {"text": {"type": "string", "description": "the YAML"}},
                    }
                },
            },
        }
    },
)
async def publish(request: Request, ask: Ask) -> PublishedJourney:
    """Put another definition in force: customers are computed again in the background.

    The body is the YAML file, or JSON with the file as `text`.
    """
    definition = await asyncio.to_thread(_read, await request.body(), _is_json(request))
    async with ask.operator.writing() as connection:
        published = await active.publish(connection, definition)
    _, progress = await _present(ask)
    return PublishedJourney(**progress.model_dump(), published=published.new)


async def in_force(ask: Asking) -> InForce | None:
    """The definition in force and how far it is applied; None before the first."""
    # Counted before the definition is read: a definition published in between has all customers
    # of that count before it, never none.
    counts = await ask.customers_by_definition.get(ask.database)
    async with ask.database.reading() as connection:
        row = await queries.active_definition(connection)
    return None if row is None else _in_force(row, counts)


async def _present(ask: Asking) -> tuple[DefinitionRow, InForce]:
    counts = await ask.customers_by_definition.get(ask.database)
    async with ask.database.reading() as connection:
        row = await queries.active_definition(connection)
    if row is None:
        detail = "No definition is in force yet: the worker puts one in force at its first start"
        raise Problem(404, "no_definition", detail)
    return row, _in_force(row, counts)


def _in_force(row: DefinitionRow, counts: dict[int, int]) -> InForce:
    remaining = sum(n for key, n in counts.items() if key < row.definition_id)
    return InForce(
        journey=row.journey,
        version=row.version,
        definition_id=row.definition_id,
        activated_at=format_time(row.activated_at),
        recomputed=sum(counts.values()) - remaining,
        remaining=remaining,
    )


@lru_cache(maxsize=2)
def _described(text: str) -> dict[str, Any]:
    # Reading a definition compiles it, and it is asked for far oftener than it changes.
    return describe(load(text))


def _is_json(request: Request) -> bool:
    return request.headers.get("content-type", "").partition(";")[0].strip() == "application/json"


def _read(body: bytes, is_json: bool) -> Definition:
    """The definition that was sent; else a Problem (400)."""
    try:
        text = msgspec.json.decode(body, type=_Sent).text if is_json else body.decode()
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        detail = f'The body is not UTF-8 YAML, nor JSON such as {{"text": "journey: ..."}}: {error}'
        raise Problem(400, "bad_definition", detail) from None
    if len(text.encode()) > DEFINITION_BYTES_MAX:
        detail = f"A definition has at most {DEFINITION_BYTES_MAX} bytes"
        raise Problem(400, "bad_definition", detail)
    try:
        return load(text, file=FILE)
    except DefinitionError as error:
        errors = [
            {
                "where": f"{fault.file}:{fault.line}:{fault.column}",
                "message": fault.message,
                "hint": fault.hint,
            }
            for fault in error.problems
        ]
        raise Problem(400, "bad_definition", str(error), errors) from None
