"""Tombstones of erased customers sent once more, behind whatever a lost relay may still send."""

from __future__ import annotations

from zlib import crc32

from uuid_utils import uuid7

from services.contracts.times import SECOND_US
from services.journey_state.publication import TOMBSTONE, TopicCode
from services.journey_state.store import erasures, outcomes
from services.journey_state.store.outcomes import RELAY_SHARDS, OutboxRow
from services.journey_state.store.pool import Connection

# A relay whose connection to PostgreSQL ended holds no shard any more; what it had handed to its
# producer may come behind the tombstone that the next one sends. It gives up long before this.
AGAIN_SECONDS = 3600.0
CUSTOMERS_MAX = 500  # of one transaction


async def bury_again(connection: Connection, now: int) -> int:
    """Queue a second tombstone for those erased long enough ago; gives how many."""
    before = now - int(AGAIN_SECONDS * SECOND_US)
    ids = await erasures.take_once_buried(connection, before, CUSTOMERS_MAX)
    if ids:
        await outcomes.add_to_outbox(connection, [_tombstone(one, now) for one in ids])
    return len(ids)


def _tombstone(customer_id: bytes, now: int) -> OutboxRow:
    return OutboxRow(
        shard=crc32(customer_id) % RELAY_SHARDS,
        customer_id=customer_id,
        topic=int(TopicCode.CUSTOMERS),
        version=0,  # a tombstone carries none
        ce_id=uuid7().bytes,
        ce_type=TOMBSTONE,
        value=None,
        created_at=now,
    )
