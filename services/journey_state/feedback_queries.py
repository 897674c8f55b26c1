"""Feedback counted by stage: scores of the Net Promoter System, and ratings."""

from __future__ import annotations

from typing import NamedTuple

from services.journey_state.database import Connection
from services.journey_state.people_queries import Asked, feedback_of, read


class Feedback(NamedTuple):
    """Of one stage: people by their newest score there, all scores, people who rated, ratings."""

    promoters: int = 0
    passives: int = 0
    detractors: int = 0
    scores: int = 0
    raters: int = 0
    ratings: int = 0
    average: float | None = None


async def feedback(connection: Connection, asked: Asked) -> dict[str, Feedback]:
    """By stage; what is missing is nobody."""
    rows = await read(
        connection,
        f""", {feedback_of(asked.filters)}
        SELECT stage, coalesce(promoters, 0), coalesce(passives, 0), coalesce(detractors, 0),
          coalesce(scores, 0), coalesce(raters, 0), coalesce(ratings, 0), average
        FROM (
          SELECT stage, count(*) FILTER (WHERE place = 1 AND score >= 9) AS promoters,
            count(*) FILTER (WHERE place = 1 AND score IN (7, 8)) AS passives,
            count(*) FILTER (WHERE place = 1 AND score <= 6) AS detractors, count(*) AS scores
          FROM scored GROUP BY stage
        ) AS s FULL JOIN (
          SELECT stage, count(DISTINCT customer_id) AS raters, count(*) AS ratings,
            CAST(avg(rating) AS float8) AS average
          FROM rated GROUP BY stage
        ) AS r USING (stage)
        """,  # noqa: S608 - constants
        asked,
    )
    return {row[0]: Feedback(*row[1:]) for row in rows}
