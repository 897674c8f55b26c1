"""Who was erased, and the keyed hashes of what may not come back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from services.journey_state.store.pool import Connection, uuid_array


class ErasedRange(NamedTuple):
    """Events that name an identifier are dropped if they happened in this range, ends included.

    `from_at` None: from ever. `primary_only`: only those whose primary identifier it is.
    """

    identifier_hash: bytes
    from_at: int | None
    until_at: int
    primary_only: bool


async def halt_intake(connection: Connection) -> None:
    """No batch is under way or begins until this transaction ends; those after it look up what
    was erased. It must be the first lock that the transaction waits for."""
    await connection.execute("LOCK TABLE consumer_offsets IN SHARE ROW EXCLUSIVE MODE")
    await connection.execute("UPDATE consumer_offsets SET erasures = true WHERE NOT erasures")


async def receipt_of(connection: Connection, customer_id: bytes) -> str | None:
    """The receipt (JSON) of whoever had this id, if they were erased."""
    receipt: str | None = await connection.fetchval(
        "SELECT receipt FROM erasures WHERE customer_id = $1", customer_id
    )
    return receipt


async def add_receipt(
    connection: Connection, customer_ids: Sequence[bytes], erased_at: int, receipt: str
) -> None:
    """These ids are those of someone erased."""
    await connection.execute(
        """
        INSERT INTO erasures (customer_id, erased_at, receipt)
        SELECT customer_id, $2, $3::jsonb FROM unnest($1::uuid[]) AS customer_id
        """,
        customer_ids,
        erased_at,
        receipt,
    )


async def take_once_buried(connection: Connection, before: int, limit: int) -> list[bytes]:
    """Ids erased before an instant that got one tombstone so far; they count as having two now."""
    rows = await connection.fetch(
        """
        UPDATE erasures SET buried_again_at = now() WHERE customer_id IN (
          SELECT customer_id FROM erasures WHERE buried_again_at IS NULL AND erased_at < $1
          LIMIT $2 FOR UPDATE SKIP LOCKED)
        RETURNING customer_id
        """,
        before,
        limit,
    )
    return [row[0] for row in rows]


async def secret(connection: Connection, fresh: bytes | None = None) -> bytes | None:
    """What hashes are keyed with; `fresh` becomes it where there is none yet."""
    if fresh is not None:
        await connection.execute(
            "INSERT INTO erasure_secret VALUES (1, $1) ON CONFLICT DO NOTHING", fresh
        )
    found: bytes | None = await connection.fetchval("SELECT secret FROM erasure_secret")
    return found


async def forbid_identifiers(connection: Connection, ranges: Sequence[ErasedRange]) -> None:
    """Events in these ranges are dropped from now on."""
    await connection.executemany(
        """
        INSERT INTO erased_identifiers (identifier_hash, from_at, until_at, primary_only)
        VALUES ($1, $2, $3, $4)
        ON CONFLICT (identifier_hash, until_at, primary_only) DO UPDATE
        SET from_at = CASE WHEN erased_identifiers.from_at IS NULL THEN NULL
          ELSE nullif(least(erased_identifiers.from_at,
            coalesce(excluded.from_at, '-infinity')), '-infinity') END
        """,
        ranges,
    )


async def forbid_messages(
    connection: Connection, message_hashes: Sequence[bytes], expires_at: int
) -> None:
    """Copies of these events are dropped until then; what has expired is forgotten."""
    await connection.execute("DELETE FROM erased_messages WHERE expires_at < now()")
    await connection.execute(
        """
        INSERT INTO erased_messages SELECT hash, $2 FROM unnest($1::text::uuid[]) AS hash
        ON CONFLICT (message_hash) DO UPDATE SET expires_at = excluded.expires_at
        """,
        uuid_array(message_hashes),
        expires_at,
    )


class Forbidden(NamedTuple):
    """What of the things asked about may not come back."""

    ranges: list[ErasedRange]
    messages: set[bytes]


async def forbidden(
    connection: Connection, identifier_hashes: Sequence[bytes], message_hashes: Sequence[bytes]
) -> Forbidden:
    """One look for a whole batch."""
    rows = await connection.fetch(
        """
        SELECT identifier_hash, from_at, until_at, primary_only FROM erased_identifiers
        WHERE identifier_hash = ANY($1::text::uuid[])
        UNION ALL
        SELECT message_hash, NULL, NULL, NULL FROM erased_messages
        WHERE message_hash = ANY($2::text::uuid[]) AND expires_at >= now()
        """,
        uuid_array(identifier_hashes),
        uuid_array(message_hashes),
    )
    ranges = [ErasedRange(*row) for row in rows if row[2] is not None]
    return Forbidden(ranges, {row[0] for row in rows if row[2] is None})
