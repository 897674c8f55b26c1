"""W raised from heartbeats, and the customers whose time has come looked at again."""

from __future__ import annotations

from services.contracts.times import SECOND_US
from services.journey_state.customer import Customer, decode_state
from services.journey_state.firing import Firings
from services.journey_state.store import outcomes, people, progress
from services.journey_state.store.pool import Store
from services.journey_state.watermark import Watermark, watermark


class Deadlines:
    """Raises W and fires what is due by it. Several workers may do so at once."""

    def __init__(
        self,
        store: Store,
        topic: str,
        firings: Firings,
        *,
        lease_seconds: float,
        batch_max: int,
    ) -> None:
        self._store = store
        self._topic = topic
        self._firings = firings
        self._lease_us = int(lease_seconds * SECOND_US)
        self._batch_max = batch_max

    async def raise_watermark(self, partitions: int) -> Watermark:
        """W after the heartbeats processed so far; it is stored and never decreases."""
        async with self._store.transaction() as connection:
            previous = await progress.read_watermark(connection)
            heard = await progress.read_heard(connection, self._topic)
            found = watermark(previous, heard, partitions, lease_us=self._lease_us)
            if found.at is not None and found.at != previous:
                await progress.raise_watermark(connection, found.at)
            return found

    async def fire(self) -> int:
        """Look at the customers whose time has come; gives how many there were, 0 when done."""
        async with self._store.transaction() as connection:
            conclusion = await self._firings.begin(connection)
            due = await outcomes.due_customers(
                connection, conclusion.firing.watermark, self._batch_max
            )
            if not due:
                return 0
            # A customer that another worker holds is left for the next look.
            rows = await people.lock_customers(connection, due, skip_locked=True)
            if len(rows) < len(due):
                await outcomes.stop_lost_timers(connection, due)
            woken = []
            for row in rows:
                if row.merged_into is not None:
                    conclusion.stopped.append(row.customer_id)
                    continue
                state = decode_state(row.state)
                customer = Customer.found(row.customer_id, state, row.definition_id)
                customer.state.wake_at = None
                woken.append(customer)
            await conclusion.conclude(connection, woken, {})
            idle = [c.customer_id for c in woken if c.state.wake_at is None]
            gone = [*conclusion.stopped, *idle]
            if gone:
                await outcomes.stop_timers(connection, gone)
            return len(rows)
