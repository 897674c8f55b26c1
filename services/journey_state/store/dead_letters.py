"""Records set aside: kept with bytes and reason, sent again or dropped by an operator."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from services.journey_state.store.pool import Connection

MESSAGE_CHARACTERS_MAX = 2000


class DeadLetter(NamedTuple):
    """A record that cannot be processed, whole."""

    topic: str
    partition: int
    record_offset: int
    key: bytes | None
    value: bytes | None
    reason: str
    message: str
    heartbeat: bool


class OpenLetter(NamedTuple):
    """A dead letter that is neither replayed nor dropped, locked for this transaction."""

    dead_letter_id: int
    key: bytes | None
    value: bytes | None


async def add_dead_letters(connection: Connection, letters: Sequence[DeadLetter]) -> None:
    """Set records aside with their reason."""
    await connection.executemany(
        """
        INSERT INTO dead_letters
          (topic, partition, record_offset, key, value, reason, message, heartbeat)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING
        """,
        [tuple(one._replace(message=_storable(one.message))) for one in letters],
    )


async def status_of(connection: Connection, dead_letter_id: int) -> tuple[str, bool] | None:
    """(status, whether it is a heartbeat); None: there is no such dead letter."""
    row = await connection.fetchrow(
        "SELECT status, heartbeat FROM dead_letters WHERE dead_letter_id = $1 FOR UPDATE",
        dead_letter_id,
    )
    return None if row is None else (row[0], row[1])


async def lock_open(
    connection: Connection, dead_letter_id: int | None, *, limit: int
) -> list[OpenLetter]:
    """The open dead letter of this id, or the oldest open ones; heartbeats are left out."""
    rows = await connection.fetch(
        """
        SELECT dead_letter_id, key, value FROM dead_letters
        WHERE status = 'open' AND NOT heartbeat AND ($1::bigint IS NULL OR dead_letter_id = $1)
        ORDER BY dead_letter_id LIMIT $2 FOR UPDATE
        """,
        dead_letter_id,
        limit,
    )
    return [OpenLetter(*row) for row in rows]


async def settle(connection: Connection, dead_letter_ids: Sequence[int], status: str) -> None:
    """The dead letters are `replayed` or `dropped` after this."""
    await connection.execute(
        """
        UPDATE dead_letters SET status = $2, settled_at = now()
        WHERE dead_letter_id = ANY($1::bigint[])
        """,
        dead_letter_ids,
        status,
    )


async def drop(connection: Connection, dead_letter_id: int | None) -> int:
    """This open dead letter, or all, will not be processed; gives how many that were."""
    rows = await connection.fetch(
        """
        UPDATE dead_letters SET status = 'dropped', settled_at = now()
        WHERE status = 'open' AND ($1::bigint IS NULL OR dead_letter_id = $1) RETURNING 1
        """,
        dead_letter_id,
    )
    return len(rows)


async def count_open(connection: Connection) -> int:
    """How many wait to be settled."""
    found: int = await connection.fetchval(
        "SELECT count(*) FROM dead_letters WHERE status = 'open' AND NOT heartbeat"
    )
    return found


def _storable(text: str) -> str:
    """Text that PostgreSQL takes: no NUL, no half of a surrogate pair, not endless."""
    clean = text.encode("utf-8", "backslashreplace").decode().replace("\x00", "\\x00")
    return clean[:MESSAGE_CHARACTERS_MAX]
