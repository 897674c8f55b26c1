"""Deadlines that operators cancelled: facts on rule, scope and last activity (semantics 5.12)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple

from services.journey_state.store.pool import Connection, int_array, uuid_array


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


async def any_cancelled(connection: Connection) -> bool:
    """Whether anything was ever cancelled and is still known."""
    found: bool = await connection.fetchval("SELECT EXISTS (SELECT 1 FROM cancelled_deadlines)")
    return found


async def settle(
    connection: Connection, activities: Sequence[tuple[bytes, int]], open_keys: Sequence[bytes]
) -> None:
    """Facts about these last activities, (message key, `occurred_at`), go with what was then.

    Not those with one of the `open_keys`: something may still become of their episodes.
    """
    await connection.execute(
        """
        UPDATE cancelled_deadlines AS c SET settled_at = CASE
          WHEN c.cancellation_key <> ALL($3::text::uuid[])
          THEN timestamptz 'epoch' + n.at * interval '1 us' END
        FROM unnest($1::text::uuid[], $2::text::bigint[]) AS n (message_key, at)
        WHERE c.message_key = n.message_key
        """,
        uuid_array(key for key, _ in activities),
        int_array(at for _, at in activities),
        uuid_array(open_keys),
    )
