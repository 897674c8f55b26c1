"""A flow: how many people are at each of its nodes, and go from one to another."""

from __future__ import annotations

from typing import NamedTuple

from services.journey_state.database import Connection
from services.journey_state.people_queries import Asked, flow_tables, read


class Link(NamedTuple):
    """People at a node of a column who are at another of the next one; None: the node itself.

    `p50_seconds` is the median time between both, of those whose path goes on; None: no path does.
    """

    step: int
    node: str
    following: str | None
    people: int
    p50_seconds: float | None


async def links(connection: Connection, asked: Asked, columns: int) -> list[Link]:
    """Nodes and links of each column, those of the most people first."""
    tables = flow_tables(asked.filters, columns)
    rows = await read(
        connection,
        f""", {tables}, going AS (
          SELECT step, node, lead(node) OVER w AS following,
            abs(CAST(extract(epoch FROM lead(at) OVER w - at) AS float8)) AS waited
          FROM shown WINDOW w AS (PARTITION BY customer_id ORDER BY step))
        SELECT step, node, CASE WHEN grouping(following) = 0 THEN following END, count(*),
          percentile_cont(0.5) WITHIN GROUP (ORDER BY waited)
        FROM going GROUP BY GROUPING SETS ((step, node), (step, node, following))
        HAVING grouping(following) = 1 OR following IS NOT NULL
        ORDER BY step, count(*) DESC, node COLLATE "C", following COLLATE "C"
        """,  # noqa: S608 - constants and numbers
        asked,
    )
    return [Link._make(row) for row in rows]
