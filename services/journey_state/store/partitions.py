"""The partitions of the timeline: one per month, made ahead of time."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import NamedTuple

from services.contracts.times import read_time
from services.journey_state.store.pool import Connection

MONTHS_AHEAD = 2
# Whoever waits for longer holds up those behind it: better try again later.
LOCK_MILLISECONDS_MAX = 500
# Of the advisory lock that upkeep takes; the number is ours alone.
UPKEEP_LOCK = 0x6D696C66

PAST = "timeline_past"  # from ever to the first month
REST = "timeline_default"  # whatever has no partition of its own


class Partition(NamedTuple):
    """A partition and the instant that all in it is before; None: no end, or the default one."""

    name: str
    end: int | None


class Month(NamedTuple):
    """A month of UTC, from its first instant to the next one's."""

    name: str
    start: str
    end: str


def month_of(at: datetime) -> Month:
    """The month that the instant is in."""
    start = at.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return Month(f"timeline_{start:%Y_%m}", start.isoformat(), _next(start).isoformat())


def months_from(at: datetime, count: int) -> list[Month]:
    """The month of the instant and those after it."""
    months = []
    for _ in range(count):
        months.append(month_of(at))
        at = _next(at.astimezone(UTC).replace(day=1))
    return months


def _next(start: datetime) -> datetime:
    return start.replace(year=start.year + start.month // 12, month=start.month % 12 + 1)


async def take_turn(connection: Connection) -> bool:
    """Whether this transaction does the upkeep: one process at a time."""
    mine: bool = await connection.fetchval(f"SELECT pg_try_advisory_xact_lock({UPKEEP_LOCK})")
    if mine:
        await wait_briefly(connection)
    return mine


async def wait_briefly(connection: Connection) -> None:
    """Until the end of the transaction no lock is waited for longer than it may hold up others."""
    await connection.execute(f"SET LOCAL lock_timeout = {LOCK_MILLISECONDS_MAX}")


async def read_partitions(connection: Connection) -> list[Partition]:
    """The partitions of the timeline, the default one last."""
    rows = await connection.fetch(
        r"""
        SELECT c.relname, (extract(epoch FROM
          substring(pg_get_expr(c.relpartbound, c.oid) FROM 'TO \(''(.+)''\)')::timestamptz)
          * 1000000)::bigint AS ends
        FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
        WHERE i.inhparent = 'timeline'::regclass ORDER BY ends NULLS LAST
        """
    )
    return [Partition(*row) for row in rows]


async def add_month(connection: Connection, month: Month) -> None:
    """The timeline has a partition of that month; what fell into the default one is moved there.

    Locks the default partition alone, which is all but empty: records go on being written.
    """
    await connection.execute("LOCK TABLE ONLY timeline IN SHARE UPDATE EXCLUSIVE MODE")
    await connection.execute(f"LOCK TABLE {REST} IN ACCESS EXCLUSIVE MODE")
    await connection.execute(f"CREATE TABLE {month.name} (LIKE timeline INCLUDING ALL)")
    await connection.execute(
        f"""
        WITH moved AS (DELETE FROM {REST}
          WHERE occurred_at >= '{month.start}' AND occurred_at < '{month.end}' RETURNING *)
        INSERT INTO {month.name} SELECT * FROM moved
        """  # noqa: S608 - names and times of our own
    )
    await connection.execute(
        f"ALTER TABLE timeline ATTACH PARTITION {month.name} "
        f"FOR VALUES FROM ('{month.start}') TO ('{month.end}')"
    )


async def missing_months(connection: Connection, now: datetime) -> list[Month]:
    """Those of this month and the next ones that no partition but the default one holds."""
    there = await read_partitions(connection)
    names = {partition.name for partition in there}
    past = max((p.end or 0 for p in there if p.name == PAST), default=0)
    return [
        month
        for month in months_from(now, 1 + MONTHS_AHEAD)
        if month.name not in names and read_time(month.start) >= past
    ]


async def make_months(connection: Connection, now: datetime) -> int:
    """Make what is missing, in the caller's transaction; gives how many were.

    Raises LockNotAvailableError when the default partition is in use for long.
    """
    if not await take_turn(connection):
        return 0
    missing = await missing_months(connection, now)
    for month in missing:
        await add_month(connection, month)
    return len(missing)
