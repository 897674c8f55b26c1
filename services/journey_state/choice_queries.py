"""The values that a filter can have in a period."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from services.journey_state.database import Connection
from services.journey_state.experiment_tables import EXPERIMENT
from services.journey_state.filters import VALUE_LENGTH_MAX
from services.journey_state.people_queries import Asked, read
from services.journey_state.touch_queries import CAMPAIGN, DEVICE, touches

CHOICES_MAX = 200  # values of one filter: those of the most people
_COLUMNS = {
    "experiment": f", {EXPERIMENT} AS experiment",
    "campaign": f", {CAMPAIGN} AS campaign",
    "device": f", {DEVICE} AS device",
}


class Choice(NamedTuple):
    """People with touchpoints of this value, and these."""

    value: str
    people: int
    events: int


async def choices(connection: Connection, asked: Asked, names: Sequence[str]) -> list[list[Choice]]:
    """Of each of these filters of touchpoints the values in the period, whatever else is asked.

    Values that a query string cannot name are left out.
    """
    columns = "".join(_COLUMNS.get(name, "") for name in names)
    sets = ", ".join(f"({name})" for name in names)
    value = f"coalesce({', '.join(names)})"
    number = " ".join(f"WHEN grouping({name}) = 0 THEN {n}" for n, name in enumerate(names))
    rows = await read(
        connection,
        f""", {touches("choice", columns=columns)}
        SELECT number, value, people, times FROM (
          SELECT *, row_number() OVER (PARTITION BY number
            ORDER BY people DESC, times DESC, value COLLATE "C") AS place
          FROM (
            SELECT CASE {number} END AS number, {value} AS value,
              count(DISTINCT customer_id) AS people, count(*) AS times
            FROM choice GROUP BY GROUPING SETS ({sets})
          ) AS counted WHERE value <> ''
        ) AS placed WHERE place <= {CHOICES_MAX} ORDER BY number, place
        """,  # noqa: S608 - constants
        asked,
    )
    taken = [row for row in rows if len(row[1]) <= VALUE_LENGTH_MAX and row[1].isprintable()]
    return [[Choice(*row[1:]) for row in taken if row[0] == n] for n in range(len(names))]
