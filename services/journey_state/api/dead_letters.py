"""`/v1/dead-letters`: records set aside, sent again or dropped; partitions let go on."""

from __future__ import annotations

from base64 import b64encode
from typing import Annotated, Literal

import structlog
from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, ConfigDict, Field

from services.contracts.times import format_time
from services.journey_state import dead_letter_queries as queries
from services.journey_state import dead_letters
from services.journey_state.api import cursor
from services.journey_state.api.asking import Ask, PageQuery
from services.journey_state.api.models import DeadLetter, DeadLetterBytes, Page, Resumed, Settled
from services.journey_state.api.problems import Problem, described
from services.journey_state.api.profile import optional_time
from services.journey_state.event import InvalidRecordError
from services.journey_state.store import dead_letters as letters
from services.journey_state.store import progress
from services.journey_state.store.pool import Connection

_log = structlog.get_logger(__name__)

router = APIRouter(tags=["operations"], responses=described(bad_request="A bad parameter or body"))

LetterId = Annotated[int, Path(ge=1, le=2**63 - 1)]
_MISSING = described(not_found="There is no such dead letter")


class LetterQuery(PageQuery):
    """Which dead letters."""

    status: Literal["open", "replayed", "dropped"] | None = None
    partition: int | None = Field(None, ge=0, le=2**31 - 1)


class ReplayBody(BaseModel):
    """The corrected record, if it is not to be sent as it was."""

    model_config = ConfigDict(extra="forbid")

    value: str | None = Field(None, description="the touchpoint record, JSON as text")


@router.get("/v1/dead-letters")
async def list_letters(query: Annotated[LetterQuery, Query()], ask: Ask) -> Page[DeadLetter]:
    """Records set aside, the oldest first, without their bytes."""
    limit = ask.page_items(query.limit)
    after: tuple[int] | None = cursor.decode(query.after, tuple[cursor.Number])
    async with ask.database.reading() as connection:
        rows = await queries.letter_page(
            connection,
            status=query.status,
            partition=query.partition,
            after=after[0] if after else 0,
            limit=limit + 1,
        )
    last = (rows[limit - 1].dead_letter_id,) if len(rows) > limit else None
    return Page(
        items=[DeadLetter(**_values(row)) for row in rows[:limit]],
        next=cursor.encode(last) if last else None,
    )


@router.get("/v1/dead-letters/{id}", responses=_MISSING)
async def show_letter(id: LetterId, ask: Ask) -> DeadLetterBytes:  # noqa: A002 - the path's name
    """One record set aside, with its bytes. They may hold personal data."""
    async with ask.database.reading() as connection:
        found = await queries.letter(connection, id)
    if found is None:
        raise _unknown(id)
    row, record = found
    value = None if record.value is None else b64encode(record.value).decode()
    return DeadLetterBytes(
        **_values(row), key=_text(record.key), value=_text(record.value), value_base64=value
    )


@router.post("/v1/dead-letters/{id}/replay", responses=_MISSING)
async def replay_letter(id: LetterId, body: ReplayBody, ask: Ask) -> Settled:  # noqa: A002
    """Send one record through the touchpoint topic again, as it was or corrected."""
    fixed = None if body.value is None else body.value.encode()
    async with ask.operator.writing() as connection:
        await _require_open(connection, id, heartbeats=False)
        found = await letters.lock_open(connection, id, limit=1)
        try:
            count = await dead_letters.replay(connection, found, ask.clock(), fixed)
        except InvalidRecordError as error:
            raise Problem(400, "bad_record", f"value is no touchpoint: {error.message}") from error
        if not count:
            raise Problem(409, "nothing_to_send", f"Dead letter {id} has no value: drop it")
        return await _settled(connection, count)


@router.post("/v1/dead-letters/replay")
async def replay_letters(ask: Ask) -> Settled:
    """Send the oldest open records through the touchpoint topic again; repeat while any went."""
    async with ask.operator.writing() as connection:
        found = await letters.lock_open(connection, None, limit=dead_letters.REPLAY_LETTERS_MAX)
        return await _settled(connection, await dead_letters.replay(connection, found, ask.clock()))


@router.post("/v1/dead-letters/{id}/drop", responses=_MISSING)
async def drop_letter(id: LetterId, ask: Ask) -> Settled:  # noqa: A002
    """Mark one record as not to be processed; its bytes stay."""
    async with ask.operator.writing() as connection:
        await _require_open(connection, id, heartbeats=True)
        return await _settled(connection, await letters.drop(connection, id))


@router.post("/v1/dead-letters/drop")
async def drop_letters(ask: Ask) -> Settled:
    """Mark every open record as not to be processed; their bytes stay."""
    async with ask.operator.writing() as connection:
        return await _settled(connection, await letters.drop(connection, None))


@router.post(
    "/v1/partitions/{partition}/resume",
    responses=described(not_found="No worker has read this partition"),
)
async def resume(partition: Annotated[int, Path(ge=0, le=2**31 - 1)], ask: Ask) -> Resumed:
    """Let a partition that stopped go on behind the record that stopped it. Safe to repeat."""
    topic = ask.settings.kafka.topics.touchpoints
    async with ask.operator.writing() as connection:
        found = await progress.let_go_on(connection, topic, partition)
    if found is None:
        detail = f"No worker has read partition {partition} of {topic}"
        raise Problem(404, "partition_unknown", detail)
    next_offset, reason = found
    _log.warning("partition_resumed", partition=partition, reason=reason)
    return Resumed(partition=partition, next_offset=next_offset, stopped=reason)


async def _require_open(connection: Connection, letter_id: int, *, heartbeats: bool) -> None:
    found = await letters.status_of(connection, letter_id)
    if found is None:
        raise _unknown(letter_id)
    status, heartbeat = found
    if status != "open":
        raise Problem(409, "settled", f"Dead letter {letter_id} is {status} already")
    if heartbeat and not heartbeats:
        detail = "It is a heartbeat: its instance says a newer one every few seconds. Drop it"
        raise Problem(409, "heartbeat", detail)


async def _settled(connection: Connection, count: int) -> Settled:
    return Settled(count=count, open=await letters.count_open(connection))


def _unknown(letter_id: int) -> Problem:
    return Problem(404, "dead_letter_unknown", f"There is no dead letter {letter_id}")


def _values(row: queries.LetterRow) -> dict[str, object]:
    return {
        "id": row.dead_letter_id,
        "topic": row.topic,
        "partition": row.partition,
        "offset": row.record_offset,
        "reason": row.reason,
        "message": row.message,
        "status": row.status,
        "heartbeat": row.heartbeat,
        "bytes": row.value_bytes,
        "recorded_at": format_time(row.recorded_at),
        "settled_at": optional_time(row.settled_at),
    }


def _text(value: bytes | None) -> str | None:
    try:
        return None if value is None else value.decode()
    except UnicodeDecodeError:
        return None
