"""What is known of customers, as the query API reads it to keep it out of masked answers."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import select

from services.journey_state.database import Connection
from services.journey_state.tables import customers, identifiers, ownership_periods


async def states_of(
    connection: Connection, customer_ids: Collection[UUID]
) -> list[tuple[UUID, bytes]]:
    """The states of those of these customers that have one, merged away or not."""
    c = customers.c
    rows = await connection.execute(
        select(c.customer_id, c.state).where(c.customer_id.in_(customer_ids))
    )
    return [(row[0], row[1]) for row in rows]


async def ever_owned(
    connection: Connection, customer_ids: Collection[UUID]
) -> list[tuple[UUID, str]]:
    """The values of the identifiers of these customers that have moved, and whose they were."""
    o = ownership_periods.c
    rows = await connection.execute(
        select(o.customer_id, identifiers.c.value)
        .join(identifiers, identifiers.c.identifier_key == o.identifier_key)
        .where(o.customer_id.in_(customer_ids))
    )
    return [(row[0], row[1]) for row in rows]
