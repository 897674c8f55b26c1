"""Every SQL read about the worker's progress: watermark, offsets, outbox, definition, totals."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import func, select, text

from services.contracts.times import from_datetime
from services.journey_state.database import Connection
from services.journey_state.definition import NONE_STAGE
from services.journey_state.tables import consumer_offsets as offsets
from services.journey_state.tables import (
    customers,
    dead_letters,
    definitions,
    ingest_gaps,
    outbox,
    releases,
    signals,
    stage_history,
    watermark,
)
from services.journey_state.tables import heartbeats as beats
from services.journey_state.watermark import Beat, Gap


async def watermark_at(connection: Connection) -> int | None:
    """W in microseconds; None before the first."""
    return _microseconds((await connection.execute(select(watermark.c.at))).scalar())


async def touchpoints_about(connection: Connection) -> int:
    """How many there are in the timeline, as PostgreSQL reckoned when it last looked."""
    found = await connection.execute(
        text(
            """
            SELECT CAST(coalesce(sum(greatest(reltuples, 0)), 0) AS bigint)
            FROM pg_inherits JOIN pg_class ON oid = inhrelid
            WHERE inhparent = CAST('timeline' AS regclass)
            """
        )
    )
    count: int = found.scalar_one()
    return count


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


async def released_instances(connection: Connection) -> dict[str, int]:
    """Instances that an operator let go of and that have not said hello since, and since when."""
    r = releases.c
    rows = await connection.execute(select(r.instance, r.released_at).where(r.hello_at.is_(None)))
    return {row[0]: from_datetime(row[1]) for row in rows}


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

    definition_id: int
    version: str
    journey: str
    text: str
    activated_at: int  # on the watermark's scale; of the first, by the wall clock


async def active_definition(connection: Connection) -> DefinitionRow | None:
    """The definition in force; None before the worker's first start."""
    d = definitions.c
    rows = await connection.execute(
        select(
            d.definition_id,
            d.version,
            d.journey,
            d.text,
            func.coalesce(d.in_force_from, d.activated_at),
        )
        .order_by(d.definition_id.desc())
        .limit(1)
    )
    row = rows.first()
    return None if row is None else DefinitionRow(*row[:4], from_datetime(row[4]))


async def customers_by_definition(connection: Connection) -> dict[int, int]:
    """How many customers were computed by each definition; reads one whole index."""
    c = customers.c
    rows = await connection.execute(
        select(c.definition_id, func.count())
        .where(c.merged_into.is_(None))
        .group_by(c.definition_id)
    )
    return {row[0]: row[1] for row in rows}


async def stage_counts(connection: Connection) -> dict[str, int]:
    """Customers per stage now, those before any stage left out.

    Each stage that a customer left is the `previous` of the next one's row, so those in a stage
    are those who entered it less those who left it. One pass over the history, and no sort: 70 ms
    for 50,000 customers with 250,000 rows, a seventeenth of the time that looking for each
    customer's newest row took.
    """
    h = stage_history.c
    rows = await connection.execute(
        select(h.previous, h.stage, func.count())
        .where(h.superseded_at.is_(None))
        .group_by(h.previous, h.stage)
    )
    counts: Counter[str] = Counter()
    for previous, stage, times in rows:
        counts[stage] += times
        counts[previous] -= times
    return {stage: count for stage, count in counts.items() if stage != NONE_STAGE and count}


async def signal_counts(connection: Connection) -> dict[str, int]:
    """Signals by their state now, those never published included; reads one whole index."""
    rows = await connection.execute(select(signals.c.state, func.count()).group_by(signals.c.state))
    return {row[0]: row[1] for row in rows}


async def touchpoints_stored(connection: Connection) -> int:
    """About how many touchpoints are stored, by PostgreSQL's own statistics.

    They lag by a second, count what was rolled back too, and begin anew after a crash.
    """
    found: int = (await connection.execute(_TOUCHPOINTS)).scalar_one()
    return max(0, found)


# Functions behind pg_stat_user_tables: the view would read the figures of every table.
_TOUCHPOINTS = text(
    """
    SELECT coalesce(sum(pg_stat_get_tuples_inserted(inhrelid)
      - pg_stat_get_tuples_deleted(inhrelid)), 0)::bigint
    FROM pg_inherits WHERE inhparent = 'timeline'::regclass
    """
)


def _microseconds(moment: datetime | None) -> int | None:
    return None if moment is None else from_datetime(moment)
