"""Signals' records that are queued and not handed over yet."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple
from zlib import crc32

from services.journey_state.store.outcomes import RELAY_SHARDS
from services.journey_state.store.pool import Connection, int_array

SIGNALS_TOPIC = 2  # publication.TopicCode.SIGNALS


class QueuedSignal(NamedTuple):
    """A record of a signal in the outbox."""

    outbox_id: int
    ce_type: str
    value: bytes


async def lock_signals(connection: Connection, customer_ids: Sequence[bytes]) -> list[QueuedSignal]:
    """The queued records of these customers' signals in their order; no relay hands them over
    before this transaction ends."""
    rows = await connection.fetch(
        """
        SELECT outbox_id, ce_type, value FROM outbox
        WHERE shard = ANY($1::smallint[]) AND customer_id = ANY($2::uuid[]) AND topic = $3
        ORDER BY outbox_id FOR UPDATE
        """,
        sorted({crc32(one) % RELAY_SHARDS for one in customer_ids}),
        customer_ids,
        SIGNALS_TOPIC,
    )
    return [QueuedSignal(*row) for row in rows]


async def suppress(
    connection: Connection,
    outbox_ids: Sequence[int],
    unraised: Collection[str],
    reminders: Collection[str],
) -> None:
    """These records are not sent, for want of consent; of `unraised` signals nothing was told."""
    await connection.execute(
        "DELETE FROM outbox WHERE outbox_id = ANY($1::text::bigint[])", int_array(outbox_ids)
    )
    await connection.execute(
        """
        UPDATE signals SET suppressed = 'consent', updated_at = now(), written_by = DEFAULT,
          published = published AND signal_id <> ALL($1::uuid[])
        WHERE signal_id = ANY($1::uuid[]) OR signal_id = ANY($2::uuid[])
        """,
        [bytes.fromhex(one) for one in unraised],
        [bytes.fromhex(one) for one in reminders],
    )


async def hand_over(connection: Connection, outbox_ids: Sequence[int]) -> set[int]:
    """Those of the records that are still queued; a withdrawal waits for them from now on."""
    rows = await connection.fetch(
        "SELECT outbox_id FROM outbox WHERE outbox_id = ANY($1::text::bigint[]) FOR UPDATE",
        int_array(outbox_ids),
    )
    return {row[0] for row in rows}
