"""Stages over time: who entered and left them in each bucket."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from services.contracts.times import to_datetime
from services.journey_state.database import Connection
from services.journey_state.people_queries import Asked, read

BEFORE = 0  # the bucket of what was before the first


class Moves(NamedTuple):
    """Of one stage and bucket (1 is the first): people, and their stays, that began and ended."""

    stage: str
    bucket: int
    entries: int
    exits: int
    begun: int
    ended: int


async def moves(connection: Connection, asked: Asked, bounds: Sequence[int]) -> list[Moves]:
    """By stage and bucket, `BEFORE` included; what is missing is nobody.

    At any instant a person has at most one stay: those begun less those ended are people.
    """
    rows = await read(
        connection,
        """
        SELECT stage, bucket, count(DISTINCT customer_id) FILTER (WHERE begun),
          count(DISTINCT customer_id) FILTER (WHERE NOT begun), count(*) FILTER (WHERE begun),
          count(*) FILTER (WHERE NOT begun)
        FROM (
          SELECT stage, customer_id, true AS begun, width_bucket(entered_at, :bounds) AS bucket
          FROM stay WHERE entered_at < :end
          UNION ALL
          SELECT stage, customer_id, false, width_bucket(left_at, :bounds)
          FROM stay WHERE left_at < :end
        ) AS moved GROUP BY stage, bucket
        """,
        asked,
        bounds=[to_datetime(bound) for bound in bounds],
    )
    return [Moves._make(row) for row in rows]
