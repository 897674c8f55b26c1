"""A funnel: who came to each of its steps, and after what wait."""

from __future__ import annotations

from typing import NamedTuple

from services.journey_state.database import Connection
from services.journey_state.people_queries import Asked, read, steps_of


class Step(NamedTuple):
    """People who came to a step, and how long after the step before; None: nobody, or no wait."""

    people: int
    p50_seconds: float | None
    p90_seconds: float | None


async def steps(connection: Connection, asked: Asked) -> list[Step]:
    """Of each step, in order."""
    numbers = range(1, len(asked.steps) + 1)
    counted = (
        f"""SELECT {number} AS number, count(*), percentile_cont(ARRAY[0.5, 0.9])
          WITHIN GROUP (ORDER BY CAST(extract(epoch FROM waited) AS float8)) FROM step{number}"""  # noqa: S608
        for number in numbers
    )
    tables = steps_of(asked.filters, len(asked.steps))
    rows = await read(
        connection, f", {tables} {' UNION ALL '.join(counted)} ORDER BY number", asked
    )
    return [Step(row[1], *(row[2] or (None, None))) for row in rows]
