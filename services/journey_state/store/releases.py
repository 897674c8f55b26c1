"""Ingest instances that an operator has released: they count nowhere until they say hello again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from services.journey_state.store.pool import Connection


class LastHeard(NamedTuple):
    """The newest processed heartbeat of an instance over all partitions."""

    append_time: int
    spool: str
    phase: str


async def last_heard(connection: Connection, instance: str) -> LastHeard | None:
    """When the instance was last heard; None: never."""
    row = await connection.fetchrow(
        """
        SELECT append_time, spool, phase FROM heartbeats
        WHERE instance = $1 ORDER BY append_time DESC, record_offset DESC LIMIT 1
        """,
        instance,
    )
    return None if row is None else LastHeard(*row)


async def release(connection: Connection, instance: str, last_beat_at: int) -> int:
    """The instance counts nowhere behind this instant of the log; gives it. Safe to repeat."""
    await connection.execute("LOCK TABLE releases IN SHARE ROW EXCLUSIVE MODE")
    await connection.execute(
        """
        INSERT INTO releases (instance, last_beat_at)
        SELECT $1, $2 WHERE NOT EXISTS
          (SELECT 1 FROM releases WHERE instance = $1 AND hello_at IS NULL)
        """,
        instance,
        last_beat_at,
    )
    released_at: int = await connection.fetchval(
        "SELECT released_at FROM releases WHERE instance = $1 AND hello_at IS NULL", instance
    )
    return released_at


async def end_releases(connection: Connection, hellos: Mapping[str, int]) -> None:
    """Who says hello counts again: instance to append time.

    A hello from before the release, in a partition that lags behind, is none of these.
    """
    await connection.execute(
        """
        UPDATE releases AS r SET hello_at = h.at
        FROM unnest($1::text[], $2::timestamptz[]) AS h (instance, at)
        WHERE r.instance = h.instance AND r.hello_at IS NULL AND h.at > r.last_beat_at
        """,
        list(hellos),
        list(hellos.values()),
    )


async def read_released(connection: Connection) -> dict[str, int]:
    """The instances that are released now, and since when."""
    rows = await connection.fetch(
        "SELECT instance, released_at FROM releases WHERE hello_at IS NULL"
    )
    return {row[0]: row[1] for row in rows}
