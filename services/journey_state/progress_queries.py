"""Every SQL read about the worker's progress: watermark, offsets, outbox, definition, totals."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import distinct_on

from services.contracts.times import from_datetime
from services.journey_state.database import Connection
from services.journey_state.tables import consumer_offsets as offsets
from services.journey_state.tables import (
    dead_letters,
    definitions,
    ingest_gaps,
    outbox,
    stage_history,
    watermark,
)
from services.journey_state.tables import heartbeats as beats
from services.journey_state.watermark import Beat, Gap


async def watermark_at(connection: Connection) -> int | None:
    """W in microseconds; None before the first."""
    return _microseconds((await connection.execute(select(watermark.c.at))).scalar())


async def gaps(connection: Connection) -> list[Gap]:
    """Recorded times without a heartbeat of any instance."""
    g = ingest_gaps.c
    rows = await connection.execute(select(g.partition, g.from_at, g.to_at).order_by(g.from_at))
    return [Gap(row[0], from_datetime(row[1]), from_datetime(row[2])) for row in rows]


async def newest_beats(connection: Connection) -> list[Beat]:
    """The newest processed heartbeat of each (partition, instance)."""
    rows = await connection.execute(select(beats).order_by(beats.c.instance, beats.c.partition))
    return [
        Beat(
            partition=row.partition,
            instance=row.instance,
            low_watermark=from_datetime(row.low_watermark),
            append_time=from_datetime(row.append_time),
            offset=row.record_offset,
            spool=row.spool,
            phase=row.phase,
        )
        for row in rows
    ]


class OffsetRow(NamedTuple):
    """How far a partition is processed, and why it has stopped, if it has."""

    partition: int
    next_offset: int
    log_time: int | None
    stopped: str | None


async def partition_offsets(connection: Connection, topic: str) -> list[OffsetRow]:
    """Progress of every partition of the topic that has been seen."""
    o = offsets.c
    rows = await connection.execute(
        select(o.partition, o.next_offset, o.log_time, o.stopped)
        .where(o.topic == topic)
        .order_by(o.partition)
    )
    return [OffsetRow(row[0], row[1], _microseconds(row[2]), row[3]) for row in rows]


async def outbox_backlog(connection: Connection) -> tuple[int, int | None]:
    """How many messages wait for the relay, and since when the oldest does."""
    pending = (await connection.execute(select(func.count()).select_from(outbox))).scalar_one()
    oldest = await connection.execute(
        select(outbox.c.created_at).order_by(outbox.c.outbox_id).limit(1)
    )
    return pending, _microseconds(oldest.scalar())


async def open_dead_letters(connection: Connection) -> int:
    """Records set aside and not yet replayed or dropped."""
    d = dead_letters.c
    found = await connection.execute(
        select(func.count()).select_from(dead_letters).where(d.status == "open")
    )
    return found.scalar_one()


class DefinitionRow(NamedTuple):
    """The journey definition in force."""

    version: str
    journey: str
    text: str
    activated_at: int


async def active_definition(connection: Connection) -> DefinitionRow | None:
    """The definition in force; None before the worker's first start."""
    d = definitions.c
    rows = await connection.execute(
        select(d.version, d.journey, d.text, d.activated_at)
        .order_by(d.activated_at.desc(), d.definition_id.desc())
        .limit(1)
    )
    row = rows.first()
    return None if row is None else DefinitionRow(*row[:3], from_datetime(row[3]))


async def stage_counts(connection: Connection) -> dict[str, int]:
    """Customers per stage now, those before any stage left out; reads the whole history."""
    h = stage_history.c
    newest = (
        select(h.stage)
        .ext(distinct_on(h.customer_id))
        .where(h.superseded_at.is_(None))
        .order_by(h.customer_id, h.entered_at.desc(), h.message_id.desc(), h.source.desc())
        .subquery()
    )
    rows = await connection.execute(select(newest.c.stage, func.count()).group_by(newest.c.stage))
    return {row[0]: row[1] for row in rows}


def _microseconds(moment: datetime | None) -> int | None:
    return None if moment is None else from_datetime(moment)
