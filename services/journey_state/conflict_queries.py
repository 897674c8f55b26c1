"""Moves of identifiers and links that were not applied, as the query API reads them."""

from __future__ import annotations

from typing import NamedTuple
from uuid import UUID

from sqlalchemy import BigInteger, TextClause, Uuid, bindparam, text

from services.contracts.times import from_datetime
from services.journey_state.database import Connection

Place = tuple[UUID, UUID, UUID, str]  # identifier key, from, to, reason


class ConflictRow(NamedTuple):
    """A move, or a link that was not applied, and how often."""

    identifier_key: UUID
    kind: str | None
    value: str | None
    from_customer_id: UUID
    to_customer_id: UUID
    reason: str
    times: int
    first_at: int
    last_at: int


async def conflict_page(
    connection: Connection, *, customer_id: UUID | None, after: Place | None, limit: int
) -> list[ConflictRow]:
    """Conflicts by identifier key, from, to and reason, from behind `after`.

    Customers are named by the ids that they have now; what was not applied between two that
    became one is none any more. Of a customer: those of the identifiers that are theirs or were.
    """
    key, from_, to, reason = after or (_FIRST, _FIRST, _FIRST, "")
    values = {"key": key, "from": from_, "to": to, "reason": reason, "limit": limit}
    statement = _ALL
    if customer_id is not None:
        statement, values = _OF_CUSTOMER, values | {"customer": customer_id}
    rows = await connection.execute(statement, values)
    return [
        ConflictRow._make([*row[:7], from_datetime(row[7]), from_datetime(row[8])]) for row in rows
    ]


_FIRST = UUID(int=0)


def _page(keys: str) -> TextClause:
    """A page of the conflicts of these keys, which are read in their order as far as needed."""
    return text(
        f"""
        SELECT k.identifier_key, i.kind, i.value, g.from_id, g.to_id, g.reason, g.times,
          g.first_at, g.last_at
        FROM ({keys}) AS k
        CROSS JOIN LATERAL (
          SELECT coalesce(f.merged_into, c.from_customer_id) AS from_id,
            coalesce(t.merged_into, c.to_customer_id) AS to_id, c.reason,
            sum(c.count) AS times, min(c.first_at) AS first_at, max(c.last_at) AS last_at
          FROM conflicts AS c
          LEFT JOIN customers AS f ON f.customer_id = c.from_customer_id
          LEFT JOIN customers AS t ON t.customer_id = c.to_customer_id
          WHERE c.identifier_key = k.identifier_key
          GROUP BY 1, 2, 3
        ) AS g
        LEFT JOIN identifiers AS i ON i.identifier_key = k.identifier_key
        WHERE (g.from_id <> g.to_id OR g.reason = 'too_many_linked')
          AND (k.identifier_key, g.from_id, g.to_id, g.reason) > (:key, :from, :to, :reason)
        ORDER BY k.identifier_key, g.from_id, g.to_id, g.reason LIMIT :limit
        """  # noqa: S608 - one of two constants
    ).bindparams(
        bindparam("key", type_=Uuid),
        bindparam("from", type_=Uuid),
        bindparam("to", type_=Uuid),
        bindparam("limit", type_=BigInteger),
    )


_ALL = _page(
    "SELECT DISTINCT identifier_key FROM conflicts WHERE identifier_key >= :key ORDER BY 1"
)
_OF_CUSTOMER = _page(
    "SELECT identifier_key FROM identifiers WHERE customer_id = :customer "
    "UNION SELECT identifier_key FROM ownership_periods WHERE customer_id = :customer"
).bindparams(bindparam("customer", type_=Uuid))
