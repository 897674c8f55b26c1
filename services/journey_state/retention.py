"""The timeline cut at one instant for all customers, in pieces beside the work (semantics 4.4)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

import structlog

from services.contracts.times import DAY_US, format_time, read_time, to_datetime
from services.journey_state.checkpointing import leave_checkpoints
from services.journey_state.customer import Customer, decode_state
from services.journey_state.firing import Firings
from services.journey_state.holdings import load_holdings
from services.journey_state.store import cuts, partitions, people, progress
from services.journey_state.store.cuts import EMPTIED, Cut
from services.journey_state.store.partitions import REST, month_of
from services.journey_state.store.pool import Connection, Store
from services.journey_state.stored_past import load_pasts

log = structlog.get_logger()

CUSTOMERS_MAX = 100  # of one piece
# What is imported into a new database is not cut off while it comes.
FIRST_CUT_US = DAY_US

Piece = Callable[[Connection, Cut], Awaitable[bool]]


class Retention:
    """Carries a cut on by one short transaction after the other; how far it is, the table says.

    declared: what occurred before the cut is too late from now on. When no transaction goes on
    that began before, cutting: each customer gets a checkpoint, and while this lasts whoever is
    folded again gets a new one. Then it is reached: folds begin at the checkpoints. When no
    transaction goes on that began before, dropping: what stands before the cut is deleted.
    """

    def __init__(self, store: Store, firings: Firings, *, timeline_us: int) -> None:
        self._store = store
        self._firings = firings
        self._timeline_us = timeline_us
        self._walk = (0, 0)  # which of the tables that are emptied in stretches, which block
        self._pieces: Mapping[str, Piece] = {
            "idle": self._declare,
            "declared": self._begin,
            "cutting": self._cut,
            "reached": self._begin_dropping,
            "dropping": self._drop,
        }

    async def step(self) -> bool:
        """Do the next piece, if another worker does not; whether one more may follow at once.

        Killed in the middle, nothing of the piece has happened.
        """
        async with self._store.transaction() as connection:
            cut = await cuts.lock_cut(connection)
            return cut is not None and await self._pieces[cut.phase](connection, cut)

    async def _declare(self, connection: Connection, cut: Cut) -> bool:
        watermark = await progress.read_watermark(connection)
        if watermark is None:
            return False
        if cut.begun_at is None:
            await cuts.save_cut(connection, cut._replace(begun_at=watermark))
            return False
        month = month_of(to_datetime(watermark - self._timeline_us))
        at = read_time(month.start)
        if cut.reached_at is None and watermark < cut.begun_at + FIRST_CUT_US:
            return False
        if cut.reached_at is not None and at <= cut.reached_at:
            return False
        await cuts.save_cut(connection, cut._replace(phase="declared", declared_at=at))
        log.info("timeline cut declared", at=format_time(at))
        return True

    async def _begin(self, connection: Connection, cut: Cut) -> bool:
        begun = cut._replace(phase="cutting", done_to=None)
        return await self._once_all_know(connection, cut, begun)

    async def _begin_dropping(self, connection: Connection, cut: Cut) -> bool:
        return await self._once_all_know(connection, cut, cut._replace(phase="dropping"))

    async def _once_all_know(self, connection: Connection, cut: Cut, after: Cut) -> bool:
        """Go on when every transaction has ended that may have read what stood here before."""
        if cut.barrier is None:
            barrier = await cuts.this_transaction(connection)
            await cuts.save_cut(connection, cut._replace(barrier=barrier))
            return False
        if not await cuts.have_ended(connection, cut.barrier):
            return False
        await cuts.save_cut(connection, after._replace(barrier=None))
        return True

    async def _cut(self, connection: Connection, cut: Cut) -> bool:
        assert cut.declared_at is not None
        ids = await cuts.customers_after(connection, cut.done_to, CUSTOMERS_MAX)
        if not ids:
            reached = cut._replace(phase="reached", reached_at=cut.declared_at, done_to=None)
            await cuts.save_cut(connection, reached)
            log.info("timeline cut reached", at=format_time(cut.declared_at))
            return True
        rows = await people.lock_customers(connection, ids)
        customers = [
            Customer.found(row.customer_id, decode_state(row.state), row.definition_id)
            for row in rows
            if row.merged_into is None
        ]
        journeys = await self._firings.journeys_for(connection, customers)
        present = [customer.customer_id for customer in customers]
        holdings = await load_holdings(connection, present)
        pasts = await load_pasts(
            connection, holdings, present, cut.reached_at, before=cut.declared_at
        )
        await leave_checkpoints(connection, journeys, customers, holdings, pasts, cut.declared_at)
        await cuts.save_cut(connection, cut._replace(done_to=ids[-1]))
        return True

    async def _drop(self, connection: Connection, cut: Cut) -> bool:
        assert cut.reached_at is not None
        await partitions.wait_briefly(connection)
        for one in await partitions.read_partitions(connection):
            if one.name != REST and one.end is not None and one.end <= cut.reached_at:
                await cuts.drop_partition(connection, one.name)
                log.info("timeline partition dropped", name=one.name)
                return True
        return await self._empty(connection, cut, cut.reached_at)

    async def _empty(self, connection: Connection, cut: Cut, at: int) -> bool:
        """One stretch of what has no partition of its own to drop, table after table."""
        number, block = self._walk
        if number == len(EMPTIED):
            self._walk = (0, 0)
            await cuts.save_cut(connection, cut._replace(phase="idle"))
            return False
        table, column = EMPTIED[number]
        if block >= await cuts.blocks_of(connection, table):
            self._walk = (number + 1, 0)
            return True
        await cuts.delete_stretch(connection, table, column, at, block)
        self._walk = (number, block + cuts.BLOCKS_MAX)
        return True
