"""How the database is set up, for whoever looks for faults; everything is read only."""

from __future__ import annotations

from typing import NamedTuple

from services.journey_state.store.pool import Connection


class Server(NamedTuple):
    """PostgreSQL's version, the settings that durability rests on, and its clock in microseconds.

    `connections_max` is what this user may have in this database; `connections` are those in use.
    """

    version: int  # as server_version_num: 170004
    settings: dict[str, str]
    now: int
    connections_max: int
    connections: int
    is_standby: bool
    writes: bool  # this user may write the tables, as far as they are there


async def server(connection: Connection) -> Server:
    """What the server says of itself."""
    rows = await connection.fetch(
        "SELECT name, setting FROM pg_settings WHERE name IN ('fsync', 'full_page_writes', "
        "'synchronous_commit', 'server_encoding', 'server_version_num', 'max_connections', "
        "'superuser_reserved_connections', 'reserved_connections', 'synchronous_standby_names')"
    )
    settings = {row[0]: row[1] for row in rows}
    row = await connection.fetchrow(
        """
        SELECT clock_timestamp(), pg_is_in_recovery(),
          (SELECT rolconnlimit FROM pg_roles WHERE rolname = current_user),
          (SELECT datconnlimit FROM pg_database WHERE datname = current_database()),
          (SELECT count(*) FROM pg_stat_activity
           WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()),
          coalesce((SELECT bool_and(has_table_privilege(oid, 'INSERT, UPDATE')) FROM pg_class
            WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'p')), true)
        """
    )
    reserved = ("superuser_reserved_connections", "reserved_connections")
    shared = int(settings["max_connections"]) - sum(int(settings.get(one, 0)) for one in reserved)
    limits = [limit for limit in (shared, row[2], row[3]) if limit is not None and limit >= 0]
    version = int(settings["server_version_num"])
    return Server(version, settings, row[0], min(limits), row[4], row[1], row[5])


async def schema_revision(connection: Connection) -> str | None:
    """The last migration that was applied; None: none was."""
    if await connection.fetchval("SELECT to_regclass('alembic_version')") is None:
        return None
    found: str | None = await connection.fetchval("SELECT version_num FROM alembic_version")
    return found


class BeatTimes(NamedTuple):
    """The newest processed heartbeat of an instance: by its own clock, and by Kafka's."""

    instance: str
    low_watermark: int
    append_time: int
    spool: str


async def newest_beats(connection: Connection) -> list[BeatTimes]:
    """One of each instance that has not said goodbye."""
    rows = await connection.fetch(
        """
        SELECT * FROM (SELECT DISTINCT ON (instance) instance, low_watermark, append_time, spool,
          phase FROM heartbeats ORDER BY instance, append_time DESC, record_offset DESC) AS newest
        WHERE phase <> 'goodbye'
        """
    )
    return [BeatTimes(*row[:4]) for row in rows]
