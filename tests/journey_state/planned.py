"""A database of realistic size, and the plans that PostgreSQL makes for what is asked of it."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

import asyncpg
import msgspec
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncConnection

from services.journey_state.database import Database
from services.journey_state.store.pool import Store

# Large enough for a scan of the whole table to cost more than the index.
FILL = """
INSERT INTO definitions (version, journey, text) VALUES ('v1', 'shop', 'journey: shop');
INSERT INTO customers (customer_id, definition_id, state, merged_into)
SELECT md5('c' || n)::uuid, 1, sha256(n::text::bytea),
  CASE WHEN n % 50 = 0 THEN md5('c' || n - 1)::uuid END FROM generate_series(1, 20000) n;
INSERT INTO identifiers (identifier_key, kind, value, customer_id, since)
SELECT md5('i' || n)::uuid, 'user_id', 'u' || n, md5('c' || n)::uuid, '2026-09-21'
FROM generate_series(1, 20000) n;
INSERT INTO ownership_periods
SELECT md5('i' || n * 10)::uuid, from_at, '', '', md5('c' || n * 10 + moved)::uuid
FROM generate_series(1, 1900) n,
  (VALUES (0, '-infinity'::timestamptz), (1, '2026-09-21')) AS p (moved, from_at);
INSERT INTO timeline
SELECT md5('i' || n % 20000)::uuid, '2026-11-25'::timestamptz - n * interval '6 minutes',
  'm' || n, 'shop', '2026-11-25'::timestamptz - n * interval '6 minutes', 'website', 'page', '{}'
FROM generate_series(1, 100000) n;
INSERT INTO dedupe SELECT md5('m' || n)::uuid, occurred_at, identifier_key, occurred_at
FROM (SELECT row_number() OVER () AS n, * FROM timeline) t;
INSERT INTO checkpoints SELECT identifier_key, '2026-09-01', '' FROM identifiers;
INSERT INTO intermediate_checkpoints
SELECT customer_id, '2026-09-01', 'm', 's', '' FROM customers;
INSERT INTO stage_history (customer_id, previous, stage, entered_at, direction, rule, message_id,
  event, channel, source, cause_kind, definition_id, written_by)
SELECT md5('c' || n % 20000)::uuid, 'none', 'awareness', '2026-09-21', 'first', 'awareness[0]',
  'm' || n, 'page', 'website', 'shop', 'touchpoint', 1, n FROM generate_series(1, 40000) n;
INSERT INTO signals (signal_id, customer_id, rule, scope, due_at, state, published, revision,
  raised_at, definition_id, payload, written_by)
SELECT md5('s' || n)::uuid, md5('c' || n)::uuid, 'cart', '',
  '2026-09-21'::timestamptz + n * interval '1 s',
  (ARRAY['raised', 'recovered', 'expired', 'retracted'])[n % 4 + 1], true, 1, '2026-09-21', 1,
  '{}', n
FROM generate_series(1, 20000) n;
INSERT INTO timers SELECT md5('c' || n)::uuid, '2026-11-21'::timestamptz + n * interval '1 s'
FROM generate_series(1, 20000) n;
INSERT INTO outbox (shard, customer_id, topic, version, ce_id, ce_type)
SELECT n % 16, md5('c' || n)::uuid, 1, 1, md5('o' || n)::uuid, 'stage'
FROM generate_series(1, 20000) n;
INSERT INTO conflicts
SELECT md5('i' || n)::uuid, md5('c' || n)::uuid, md5('c' || n + 1)::uuid, 'moved', 1,
  '2026-09-21', '2026-09-21' FROM generate_series(1, 10000) n;
INSERT INTO identifier_links
SELECT md5('i' || n)::uuid, md5('i' || n + 1)::uuid FROM generate_series(1, 20000, 2) n
UNION ALL SELECT md5('i' || n + 1)::uuid, md5('i' || n)::uuid FROM generate_series(1, 20000, 2) n;
INSERT INTO operator_links (at, a_key, a_kind, a_value, b_key, b_kind, b_value)
SELECT '2026-09-21', md5('i' || n)::uuid, 'user_id', 'u', md5('i' || n + 1)::uuid, 'user_id', 'v'
FROM generate_series(1, 20000) n;
INSERT INTO dead_letters (topic, partition, record_offset, reason, message)
SELECT 't', 0, n, 'invalid', '' FROM generate_series(1, 10000) n;
INSERT INTO erased_identifiers
SELECT md5('e' || n)::uuid, '2026-09-21', NULL, false FROM generate_series(1, 20000) n;
INSERT INTO erased_messages SELECT md5('e' || n)::uuid, '2027-11-21'
FROM generate_series(1, 20000) n;
INSERT INTO cancelled_deadlines
SELECT md5('d' || n)::uuid, md5('m' || n)::uuid, 'cart', '', 's', 'm'
FROM generate_series(1, 20000) n;
INSERT INTO consumer_offsets SELECT 't', n, 0 FROM generate_series(0, 11) n;
INSERT INTO map_cells
SELECT n, CASE WHEN n > 5 THEN 'event' WHEN n = 5 THEN 'dwell' ELSE 'entered' END,
  'awareness', '', 'e' || n
FROM generate_series(1, 200) n;
INSERT INTO map_counts
SELECT n, 20000 + day, 20000 + day - 7, 1, 1
FROM generate_series(1, 200) n, generate_series(-100, 200) day;
INSERT INTO map_slots SELECT 1920000 + n / 4, n % 4, 1, 1 FROM generate_series(1, 40000) n;
INSERT INTO map_returns SELECT 1920000 + n, 1910000 + n, n % 4, 1 FROM generate_series(1, 40000) n;
INSERT INTO map_dwells SELECT n % 200, 1920000 + n, n, 1 FROM generate_series(1, 40000) n;
INSERT INTO map_people
SELECT md5('c' || n)::uuid, '{1}', '{1920000}', '{1910000}', '{1}', '{1}', '{1}', '{1920000}'
FROM generate_series(1, 20000) n;
TRUNCATE map_changes;
INSERT INTO map_changes SELECT md5('c' || n)::uuid, NULL FROM generate_series(1, 100) n;
INSERT INTO watermark_history
SELECT '2026-11-25'::timestamptz - n * interval '1 minute', '2026-11-25'
FROM generate_series(1, 20000) n;
"""

PARTITION = re.compile(r"^timeline_(?:past|default|\d{4}_\d\d)(\w*)$")

# Tables that stay so small that reading them whole is the best plan.
SMALL = frozenset(
    {
        "watermark",
        "timeline_cut",
        "relay_shards",
        "definitions",
        "heartbeats",
        "ingest_gaps",
        "consumer_offsets",
        "map_state",
        "map_cells",
        "map_changes",  # emptied all the time
        "pg_inherits",
    }
)


class Statement(NamedTuple):
    """What was asked, as PostgreSQL got it."""

    sql: str
    args: tuple[Any, ...]


class Recorder:
    """A connection of the store's kind that remembers its statements."""

    def __init__(self, connection: Any) -> None:
        self.asked: list[Statement] = []
        self._connection = connection

    async def fetch(self, sql: str, *args: Any) -> Any:
        self.asked.append(Statement(sql, args))
        return await self._connection.fetch(sql, *args)

    async def fetchrow(self, sql: str, *args: Any) -> Any:
        self.asked.append(Statement(sql, args))
        return await self._connection.fetchrow(sql, *args)

    async def fetchval(self, sql: str, *args: Any) -> Any:
        self.asked.append(Statement(sql, args))
        return await self._connection.fetchval(sql, *args)

    async def execute(self, sql: str, *args: Any) -> Any:
        self.asked.append(Statement(sql, args))
        return await self._connection.execute(sql, *args)

    async def executemany(self, sql: str, rows: list[tuple[Any, ...]]) -> Any:
        self.asked.append(Statement(sql, rows[0]))
        return await self._connection.executemany(sql, rows)


class Scan(NamedTuple):
    """One access of a plan to a table."""

    node: str
    table: str | None
    by: str | None


class Planned:
    """Plans of statements, from what this database knows of itself."""

    def __init__(self, store: Store, database: Database) -> None:
        self._store = store
        self._database = database

    async def of_store(self, work: Callable[[Any], Awaitable[Any]]) -> list[Scan]:
        """The scans of what `work` asks in a transaction, which is rolled back."""
        async with self._store.connection() as connection:
            transaction = connection.transaction()
            await transaction.start()
            recorder = Recorder(connection)
            try:
                await work(recorder)
                # What the store sets to be on the safe side would prove nothing here.
                await connection.execute("RESET enable_seqscan")
                asked = [one for one in recorder.asked if not one.sql.startswith("SET ")]
                return [s for one in asked for s in await _scans(connection, one)]
            finally:
                await transaction.rollback()

    async def of_api(self, work: Callable[[AsyncConnection], Awaitable[Any]]) -> list[Scan]:
        """The scans of what `work` reads."""
        async with self._database.reading() as connection:
            with _recorded(connection) as asked:
                await work(connection)
            raw = await connection.get_raw_connection()
            driver = raw.driver_connection
            assert driver is not None
            return [s for one in asked for s in await _scans(driver, one)]


@asynccontextmanager
async def filled(url: str) -> AsyncIterator[Planned]:
    """A database, which is empty before, with some 20,000 customers in it."""
    connection = await asyncpg.connect(url)
    await connection.execute(FILL)
    # As autovacuum does it: partitions in which nothing is yet are not looked at.
    tables = await connection.fetch(
        "SELECT oid::regclass::text FROM pg_class WHERE relkind = 'r' "
        "AND relnamespace = 'public'::regnamespace AND pg_relation_size(oid) > 0"
    )
    await connection.execute(f"VACUUM ANALYZE {', '.join(table for (table,) in tables)}")
    await connection.close()
    store, database = await Store.connect(url), Database.at(url)
    try:
        yield Planned(store, database)
    finally:
        await store.close()
        await database.close()


def _recorded(connection: AsyncConnection) -> Any:
    return _Recording(connection.sync_connection)


class _Recording:
    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self._asked: list[Statement] = []

    def __enter__(self) -> list[Statement]:
        event.listen(self._connection, "before_cursor_execute", self._note)
        return self._asked

    def __exit__(self, *_error: object) -> None:
        event.remove(self._connection, "before_cursor_execute", self._note)

    def _note(self, _connection: Any, _cursor: Any, sql: str, args: Any, *_rest: Any) -> None:
        self._asked.append(Statement(sql, tuple(args)))


async def _scans(connection: Any, asked: Statement) -> list[Scan]:
    """Of the plan for these arguments, and of the one for any that is kept for later calls."""
    custom = await connection.fetchval(f"EXPLAIN (FORMAT JSON) {asked.sql}", *asked.args)
    await connection.execute("SET plan_cache_mode = force_generic_plan")
    await connection.execute(f"PREPARE asked AS {asked.sql}")
    given = f"({', '.join(['NULL'] * len(asked.args))})" if asked.args else ""
    generic = await connection.fetchval(f"EXPLAIN (FORMAT JSON) EXECUTE asked {given}")
    await connection.execute("DEALLOCATE asked")
    await connection.execute("RESET plan_cache_mode")
    # SQLAlchemy has its connections read JSON.
    plans = [msgspec.json.decode(p) if isinstance(p, str) else p for p in (custom, generic)]
    return [scan for plan in plans for scan in _walk(plan[0]["Plan"])]


def _walk(plan: dict[str, Any]) -> Iterator[Scan]:
    if "Scan" in plan["Node Type"]:
        yield Scan(plan["Node Type"], _whole(plan, "Relation Name"), _whole(plan, "Index Name"))
    for child in plan.get("Plans", []):
        yield from _walk(child)


def _whole(plan: dict[str, Any], field: str) -> str | None:
    """The name without which partition it is."""
    name: str | None = plan.get(field)
    return name and PARTITION.sub(r"timeline\1", name)
