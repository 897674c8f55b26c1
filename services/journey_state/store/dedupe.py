"""Which copy of an event counts: the window of message keys, and the timeline beyond it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from services.journey_state.store.facts import Copy, Fact, TimelineRow
from services.journey_state.store.pool import Connection, int_array, uuid_array

BLOCKS_MAX = 256  # of one deletion: 2 MB, some 25,000 rows


class Trace(NamedTuple):
    """Where an event may stand in the timeline if it came long ago."""

    message_key: bytes
    identifier_key: bytes
    message_id: str
    source: str
    occurred_at: int


async def find_in_timeline(
    connection: Connection, traces: Sequence[Trace], apart_us: int
) -> dict[bytes, tuple[Copy, bytes]]:
    """The copies, with their bytes, that stand in the timeline: of each event the first received.

    Copies of one event may be `apart_us` apart, where a clock was corrected.
    """
    rows = await connection.fetch(
        """
        SELECT s.message_key, t.received_at, t.identifier_key, t.occurred_at, t.body
        FROM unnest($1::text::uuid[], $2::text::uuid[], $3::text[], $4::text[], $5::timestamptz[],
          $6::timestamptz[]) AS s (message_key, identifier_key, message_id, source, low, high)
        CROSS JOIN LATERAL (
          SELECT * FROM timeline WHERE identifier_key = s.identifier_key
            AND occurred_at BETWEEN s.low AND s.high
            AND message_id = s.message_id COLLATE "C" AND source = s.source COLLATE "C"
        ) AS t
        ORDER BY t.received_at DESC, t.body DESC
        """,
        uuid_array(trace.message_key for trace in traces),
        uuid_array(trace.identifier_key for trace in traces),
        [trace.message_id for trace in traces],
        [trace.source for trace in traces],
        [trace.occurred_at - apart_us for trace in traces],
        [trace.occurred_at + apart_us for trace in traces],
    )
    return {row[0]: (Copy(*row[:4]), row[4]) for row in rows}


async def find_under(
    connection: Connection, identifier_keys: Sequence[bytes], message_ids: Sequence[str]
) -> list[TimelineRow]:
    """The touchpoints under any of these identifiers, of whatever time, with these message ids."""
    # A plan made while a month's partition was all but empty would go on reading it whole.
    await connection.execute("SET LOCAL enable_seqscan = off")
    rows = await connection.fetch(
        """
        SELECT identifier_key, occurred_at, message_id, source, received_at, body, too_late
        FROM timeline
        WHERE identifier_key = ANY($1::text::uuid[]) AND message_id = ANY($2::text[])
        """,
        uuid_array(identifier_keys),
        message_ids,
    )
    return list(map(TimelineRow._make, rows))


async def kept_whole(
    connection: Connection, facts: Sequence[Fact], forgotten_before: int
) -> set[bytes]:
    """The message keys of those that stand in the timeline, byte for byte, and are remembered.

    Those received before `forgotten_before` need not be remembered.
    """
    rows = await connection.fetch(
        """
        SELECT f.message_key
        FROM unnest($1::text::uuid[], $2::text::uuid[], $3::timestamptz[], $4::text[], $5::text[],
          $6::timestamptz[], $7::bytea[])
          AS f (message_key, identifier_key, occurred_at, message_id, source, received_at, body)
        JOIN timeline AS t ON t.identifier_key = f.identifier_key
          AND t.occurred_at = f.occurred_at AND t.message_id = f.message_id COLLATE "C"
          AND t.source = f.source COLLATE "C" AND t.body = f.body
        LEFT JOIN dedupe AS d ON d.message_key = f.message_key
        WHERE d.message_key IS NOT NULL OR f.received_at < $8
        """,
        uuid_array(f.message_key for f in facts),
        uuid_array(f.identifier_key for f in facts),
        [f.occurred_at for f in facts],
        [f.message_id for f in facts],
        [f.source for f in facts],
        [f.received_at for f in facts],
        [f.body for f in facts],
        forgotten_before,
    )
    return {row[0] for row in rows}


async def forget_lost(connection: Connection, facts: Sequence[Fact]) -> None:
    """The message keys whose touchpoint is in the timeline no more are forgotten."""
    await connection.execute(
        """
        DELETE FROM dedupe AS d
        USING unnest($1::text::uuid[], $2::text[], $3::text[]) AS f (message_key, id, source)
        WHERE d.message_key = f.message_key AND NOT EXISTS
          (SELECT 1 FROM timeline AS t
           WHERE t.identifier_key = d.identifier_key AND t.occurred_at = d.occurred_at
             AND t.message_id = f.id COLLATE "C" AND t.source = f.source COLLATE "C")
        """,
        uuid_array(f.message_key for f in facts),
        [f.message_id for f in facts],
        [f.source for f in facts],
    )


async def remember_copies(connection: Connection, copies: Sequence[Copy]) -> None:
    """These are the copies that count, whatever was remembered of their events."""
    await connection.execute(
        """
        UPDATE dedupe AS d SET received_at = timestamptz 'epoch' + n.received * interval '1 us',
          identifier_key = n.identifier_key,
          occurred_at = timestamptz 'epoch' + n.occurred * interval '1 us'
        FROM unnest($1::text::uuid[], $2::text::bigint[], $3::text::uuid[], $4::text::bigint[])
          AS n (message_key, received, identifier_key, occurred)
        WHERE d.message_key = n.message_key
        """,
        uuid_array(copy.message_key for copy in copies),
        int_array(copy.received_at for copy in copies),
        uuid_array(copy.identifier_key for copy in copies),
        int_array(copy.occurred_at for copy in copies),
    )


async def count_blocks(connection: Connection) -> int:
    """How many blocks of the file hold the window."""
    blocks: int = await connection.fetchval(
        "SELECT pg_relation_size('dedupe') / current_setting('block_size')::int"
    )
    return blocks


async def trim(connection: Connection, before: int, first_block: int) -> int:
    """Forget the events received before, in `BLOCKS_MAX` blocks of the file; gives how many.

    The table has no index by time, which every event would pay for: its blocks are read in turn.
    """
    status: str = await connection.execute(
        "DELETE FROM dedupe WHERE ctid >= $1::tid AND ctid < $2::tid AND received_at < $3",
        (first_block, 0),
        (first_block + BLOCKS_MAX, 0),
        before,
    )
    return int(status.rpartition(" ")[2])
