"""The map's roll-ups kept up: what has changed, and the difference that it makes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from services.journey_state.rollup_queries import CONTRIBUTIONS, NEVER, day
from services.journey_state.store.pool import Connection, uuid_array

# Of the advisory lock under which the figures change; the number is ours alone.
ROLLUP_LOCK = 0x6D696C67
CHANGES_COUNTED_MAX = 100_000
_FROM_US = 0  # 1970: no figure is asked for before
_TO_US = 253_370_764_800_000_000  # 9999


class State(NamedTuple):
    """By which definition is rolled up, and how far the first walk over everybody has come."""

    definition_id: int | None
    done_to: bytes | None
    complete: bool


class Definition(NamedTuple):
    """What the figures need of a definition."""

    definition_id: int
    stages: Sequence[str]
    aliases: str  # JSON


async def take_turn(connection: Connection) -> bool:
    """Whether this transaction may change the figures: one at a time."""
    mine: bool = await connection.fetchval(f"SELECT pg_try_advisory_xact_lock({ROLLUP_LOCK})")
    return mine


async def read_state(connection: Connection) -> State:
    """How far it is."""
    row = await connection.fetchrow("SELECT definition_id, done_to, complete FROM map_state")
    return State(*row)


async def save_state(connection: Connection, state: State) -> None:
    """Keep how far it is."""
    await connection.execute(
        "UPDATE map_state SET definition_id = $1, done_to = $2, complete = $3", *state
    )


async def next_customers(connection: Connection, after: bytes | None, limit: int) -> list[bytes]:
    """Customers behind this id, merged ones too: what is noted of these finds nothing."""
    rows = await connection.fetch(
        """
        SELECT customer_id FROM customers WHERE $1::uuid IS NULL OR customer_id > $1
        ORDER BY customer_id LIMIT $2
        """,
        after,
        limit,
    )
    return [row[0] for row in rows]


async def has_changes(connection: Connection) -> bool:
    """Whether anything was noted."""
    found: bool = await connection.fetchval("SELECT EXISTS (SELECT FROM map_changes)")
    return found


async def take_changed(connection: Connection, limit: int) -> list[bytes]:
    """Whom so many notes are about, which are gone after this.

    What is changed by transactions that go on meanwhile has notes of its own.
    """
    rows = await connection.fetch(
        """
        WITH taken AS (
          DELETE FROM map_changes
          WHERE ctid = ANY (ARRAY(SELECT ctid FROM map_changes LIMIT $1))
          RETURNING customer_id, identifier_key
        ), named AS (
          SELECT array_agg(DISTINCT identifier_key) AS keys FROM taken
          WHERE identifier_key IS NOT NULL
        )
        SELECT customer_id FROM (
          SELECT customer_id FROM taken
          UNION SELECT customer_id FROM identifiers
            WHERE identifier_key = ANY ((SELECT keys FROM named)::uuid[])
          UNION SELECT customer_id FROM ownership_periods
            WHERE identifier_key = ANY ((SELECT keys FROM named)::uuid[])
        ) AS changed WHERE customer_id IS NOT NULL ORDER BY 1
        """,
        limit,
    )
    return [row[0] for row in rows]


class Standing(NamedTuple):
    """Whether everybody is rolled up by the definition in force, and how many changes wait."""

    complete: bool
    changes: int  # no more than `CHANGES_COUNTED_MAX` are counted


async def read_standing(connection: Connection) -> Standing:
    """As of now."""
    row = await connection.fetchrow(
        """
        SELECT complete AND definition_id = (SELECT max(definition_id) FROM definitions),
          (SELECT count(*) FROM (SELECT FROM map_changes LIMIT $1) AS waiting)
        FROM map_state
        """,
        CHANGES_COUNTED_MAX,
    )
    return Standing(bool(row[0]), row[1])


async def roll(
    connection: Connection, customer_ids: Sequence[bytes], definition: Definition
) -> None:
    """The figures hold of these customers what there is of them now, and nothing else.

    The lock is held by this transaction.
    """
    if not customer_ids:
        return
    await connection.execute("SET LOCAL enable_seqscan = off")
    values = {
        "among": uuid_array(customer_ids),
        "stages": definition.stages,
        "aliases": definition.aliases,
        "from": _FROM_US,
        "to": _TO_US,
        "begin": _FROM_US,
        "end": _TO_US,
    }
    await connection.execute(_ROLL.sql, *(values[name] for name in _ROLL.names))


async def forget(
    connection: Connection, customer_ids: Sequence[bytes], identifier_keys: Sequence[bytes]
) -> None:
    """Nothing in the figures is of these customers, and nothing is noted of them."""
    await connection.execute(f"SELECT pg_advisory_xact_lock({ROLLUP_LOCK})")
    await connection.execute(_FORGET, uuid_array(customer_ids))
    await connection.execute(
        """
        DELETE FROM map_changes WHERE customer_id = ANY($1::text::uuid[])
          OR identifier_key = ANY($2::text::uuid[])
        """,
        uuid_array(customer_ids),
        uuid_array(identifier_keys),
    )


async def sweep(connection: Connection) -> None:
    """Rows that count nobody any more are gone."""
    for table in ("map_counts", "map_slots"):
        await connection.execute(f"DELETE FROM {table} WHERE people = 0 AND times = 0")  # noqa: S608
    await connection.execute("DELETE FROM map_returns WHERE people = 0")
    await connection.execute("DELETE FROM map_dwells WHERE times = 0")


_OLD = """
  was AS (
    SELECT u.* FROM map_people, unnest(cells, slots, prev_slots, times)
      AS u (cell, slot, prev_slot, times)
    WHERE customer_id = ANY(:among)
  ), had_lasted AS (
    SELECT u.* FROM map_people, unnest(dwell_cells, dwell_slots, dwell_seconds)
      AS u (cell, slot, seconds)
    WHERE customer_id = ANY(:among)
  )"""

# Nothing else than these rows of the tables changes: their order is that of their keys.
_APPLY = f"""
  difference AS MATERIALIZED (
    SELECT cell, slot, prev_slot, sum(people) AS people, sum(times) AS times
    FROM ({{lines}}) AS d GROUP BY 1, 2, 3 HAVING sum(people) <> 0 OR sum(times) <> 0
  ), longer AS MATERIALIZED (
    SELECT cell, slot, seconds, sum(times) AS times
    FROM ({{stays}}) AS d GROUP BY 1, 2, 3 HAVING sum(times) <> 0
  ), counted AS (
    INSERT INTO map_counts AS c (cell, day, prev_day, people, times)
    SELECT cell, {day("slot")}, {day("prev_slot")}, sum(people), sum(times) FROM (
      SELECT cell, slot, prev_slot, people, times FROM difference
      UNION ALL SELECT cell, slot, {NEVER}, 0, times FROM longer
    ) AS d GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
    ON CONFLICT (cell, day, prev_day) DO UPDATE
    SET people = c.people + excluded.people, times = c.times + excluded.times
  ), slotted AS (
    INSERT INTO map_slots AS c (slot, cell, people, times)
    SELECT slot, cell, sum(people), sum(times) FROM difference GROUP BY 1, 2 ORDER BY 1, 2
    ON CONFLICT (slot, cell) DO UPDATE
    SET people = c.people + excluded.people, times = c.times + excluded.times
  ), returned AS (
    INSERT INTO map_returns AS c (slot, prev_slot, cell, people)
    SELECT slot, prev_slot, cell, people FROM difference
    WHERE prev_slot <> {NEVER} AND people <> 0 ORDER BY 1, 2, 3
    ON CONFLICT (slot, prev_slot, cell) DO UPDATE SET people = c.people + excluded.people
  ), timed AS (
    INSERT INTO map_dwells AS c (cell, slot, seconds, times)
    SELECT cell, slot, seconds, times FROM longer ORDER BY 1, 2, 3
    ON CONFLICT (cell, slot, seconds) DO UPDATE SET times = c.times + excluded.times
  )"""  # noqa: S608 - constants

_IS = """
  named AS (
    INSERT INTO map_cells (cell, part, stage, detail, name)
    SELECT DISTINCT cell, part, stage, detail, name FROM told
    UNION SELECT cell, 'dwell', stage, bin, '' FROM lasted ON CONFLICT DO NOTHING
  ), kept AS (
    INSERT INTO map_people
    SELECT t.*, coalesce(d.cells, '{}'), coalesce(d.seconds, '{}'), coalesce(d.slots, '{}') FROM (
      SELECT customer_id, array_agg(cell), array_agg(slot), array_agg(prev_slot),
        array_agg(CAST(times AS int)) FROM told GROUP BY customer_id
    ) AS t LEFT JOIN (
      SELECT customer_id, array_agg(cell) AS cells, array_agg(seconds) AS seconds,
        array_agg(slot) AS slots FROM lasted GROUP BY customer_id
    ) AS d USING (customer_id)
    ON CONFLICT (customer_id) DO UPDATE SET cells = excluded.cells, slots = excluded.slots,
      prev_slots = excluded.prev_slots, times = excluded.times,
      dwell_cells = excluded.dwell_cells, dwell_seconds = excluded.dwell_seconds,
      dwell_slots = excluded.dwell_slots
  ), gone AS (
    DELETE FROM map_people WHERE customer_id = ANY(:among)
      AND customer_id NOT IN (SELECT customer_id FROM told)
  )"""

_MINUS = "SELECT cell, slot, prev_slot, -1 AS people, -times AS times FROM was"
_MINUS_STAYS = "SELECT cell, slot, seconds, -1 AS times FROM had_lasted"
_DIFFERENCE = _APPLY.format(
    lines=f"SELECT cell, slot, prev_slot, 1 AS people, times FROM told UNION ALL {_MINUS}",  # noqa: S608
    stays=f"SELECT cell, slot, seconds, 1 AS times FROM lasted UNION ALL {_MINUS_STAYS}",  # noqa: S608
)

_TYPES = {
    "among": "text::uuid[]",
    "stages": "text[]",
    "aliases": "text",
    "from": "timestamptz",
    "to": "timestamptz",
    "begin": "timestamptz",
    "end": "timestamptz",
}
_PLACEHOLDER = re.compile(r"(?<![:\\]):([a-z]+)")


class _Numbered(NamedTuple):
    """A statement whose placeholders are numbers, and their names in that order."""

    sql: str
    names: tuple[str, ...]


def _numbered(sql: str) -> _Numbered:
    names = tuple(sorted(set(_PLACEHOLDER.findall(sql))))

    def number(found: re.Match[str]) -> str:
        return f"(${names.index(found[1]) + 1}::{_TYPES[found[1]]})"

    return _Numbered(_PLACEHOLDER.sub(number, sql).replace("\\:", ":"), names)


_ROLL = _numbered(f"{CONTRIBUTIONS}, {_OLD}, {_DIFFERENCE}, {_IS} SELECT 1")
_FORGET = _numbered(
    f"""
    WITH {_OLD}, {_APPLY.format(lines=_MINUS, stays=_MINUS_STAYS)}
    DELETE FROM map_people WHERE customer_id = ANY(:among)
    """  # noqa: S608 - constants
).sql
