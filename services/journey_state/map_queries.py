"""The figures of the journey map, each counted over the rows that its list of people names."""

from __future__ import annotations

from typing import NamedTuple

from services.journey_state.database import Connection
from services.journey_state.people_queries import PARTS, STAGE_PARTS, Asked, read

TOUCHPOINTS_MAX = 10  # of one stage: those of the most people


class Count(NamedTuple):
    """How many people, and how many rows they have there: stays, touchpoints or signals."""

    people: int
    times: int


async def part_counts(connection: Connection, asked: Asked) -> dict[tuple[str, str], Count]:
    """By stage and part; what is missing is nobody."""
    parts = (
        f"SELECT '{part}' AS part, p.* FROM ({PARTS[part]}) AS p"  # noqa: S608 - constants
        for part in STAGE_PARTS
    )
    # Each person's rows first: what is told apart by hashes need not be sorted.
    rows = await read(
        connection,
        f"""
        SELECT stage, part, count(*), CAST(sum(times) AS bigint) FROM (
          SELECT stage, part, customer_id, count(*) AS times
          FROM ({" UNION ALL ".join(parts)}) AS parts GROUP BY stage, part, customer_id
        ) AS theirs GROUP BY stage, part
        """,  # noqa: S608 - constants
        asked,
    )
    return {(row[0], row[1]): Count(row[2], row[3]) for row in rows}


async def dwell_seconds(connection: Connection, asked: Asked) -> dict[str, list[float]]:
    """The median and the ninetieth percentile of the stays that ended in the period, by stage."""
    rows = await read(
        connection,
        """
        SELECT stage, percentile_cont(ARRAY[0.5, 0.9])
          WITHIN GROUP (ORDER BY CAST(extract(epoch FROM left_at - entered_at) AS float8))
        FROM visit WHERE left_at < :end GROUP BY stage
        """,
        asked,
    )
    return {row[0]: list(row[1]) for row in rows}


class Touches(NamedTuple):
    """Touchpoints in the period while the customer was in a stage: by channel or by event."""

    stage: str
    channel: str | None
    event: str | None
    counted: Count


async def touches(
    connection: Connection, asked: Asked, *, events_max: int | None = TOUCHPOINTS_MAX
) -> list[Touches]:
    """By stage and channel, and of each stage the events of the most people; None: all."""
    shown = "" if events_max is None else f"WHERE event IS NULL OR place <= {events_max:d}"
    rows = await read(
        connection,
        f"""
        SELECT stage, channel, event, people, times FROM (
          SELECT stage, channel, event, count(*) AS people, CAST(sum(times) AS bigint) AS times,
            row_number() OVER (PARTITION BY stage, event IS NULL
              ORDER BY count(*) DESC, sum(times) DESC, event COLLATE "C") AS place
          FROM (
            SELECT stage, channel, event, customer_id, count(*) AS times
            FROM ({PARTS["touched"]}) AS touched
            GROUP BY GROUPING SETS ((stage, channel, customer_id), (stage, event, customer_id))
          ) AS theirs GROUP BY stage, channel, event
        ) AS counted
        {shown} ORDER BY stage, place
        """,  # noqa: S608 - constants
        asked,
    )
    return [Touches(row[0], row[1], row[2], Count(row[3], row[4])) for row in rows]


class Signals(NamedTuple):
    """Signals due in the period, by the stage that the customer was in then."""

    stage: str
    rule: str
    state: str
    counted: Count


async def signals(connection: Connection, asked: Asked) -> list[Signals]:
    """By stage, rule and state."""
    rows = await read(
        connection,
        f"""
        SELECT stage, rule, state, count(DISTINCT customer_id), count(*)
        FROM ({PARTS["signaled"]}) AS signaled
        GROUP BY stage, rule, state ORDER BY stage, rule, state
        """,  # noqa: S608 - constants
        asked,
    )
    return [Signals(row[0], row[1], row[2], Count(row[3], row[4])) for row in rows]


class Figures(NamedTuple):
    """All that the map shows."""

    parts: dict[tuple[str, str], Count]
    dwell: dict[str, list[float]]
    touches: list[Touches]
    signals: list[Signals]


async def figures(
    connection: Connection, asked: Asked, events_max: int | None = TOUCHPOINTS_MAX
) -> Figures:
    """All of it, counted over the rows."""
    return Figures(
        await part_counts(connection, asked),
        await dwell_seconds(connection, asked),
        await touches(connection, asked, events_max=events_max),
        await signals(connection, asked),
    )
