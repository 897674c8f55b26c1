"""Where the timeline is cut, how far a cut under way has come, and the checkpoints left there."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal, NamedTuple

from services.journey_state.store.pool import Connection, uuid_array

BLOCKS_MAX = 256  # of one deletion: 2 MB

# What the pieces of a table that retention empties in stretches are judged by.
EMPTIED = (
    ("timeline_past", "occurred_at"),
    ("timeline_default", "occurred_at"),
    ("checkpoints", "cut_at"),
    ("cancelled_deadlines", "settled_at"),
    ("intermediate_checkpoints", "at"),
)

Phase = Literal["idle", "declared", "cutting", "reached", "dropping"]


class Cut(NamedTuple):
    """The cut as it stands; times in microseconds, on the scale of `occurred_at` but `begun_at`."""

    phase: Phase
    begun_at: int | None  # W when retention was first looked at
    reached_at: int | None  # every customer has a checkpoint here, and nothing before it matters
    declared_at: int | None  # what occurred before is too late; beyond `reached_at`: under way
    barrier: int | None  # transactions up to this one may know less
    done_to: bytes | None  # customers up to this id have theirs of the cut under way

    @property
    def under_way(self) -> int | None:
        """The cut that checkpoints are being left at."""
        return self.declared_at if self.phase in ("declared", "cutting") else None


_COLUMNS = "phase, begun_at, reached_at, declared_at, barrier, done_to"


async def read_cut(connection: Connection) -> Cut:
    """The cut as of now."""
    return Cut(*await connection.fetchrow(f"SELECT {_COLUMNS} FROM timeline_cut"))  # noqa: S608


async def lock_cut(connection: Connection) -> Cut | None:
    """The cut, for this transaction to carry on; None: another one does."""
    row = await connection.fetchrow(
        f"SELECT {_COLUMNS} FROM timeline_cut FOR UPDATE SKIP LOCKED"  # noqa: S608
    )
    return None if row is None else Cut(*row)


async def save_cut(connection: Connection, cut: Cut) -> None:
    """Keep how far the cut has come."""
    await connection.execute(
        """
        UPDATE timeline_cut SET phase = $1, begun_at = $2, reached_at = $3, declared_at = $4,
          barrier = $5, done_to = $6
        """,
        *cut,
    )


async def this_transaction(connection: Connection) -> int:
    """The number of this transaction; those that begin later have greater ones."""
    number: int = await connection.fetchval("SELECT pg_current_xact_id()::text::bigint")
    return number


async def have_ended(connection: Connection, barrier: int) -> bool:
    """Whether every transaction up to this number has ended."""
    ended: bool = await connection.fetchval(
        "SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint > $1", barrier
    )
    return ended


async def customers_after(
    connection: Connection, customer_id: bytes | None, limit: int
) -> list[bytes]:
    """The next customers by their ids; those merged into others are left out."""
    rows = await connection.fetch(
        """
        SELECT customer_id FROM customers WHERE customer_id > $1 AND merged_into IS NULL
        ORDER BY customer_id LIMIT $2
        """,
        customer_id or bytes(16),
        limit,
    )
    return [row[0] for row in rows]


async def read_checkpoints(
    connection: Connection, identifier_keys: Iterable[bytes], cut_at: int
) -> list[tuple[bytes, bytes]]:
    """(identifier_key, body) of the checkpoints that were left at the cut by these identifiers."""
    rows = await connection.fetch(
        """
        SELECT identifier_key, body FROM checkpoints
        WHERE identifier_key = ANY($1::text::uuid[]) AND cut_at = $2
        """,
        uuid_array(identifier_keys),
        cut_at,
    )
    return [(row[0], row[1]) for row in rows]


async def replace_checkpoints(
    connection: Connection,
    cut_at: int,
    identifier_keys: Iterable[bytes],
    rows: Sequence[tuple[bytes, bytes]],
) -> None:
    """These are all the checkpoints that any of the identifiers carries at the cut."""
    await connection.execute(
        "DELETE FROM checkpoints WHERE identifier_key = ANY($1::text::uuid[]) AND cut_at = $2",
        uuid_array(identifier_keys),
        cut_at,
    )
    if rows:
        await connection.execute(
            """
            INSERT INTO checkpoints (identifier_key, cut_at, body)
            SELECT key, $2, body FROM unnest($1::text::uuid[], $3::bytea[]) AS n (key, body)
            """,
            uuid_array(row[0] for row in rows),
            cut_at,
            [row[1] for row in rows],
        )


async def drop_partition(connection: Connection, name: str) -> None:
    """The partition and all in it are gone."""
    await connection.execute(f"DROP TABLE {name}")


async def blocks_of(connection: Connection, table: str) -> int:
    """How many blocks the table's file has; 0 if there is none."""
    blocks: int = await connection.fetchval(
        "SELECT coalesce(pg_relation_size(to_regclass($1)), 0) "
        "/ current_setting('block_size')::int",
        table,
    )
    return blocks


async def delete_stretch(
    connection: Connection, table: str, column: str, before: int, first_block: int
) -> None:
    """What is older is gone from `BLOCKS_MAX` blocks of the table's file."""
    await connection.execute(
        f"DELETE FROM {table} "  # noqa: S608 - names of our own
        f"WHERE ctid >= $1::tid AND ctid < $2::tid AND {column} < $3",
        (first_block, 0),
        (first_block + BLOCKS_MAX, 0),
        before,
    )
