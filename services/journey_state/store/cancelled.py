"""Deadlines that operators cancelled: facts on rule, scope and last activity (semantics 5.12)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple

from services.journey_state.store.pool import Connection


class CancelledDeadline(NamedTuple):
    """One fact. `message_key` is that of the last activity."""

    cancellation_key: bytes
    message_key: bytes
    rule: str
    scope: str | None
    source: str
    message_id: str


async def add_cancelled(connection: Connection, fact: CancelledDeadline) -> None:
    """The fact is known after this; a second time changes nothing."""
    await connection.execute(
        """
        INSERT INTO cancelled_deadlines
          (cancellation_key, message_key, rule, scope, source, message_id)
        VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING
        """,
        *fact,
    )


async def known_cancelled(connection: Connection, keys: Collection[bytes]) -> set[bytes]:
    """Those of the keys that were cancelled."""
    rows = await connection.fetch(
        "SELECT cancellation_key FROM cancelled_deadlines WHERE cancellation_key = ANY($1::uuid[])",
        list(keys),
    )
    return {row[0] for row in rows}


async def all_cancelled(connection: Connection) -> list[bytes]:
    """The keys of all that was ever cancelled."""
    return [
        row[0] for row in await connection.fetch("SELECT cancellation_key FROM cancelled_deadlines")
    ]


async def cancelled_of(
    connection: Connection, message_keys: Sequence[bytes]
) -> list[CancelledDeadline]:
    """The facts about episodes whose last activity is one of these messages."""
    rows = await connection.fetch(
        """
        SELECT cancellation_key, message_key, rule, scope, source, message_id
        FROM cancelled_deadlines WHERE message_key = ANY($1::uuid[])
        """,
        message_keys,
    )
    return [CancelledDeadline(*row) for row in rows]
