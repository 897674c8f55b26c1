"""The map's figures from the roll-ups: exact, for whoever has changed is looked up."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, DateTime, Double, Integer, Text, Uuid, bindparam, text

from services.contracts.times import to_datetime
from services.journey_state.database import Connection
from services.journey_state.filters import Filters
from services.journey_state.people_queries import PARTS, STAGE_PARTS, Asked, read, tables_of
from services.journey_state.rolled_periods import SLOT_US, Edge, Slots
from services.journey_state.rollup_queries import BIN, DAY_SLOTS, LASTED, NEVER

CUSTOMERS_MAX = 20_000  # looked up beside the figures; more take longer than a count of all

Key = tuple[str, str, str, str]  # part, stage, detail, name


class Line(NamedTuple):
    """People of a cell, and their touchpoints, stays or signals there."""

    key: Key
    people: int
    times: int


async def definition_rolled_up(connection: Connection) -> tuple[int | None, int | None]:
    """By which definition everybody is rolled up, if so, and from when on nothing was cut off."""
    rows = await connection.execute(
        text(
            """
            SELECT CASE WHEN complete THEN definition_id END,
              CAST(extract(epoch FROM (SELECT declared_at FROM timeline_cut)) * 1000000 AS bigint)
            FROM map_state
            """
        )
    )
    row = rows.first()
    return (row[0], row[1]) if row else (None, None)


def is_of_everybody(asked: Asked) -> bool:
    """Whether no filter but the period and the stage says who or what counts."""
    filters = asked.filters
    bare = Filters(
        from_at=filters.from_at,
        to_at=filters.to_at,
        part_from_at=filters.from_at,
        part_to_at=filters.to_at,
    )
    return tables_of(asked) == tables_of(Asked(bare, asked.stages, asked.aliases))


async def looked_up(connection: Connection, filters: Filters, slots: Slots) -> list[UUID] | None:
    """Who has changed since, and who has anything between these slots and the period.

    None: they are more than are looked up.
    """
    first, last = slots.first * SLOT_US, slots.last * SLOT_US
    edges = {
        ("from", "begin"): sorted((filters.from_at, first)),
        ("end", "to"): sorted((last, filters.to_at)),
    }
    between = {names: times for names, times in edges.items() if times[0] < times[1]}
    at = " OR ".join(f"{{at}} >= :{one} AND {{at}} < :{other}" for one, other in between) or "false"
    values = {
        name: to_datetime(time)
        for names, times in between.items()
        for name, time in zip(names, times, strict=True)
    }
    sql = _LOOKED_UP.format(touched=at.format(at="occurred_at"), warned=at.format(at="due_at"))
    rows = await _execute(connection, sql, {**values, "limit": CUSTOMERS_MAX + 1})
    found = [row[0] for row in rows]
    return None if len(found) > CUSTOMERS_MAX else found


_LOOKED_UP = """
  WITH named AS MATERIALIZED (
    SELECT identifier_key FROM map_changes WHERE identifier_key IS NOT NULL
    UNION SELECT identifier_key FROM timeline WHERE {touched}
  )
  SELECT customer_id FROM (
    SELECT customer_id FROM map_changes
    UNION SELECT customer_id FROM identifiers
      WHERE identifier_key = ANY (ARRAY(SELECT identifier_key FROM named))
    UNION SELECT customer_id FROM ownership_periods
      WHERE identifier_key = ANY (ARRAY(SELECT identifier_key FROM named))
    UNION SELECT customer_id FROM signals WHERE {warned}
  ) AS changed WHERE customer_id IS NOT NULL LIMIT :limit
"""

# What began and ended by an edge of the period, and how the sums of it are called.
EDGE_PARTS = {
    "entered": "begun",
    "ended": "over",
    "abandoned": "abandoned",
    "abandoned_ended": "let go",
}
_CALLED = ", ".join(map(str, EDGE_PARTS.items()))
_OF_EDGES = ", ".join(f"'{part}'" for part in EDGE_PARTS)  # few: their rows are found by index


def _told(table: str, at: str, before: str) -> str:
    """People between `:first` and `:last`, each at their first time, and what was by then."""
    return f"""
      SELECT part, stage, detail, name, sum(people) FILTER (WHERE {before} < :first), sum(times)
      FROM map_cells JOIN {table} USING (cell) WHERE {at} >= :first AND {at} < :last
      GROUP BY part, stage, detail, name
      UNION ALL
      SELECT called, stage, edge, '', NULL, sum(times)
      FROM map_cells JOIN {table} USING (cell)
      JOIN (VALUES {_CALLED}) AS p (part, called) USING (part)
      CROSS JOIN (VALUES ('first', :first), ('last', :last), ('now', NULL)) AS e (edge, until)
      WHERE part IN ({_OF_EDGES}) AND (until IS NULL OR {at} < until)
      GROUP BY called, stage, edge
    """  # noqa: S608 - constants


_OF_DAYS = _told("map_counts", "day", "prev_day")
_THEIRS = f"""
  WITH theirs AS MATERIALIZED (
    SELECT u.cell, u.slot, u.prev_slot, 1 AS people, u.times
    FROM map_people, unnest(cells, slots, prev_slots, times) AS u (cell, slot, prev_slot, times)
    WHERE customer_id = ANY(:among)
    UNION ALL
    SELECT u.cell, u.slot, {NEVER}, 0, 1 FROM map_people, unnest(dwell_cells, dwell_slots)
      AS u (cell, slot) WHERE customer_id = ANY(:among)
  ) {_told("theirs", "slot", "prev_slot")}"""  # noqa: S608 - constants
_KINDS: dict[str, Any] = {
    "first": Integer(),
    "last": Integer(),
    "bound": Integer(),
    "among": ARRAY(Uuid),
    "from": DateTime(timezone=True),
    "to": DateTime(timezone=True),
    "begin": DateTime(timezone=True),
    "end": DateTime(timezone=True),
    "limit": BigInteger(),
    "stages": ARRAY(Text),
    "bins": ARRAY(Text),
    "places": ARRAY(BigInteger),
    "ofstages": ARRAY(Text),
    "ofbins": ARRAY(Text),
    "seconds": ARRAY(Double),
}


async def rolled(connection: Connection, slots: Slots) -> list[Line]:
    """What stands in the figures of these slots."""
    days = {"first": slots.first_day, "last": slots.last_day}
    lines = _lines(await _execute(connection, _OF_DAYS, days))
    edges = [("first", slots.opening), ("last", slots.closing)]
    for name, edge in edges:
        if edge.first < edge.last:
            lines += await _between(connection, slots, name, edge)
    return lines


async def rolled_of(connection: Connection, slots: Slots, among: Sequence[UUID]) -> list[Line]:
    """What of that is these customers'."""
    values = {"first": slots.first, "last": slots.last, "among": list(among)}
    return _lines(await _execute(connection, _THEIRS, values))


def _lines(rows: list[Any]) -> list[Line]:
    return [Line((r[0], r[1], r[2], r[3]), int(r[4] or 0), int(r[5] or 0)) for r in rows]


async def _between(connection: Connection, slots: Slots, name: str, edge: Edge) -> list[Line]:
    """What the figures of the slots have more than those of the days, by this edge of them.

    Counted is who has `slot` before the end and `prev_slot` before the begin, less who has `slot`
    before the begin. A later begin adds to the former who has `prev_slot` between, and to the
    latter who has `slot` there; a later end adds to the former who has `slot` between.
    """
    returns, sign = (_OPENED, -edge.sign) if name == "first" else (_CLOSED, edge.sign)
    bound = slots.last_day * DAY_SLOTS if name == "first" else slots.first
    rows = await _execute(
        connection,
        _BETWEEN.format(returns=returns),
        {"first": edge.first, "last": edge.last, "bound": bound},
    )
    lines = []
    for part, stage, detail, cell, people, times in rows:
        lines.append(Line((part, stage, detail, cell), sign * int(people), sign * int(times)))
        if part in EDGE_PARTS:
            before = Line((EDGE_PARTS[part], stage, name, ""), 0, edge.sign * int(times))
            lines.append(before)
    return lines


_OPENED = "prev_slot >= :first AND prev_slot < :last AND slot < :bound"
_CLOSED = "slot >= :first AND slot < :last AND prev_slot >= :bound"
# Whoever returns stands in both tables, and counts in one of them.
_BETWEEN = """
  SELECT part, stage, detail, name, people, times FROM (
    SELECT cell, sum(people) AS people, sum(times) AS times FROM (
      SELECT cell, people, times FROM map_slots WHERE slot >= :first AND slot < :last
      UNION ALL
      SELECT cell, -people, 0 FROM map_returns WHERE {returns}
    ) AS both_of GROUP BY cell
  ) AS summed JOIN map_cells USING (cell)
  UNION ALL
  SELECT part, stage, detail, name, 0, times FROM map_cells AS c CROSS JOIN LATERAL (
    SELECT sum(times) AS times FROM map_dwells AS d
    WHERE d.cell = c.cell AND slot >= :first AND slot < :last
  ) AS lasted WHERE part = 'dwell' AND times IS NOT NULL
"""


async def _execute(connection: Connection, sql: str, values: dict[str, Any]) -> list[Any]:
    types = [bindparam(name, type_=_KINDS[name]) for name in values]
    return list(await connection.execute(text(sql).bindparams(*types), values))


async def counted(connection: Connection, asked: Asked) -> list[Line]:
    """The same cells counted over the rows themselves, in the period itself."""
    parts = [
        f"SELECT '{part}' AS part, stage, '' AS detail, '' AS name, customer_id"  # noqa: S608
        f" FROM ({PARTS[part]}) AS p"
        for part in STAGE_PARTS
    ]
    touched, warned = PARTS["touched"], PARTS["signaled"]
    parts += [
        f"SELECT 'channel', stage, '', channel, customer_id FROM ({touched}) AS c",  # noqa: S608
        f"SELECT 'event', stage, '', event, customer_id FROM ({touched}) AS e",  # noqa: S608
        f"SELECT 'signaled', stage, state, rule, customer_id FROM ({warned}) AS w",  # noqa: S608
    ]
    rows = await read(
        connection,
        f"""
        SELECT part, stage, detail, name, count(DISTINCT customer_id), count(*)
        FROM ({" UNION ALL ".join(parts)}) AS parts GROUP BY part, stage, detail, name
        """,  # noqa: S608 - constants
        asked,
    )
    return [Line((r[0], r[1], r[2], r[3]), r[4], r[5]) for r in rows]


class Stay(NamedTuple):
    """A stay that ended in the period: those that lasted about as long are of one bin."""

    stage: str
    bin: str
    seconds: float


async def stays(connection: Connection, asked: Asked) -> list[Stay]:
    """Those of the period, over the rows themselves."""
    rows = await read(
        connection,
        f"SELECT stage, {BIN}, {LASTED} FROM visit WHERE left_at < :end",  # noqa: S608 - constants
        asked,
    )
    return [Stay(*row) for row in rows]


class Wanted(NamedTuple):
    """The stay of a bin that so many others there are shorter than."""

    stage: str
    bin: str
    place: int


async def lasted(
    connection: Connection,
    slots: Slots,
    wanted: Sequence[Wanted],
    *,
    without: Sequence[UUID],
    beside: Sequence[Stay],
) -> dict[Wanted, float]:
    """How many seconds each of these lasted, of those in the figures but these customers'.

    `beside`: stays that count too.
    """
    rows = await _execute(
        connection,
        _LASTED,
        {
            "first": slots.first,
            "last": slots.last,
            "among": list(without),
            "stages": [one.stage for one in wanted],
            "bins": [one.bin for one in wanted],
            "places": [one.place for one in wanted],
            "ofstages": [one.stage for one in beside],
            "ofbins": [one.bin for one in beside],
            "seconds": [one.seconds for one in beside],
        },
    )
    return {Wanted(row[0], row[1], row[2]): row[3] for row in rows}


_LASTED = """
  WITH wanted AS (
    SELECT * FROM unnest(:stages, :bins, :places) AS w (stage, bin, place)
  ), bin AS MATERIALIZED (
    SELECT cell, stage, detail AS bin FROM map_cells
    WHERE part = 'dwell' AND (stage, detail) IN (SELECT stage, bin FROM wanted)
  ), one AS (
    SELECT stage, bin, seconds, times FROM bin JOIN map_dwells USING (cell)
    WHERE slot >= :first AND slot < :last
    UNION ALL
    SELECT stage, bin, seconds, -1 FROM map_people
      CROSS JOIN unnest(dwell_cells, dwell_seconds, dwell_slots) AS u (cell, seconds, slot)
      JOIN bin USING (cell)
    WHERE customer_id = ANY(:among) AND slot >= :first AND slot < :last
    UNION ALL
    SELECT stage, bin, seconds, 1
    FROM unnest(:ofstages, :ofbins, :seconds) AS b (stage, bin, seconds)
  ), upto AS (
    SELECT stage, bin, seconds, sum(times) AS times,
      sum(sum(times)) OVER (PARTITION BY stage, bin ORDER BY seconds) AS number
    FROM one GROUP BY stage, bin, seconds
  )
  SELECT w.stage, w.bin, w.place, u.seconds FROM wanted AS w JOIN upto AS u
    ON u.stage = w.stage AND u.bin = w.bin AND w.place < u.number AND w.place >= u.number - u.times
"""
