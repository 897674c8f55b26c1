"""Every SQL read of the live stream: what was written since a snapshot, and how far things are."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import NamedTuple

from sqlalchemy import ColumnElement, func, select, text

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


_Conditions = Callable[[ColumnElement[int]], tuple[ColumnElement[bool], ...]]


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
    """Stage changes and signals that `now` sees and `seen` does not: of each about `limit`.

    At most twice as many, and more than `limit` only where there are more. `now` is this
    transaction's snapshot or an older one. A signal that was written again after `now` is not
    among them.
    """
    h, s = stage_history.c, signals.c
    changes = select(h.written_by, *CHANGE_COLUMNS).where(
        h.recorded_at > func.now() - WRITTEN_WITHIN
    )
    told = select(s.written_by, *SIGNAL_COLUMNS).outerjoin(
        definitions, definitions.c.definition_id == s.definition_id
    )
    written = Written([], [])
    for begun in _begun(seen, now):
        # In this order the index on it serves, and no other way looks cheaper.
        first = changes.where(*begun(h.written_by)).order_by(h.written_by).limit(limit)
        rows = await connection.execute(first)
        written.changes.extend((row[0], change_row(row[1:])) for row in rows)
        first = told.where(*begun(s.written_by)).order_by(s.written_by).limit(limit)
        rows = await connection.execute(first)
        written.signals.extend((row[0], signal_row(row[1:])) for row in rows)
    return written


def _begun(seen: Snapshot, now: Snapshot) -> list[_Conditions]:
    """What holds of transactions that began since, and of those that were not over then.

    Asked apart: one that lasts for an hour must not have the whole hour read again.
    """
    ended = sorted(xid for xid in seen.running - now.running if xid < now.end)
    running = sorted(now.running)
    later = [lambda xid: (xid >= seen.end, xid < now.end, xid.not_in(running))]
    return later + ([lambda xid: (xid.in_(ended),)] if ended else [])


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
