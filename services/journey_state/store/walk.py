"""All customers, a range of ids at a time, in one snapshot of the database."""

from __future__ import annotations

from typing import NamedTuple

from services.journey_state.store.pool import Connection


class Kept(NamedTuple):
    """A customer as it is kept."""

    customer_id: bytes
    definition_id: int
    state: bytes


async def export_snapshot(connection: Connection) -> str:
    """The name by which other connections see what this transaction sees, while it lasts."""
    name: str = await connection.fetchval("SELECT pg_export_snapshot()")
    return name


async def range_starts(connection: Connection, size: int) -> list[bytes]:
    """The first id of each range of so many customers, in order; those merged away are no one."""
    rows = await connection.fetch(
        """
        SELECT customer_id FROM (
          SELECT customer_id, row_number() OVER (ORDER BY customer_id) AS number
          FROM customers WHERE merged_into IS NULL
        ) AS numbered WHERE number % $1 = 1 OR $1 = 1 ORDER BY customer_id
        """,
        size,
    )
    return [row[0] for row in rows]


async def customers_between(connection: Connection, first: bytes, end: bytes | None) -> list[Kept]:
    """The customers from `first` on and before `end`; None: to the last."""
    rows = await connection.fetch(
        """
        SELECT customer_id, definition_id, state FROM customers
        WHERE customer_id >= $1 AND ($2::uuid IS NULL OR customer_id < $2) AND merged_into IS NULL
        """,
        first,
        end,
    )
    return [Kept(*row) for row in rows]
