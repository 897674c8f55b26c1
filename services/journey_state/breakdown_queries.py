"""The parts into which a funnel is broken down: variations of an experiment, channels."""

from __future__ import annotations

from services.journey_state.database import Connection
from services.journey_state.people_queries import Asked, read, steps_of

GROUPS_MAX = 10


async def variations(connection: Connection, asked: Asked) -> list[str]:
    """Of the experiment that is asked for, those that most people saw and no other, by name."""
    rows = await read(
        connection,
        f"""
        SELECT variation FROM assigned WHERE variations = 1
        GROUP BY variation ORDER BY count(*) DESC, variation COLLATE "C" LIMIT {GROUPS_MAX:d}
        """,  # noqa: S608 - constants
        asked,
    )
    return sorted(row[0] for row in rows if row[0].isprintable())


async def start_channels(connection: Connection, asked: Asked) -> list[str]:
    """The channels by which people came to the first step, those of the most people first."""
    rows = await read(
        connection,
        f""", {steps_of(asked.filters, 1)}
        SELECT h.channel FROM step1 AS f JOIN stage_history AS h
          ON h.customer_id = f.customer_id AND h.entered_at = f.entered_at
          AND h.message_id = f.message_id AND h.source = f.source AND h.superseded_at IS NULL
        GROUP BY h.channel ORDER BY count(DISTINCT f.customer_id) DESC, h.channel
        """,  # noqa: S608 - constants
        asked,
    )
    return [row[0] for row in rows]
