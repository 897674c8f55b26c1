"""Every SQL read about dead letters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import func, select

from services.contracts.times import from_datetime
from services.journey_state.database import Connection
from services.journey_state.tables import dead_letters


class LetterRow(NamedTuple):
    """A dead letter without its bytes."""

    dead_letter_id: int
    topic: str
    partition: int
    record_offset: int
    reason: str
    message: str
    status: str
    heartbeat: bool
    value_bytes: int
    recorded_at: int
    settled_at: int | None


class LetterBytes(NamedTuple):
    """What the record held."""

    key: bytes | None
    value: bytes | None


_d = dead_letters.c
_COLUMNS = (
    _d.dead_letter_id,
    _d.topic,
    _d.partition,
    _d.record_offset,
    _d.reason,
    _d.message,
    _d.status,
    _d.heartbeat,
    func.coalesce(func.octet_length(_d.value), 0),
    _d.recorded_at,
    _d.settled_at,
)


async def letter_page(
    connection: Connection, *, status: str | None, partition: int | None, after: int, limit: int
) -> list[LetterRow]:
    """Dead letters behind an id, the oldest first."""
    query = select(*_COLUMNS).where(_d.dead_letter_id > after)
    if status is not None:
        query = query.where(_d.status == status)
    if partition is not None:
        query = query.where(_d.partition == partition)
    rows = await connection.execute(query.order_by(_d.dead_letter_id).limit(limit))
    return [_row(tuple(row)) for row in rows]


async def letter(
    connection: Connection, dead_letter_id: int
) -> tuple[LetterRow, LetterBytes] | None:
    """One dead letter, whole."""
    query = select(*_COLUMNS, _d.key, _d.value).where(_d.dead_letter_id == dead_letter_id)
    row = (await connection.execute(query)).first()
    return None if row is None else (_row(tuple(row)[:-2]), LetterBytes(*tuple(row)[-2:]))


def _row(row: Sequence[Any]) -> LetterRow:
    *same, recorded_at, settled_at = row
    settled = None if settled_at is None else from_datetime(settled_at)
    return LetterRow._make([*same, from_datetime(recorded_at), settled])
