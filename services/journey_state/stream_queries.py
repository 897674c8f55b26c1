"""Every SQL read of the live stream: what was written since a snapshot, and how far things are."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, func, or_, select, text

from services.journey_state import progress_queries
from services.journey_state.database import Connection
from services.journey_state.places import Snapshot, read_snapshot
from services.journey_state.queries import (
    CHANGE_COLUMNS,
    SIGNAL_COLUMNS,
    ChangeRow,
    SignalRow,
    change_row,
    signal_row,
)
from services.journey_state.tables import definitions, signals, stage_history

# Of a restored database there are rows of transactions whose numbers this server has yet to give
# out: older changes are none of those. No transaction of ours lasts that long.
WRITTEN_WITHIN = timedelta(days=1)


class Written(NamedTuple):
    """What was written since, each with the transaction that wrote it."""

    changes: list[tuple[int, ChangeRow]]
    signals: list[tuple[int, SignalRow]]


async def snapshot(connection: Connection) -> Snapshot:
    """What this connection's transaction sees."""
    found = await connection.execute(text("SELECT pg_current_snapshot()::text"))
    return read_snapshot(found.scalar_one())


async def written_since(
    connection: Connection, seen: Snapshot, now: Snapshot, *, limit: int
) -> Written:
    """Stage changes and signals that `now` sees and `seen` does not: of each at most `limit`.

    `now` is this transaction's snapshot or an older one. A signal that was written again after
    `now` is not among them.
    """
    h, s = stage_history.c, signals.c
    changes = await connection.execute(
        _since(select(h.written_by, *CHANGE_COLUMNS), h.written_by, seen, now)
        .where(h.recorded_at > func.now() - WRITTEN_WITHIN)
        .limit(limit)
    )
    found = await connection.execute(
        _since(select(s.written_by, *SIGNAL_COLUMNS), s.written_by, seen, now)
        .outerjoin(definitions, definitions.c.definition_id == s.definition_id)
        .limit(limit)
    )
    return Written(
        [(row[0], change_row(row[1:])) for row in changes],
        [(row[0], signal_row(row[1:])) for row in found],
    )


def _since(
    statement: Select[Any], xid: ColumnElement[int], seen: Snapshot, now: Snapshot
) -> Select[Any]:
    return (
        statement.where(
            xid >= seen.first,
            xid < now.end,
            or_(xid >= seen.end, xid.in_(sorted(seen.running))),
            xid.not_in(sorted(now.running)),
        )
        # In this order the index on it serves, and no other looks cheaper.
        .order_by(xid)
    )


class Progress(NamedTuple):
    """How far things are, by what is cheap to ask."""

    watermark: int | None
    touchpoints: int
    outbox: int
    dead_letters: int


async def progress(connection: Connection) -> Progress:
    """Now."""
    return Progress(
        watermark=await progress_queries.watermark_at(connection),
        touchpoints=await progress_queries.touchpoints_stored(connection),
        outbox=(await progress_queries.outbox_backlog(connection))[0],
        dead_letters=await progress_queries.open_dead_letters(connection),
    )
