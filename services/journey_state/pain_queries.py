"""What pain is looked for in: people by stage, part and what they came by, in one pass."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from services.contracts.times import to_datetime
from services.journey_state.database import Connection
from services.journey_state.filters import CHANNELS
from services.journey_state.insights import Recovered
from services.journey_state.pain import Cell
from services.journey_state.pain_tables import CAUSED, OF_STAYS, PAIN_PARTS
from services.journey_state.people_queries import Asked, everybody, places, read
from services.journey_state.proportions import Share
from services.journey_state.stay_queries import ABANDONED


class Limits(NamedTuple):
    """Seconds by stage, in the definition's order."""

    waits: list[float]  # whoever goes on does so by then
    usuals: list[float]  # whoever goes on has mostly done so by then


class Gone(NamedTuple):
    """How long those who went on to a further stage had been in this one, in seconds."""

    stage: str
    earlier: int  # stays, before the middle
    p75_earlier: float | None
    p75: float
    p90: float
    history_from: datetime  # when the first of these people entered any stage


async def times_to_go_on(connection: Connection, asked: Asked, middle_at: int) -> list[Gone]:
    """By stage, of stays that ended in the period."""
    lasted = "CAST(extract(epoch FROM left_at - entered_at) AS float8)"
    rows = await read(
        connection,
        f"""
        SELECT stage, count(*) FILTER (WHERE left_at < :middle),
          percentile_cont(0.75) WITHIN GROUP (ORDER BY {lasted}) FILTER (WHERE left_at < :middle),
          percentile_cont(0.75) WITHIN GROUP (ORDER BY {lasted}),
          percentile_cont(0.9) WITHIN GROUP (ORDER BY {lasted}),
          (SELECT min(entered_at) FROM stay)
        FROM visit WHERE left_at < :end AND next_rank > rank GROUP BY stage
        """,  # noqa: S608 - constants
        asked,
        middle=to_datetime(middle_at),
    )
    return [Gone._make(row) for row in rows]


# What a row of a stay or cause is counted under: all, and each of what it came by or used.
_EACH = """CROSS JOIN LATERAL (
    SELECT 'all', '' UNION ALL SELECT 'channel', unnest(channels) UNION ALL SELECT 'device', device
    UNION ALL SELECT 'campaign', campaign) AS each (dimension, value)"""


# A bit for each part that is told from the stay alone.
_FLAGS = " | ".join(
    f"CASE WHEN {stays} THEN {1 << bit} ELSE 0 END" for bit, stays in enumerate(OF_STAYS.values())
)
# The same of each person and stage: of all their stays there, of those with each channel.
_BY_CHANNEL = ", ".join(
    f"bit_or(flags) FILTER (WHERE used & {1 << bit} <> 0) AS by_{channel}"
    for bit, channel in enumerate(CHANNELS)
)
_VALUES = ", ".join(f"('channel', '{channel}', by_{channel})" for channel in CHANNELS)


async def tally(connection: Connection, asked: Asked, limits: Limits) -> dict[Cell, int]:
    """People of every cell that has any; one pass over stays, one over what happened in them."""
    rows = await read(
        connection,
        f""", {places(asked.filters)}, flagged AS MATERIALIZED (
          SELECT customer_id, rank, used, device, campaign, {_FLAGS} AS flags FROM place AS p
          WHERE rank IS NOT NULL
        ), person_of AS (
          SELECT rank, e.* FROM (
            SELECT rank, bit_or(flags) AS flags, {_BY_CHANNEL} FROM flagged
            GROUP BY customer_id, rank
          ) AS p CROSS JOIN LATERAL
            (VALUES ('all', '', flags), {_VALUES}) AS e (dimension, value, flags)
          WHERE e.flags IS NOT NULL
          UNION ALL
          SELECT rank, 'device', device, bit_or(flags) FROM flagged
          WHERE device IS NOT NULL GROUP BY customer_id, rank, device
          UNION ALL
          SELECT rank, 'campaign', campaign, bit_or(flags) FROM flagged
          WHERE campaign IS NOT NULL GROUP BY customer_id, rank, campaign
        ), caused AS (
          SELECT DISTINCT customer_id, part, stage, cause, dimension, value
          FROM ({_rows(CAUSED)}) AS row {_EACH} WHERE value IS NOT NULL
        )
        SELECT flags, NULL, (:stages)[rank], NULL, dimension, value, count(*)
        FROM person_of GROUP BY rank, dimension, value, flags
        UNION ALL
        SELECT NULL, part, stage, cause, dimension, value, count(*)
        FROM caused GROUP BY part, stage, cause, dimension, value
        """,  # noqa: S608 - constants
        asked,
        **limits._asdict(),
    )
    found: Counter[Cell] = Counter()
    for flags, part, *where, people in rows:
        if part is not None:
            found[Cell(part, *where)] += people
            continue
        for bit, name in enumerate(OF_STAYS):
            if flags >> bit & 1:
                found[Cell(name, *where)] += people
    return found


class Money(NamedTuple):
    """What the people of a cell have left behind, in one currency."""

    cell: int  # its place among those asked for
    currency: str
    value: Decimal


async def money_at_risk(
    connection: Connection, asked: Asked, limits: Limits, cells: Sequence[Cell]
) -> list[Money]:
    """By cell, of signals due in the period that were neither recovered nor retracted.

    What a customer left by two rules may be the same: of each customer the rule counts that comes
    to most.
    """
    parts = sorted({cell.part for cell in cells})
    columns = zip(*cells, strict=True)
    rows = await read(
        connection,
        f""", {places(asked.filters)}, row AS ({_rows(parts)}), cell AS (
          SELECT * FROM unnest(:parts, :places, :causes, :dimensions, :values) WITH ORDINALITY
            AS c (part, stage, cause, dimension, value, number)
        ), struck AS (
          SELECT DISTINCT c.number, r.customer_id FROM cell AS c
          JOIN row AS r ON r.part = c.part AND r.stage = c.stage
            AND r.cause IS NOT DISTINCT FROM c.cause
            AND CASE c.dimension WHEN 'channel' THEN c.value = ANY(r.channels)
              WHEN 'device' THEN c.value = r.device WHEN 'campaign' THEN c.value = r.campaign
              ELSE true END
        ), left_behind AS (
          SELECT customer_id, rule, payload ->> 'currency' AS currency,
            sum(CAST(payload ->> 'value' AS numeric)) AS value
          FROM signaled WHERE {ABANDONED} AND payload ->> 'currency' IS NOT NULL
          GROUP BY customer_id, rule, payload ->> 'currency'
        )
        SELECT number, currency, sum(value) FROM (
          SELECT s.number, l.currency, max(l.value) AS value FROM struck AS s
          JOIN left_behind AS l ON l.customer_id = s.customer_id
          GROUP BY s.number, l.currency, s.customer_id
        ) AS most WHERE value > 0 GROUP BY number, currency ORDER BY number, currency
        """,  # noqa: S608 - constants
        asked,
        **limits._asdict(),
        **dict(zip(("parts", "places", "causes", "dimensions", "values"), columns, strict=True)),
    )
    return [Money(row[0] - 1, row[1], row[2]) for row in rows]


def _rows(parts: Iterable[str]) -> str:
    selects = (f"SELECT '{part}' AS part, p.* FROM ({PAIN_PARTS[part]}) AS p" for part in parts)  # noqa: S608
    return " UNION ALL ".join(selects)


async def recoveries(connection: Connection, asked: Asked) -> list[Recovered]:
    """By rule: people with a signal due in the period that stands, and with a recovered one."""
    rows = await read(
        connection,
        f"""
        SELECT rule, count(DISTINCT customer_id) FILTER (WHERE state = 'recovered'),
          count(DISTINCT customer_id)
        FROM signaled WHERE state <> 'retracted'
          AND customer_id IN ({everybody(asked.filters)}) GROUP BY rule ORDER BY rule
        """,  # noqa: S608 - constants
        asked,
    )
    return [Recovered(row[0], Share(row[1], row[2])) for row in rows]
