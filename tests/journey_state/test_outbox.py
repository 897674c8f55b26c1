"""What waits in the outbox while transactions commit in any order (semantics 7.4)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest_asyncio

from services.journey_state.store import outcomes
from services.journey_state.store.outcomes import OutboxRow
from services.journey_state.store.pool import Store

SHARD = 3
BATCH_MAX = 100


@pytest_asyncio.fixture
async def store(database_url: str) -> AsyncIterator[Store]:
    store = await Store.connect(database_url)
    yield store
    await store.close()


def message(customer: int, version: int) -> OutboxRow:
    key = customer.to_bytes(16, "big")
    ce_id = (customer * 100 + version).to_bytes(16, "big")
    return OutboxRow(
        shard=SHARD,
        customer_id=key,
        topic=1,
        version=version,
        ce_id=ce_id,
        ce_type="t",
        value=b"{}",
        created_at=0,
    )


async def send_round(store: Store, *, dies: bool = False) -> list[tuple[int, int]]:
    """What a relay hands over in one round: (customer, version)."""
    async with store.connection() as connection:
        transaction = connection.transaction()
        await transaction.start()
        assert await outcomes.claim_shard(connection, SHARD)
        rows = await outcomes.read_outbox(connection, SHARD, BATCH_MAX)
        await outcomes.remove_from_outbox(connection, [outbox_id for outbox_id, _ in rows])
        await (transaction.rollback() if dies else transaction.commit())
    return [(int.from_bytes(row.customer_id, "big"), row.version) for _, row in rows]


async def test_no_message_of_a_transaction_that_commits_later_is_skipped(store: Store) -> None:
    async with store.connection() as slow:
        transaction = slow.transaction()
        await transaction.start()
        await outcomes.add_to_outbox(slow, [message(1, 1), message(1, 2)])
        async with store.transaction() as quick:
            await outcomes.add_to_outbox(quick, [message(2, 1)])
        assert await send_round(store) == [(2, 1)]
        async with store.transaction() as quick:
            await outcomes.add_to_outbox(quick, [message(2, 2)])
        await transaction.commit()
        assert await send_round(store) == [(1, 1), (1, 2), (2, 2)]
        assert await send_round(store) == []


async def test_a_relay_that_dies_before_it_commits_leaves_all_to_the_next(store: Store) -> None:
    async with store.transaction() as connection:
        await outcomes.add_to_outbox(connection, [message(1, 1)])
    assert await send_round(store, dies=True) == [(1, 1)]
    assert await send_round(store) == [(1, 1)]


async def test_of_two_relays_one_has_the_shard(store: Store) -> None:
    async def claims(connection: Any) -> bool:
        return await outcomes.claim_shard(connection, SHARD)

    async with store.transaction() as one, store.transaction() as other:
        assert (await claims(one), await claims(other)) == (True, False)
