"""Upkeep beside the work: partitions made and dropped, the window trimmed, tombstones repeated."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import structlog

from services.contracts.times import SECOND_US, to_datetime
from services.journey_state.burying import CUSTOMERS_MAX, bury_again
from services.journey_state.retention import Retention
from services.journey_state.store import dedupe, partitions, progress
from services.journey_state.store.pool import REFUSED, TRANSIENT, Store

log = structlog.get_logger()

ROUND_SECONDS = 5.0
MONTHS_SECONDS = 3600.0
NOTE_SECONDS = 60.0
BURY_SECONDS = 60.0
TRIM_SECONDS = 6 * 3600.0  # from the end of one walk through the window to the next


class Maintenance:
    """Any number of workers may run it: each piece is done by one, in a short transaction."""

    def __init__(
        self,
        store: Store,
        retention: Retention,
        *,
        dedupe_us: int,
        clock: Callable[[], int],
    ) -> None:
        self._store = store
        self._retention = retention
        self._stopping = asyncio.Event()
        self._dedupe_us = dedupe_us
        self._clock = clock
        self._note_at = 0
        self._months_at = 0
        self._trim_at = 0
        self._bury_at = 0
        self._block = 0

    async def run(self, stopping: asyncio.Event) -> None:
        """Do what is due, again and again; what cannot be done now is done later."""
        self._stopping = stopping
        while not stopping.is_set():
            for work in (self.note, self.make_months, self.trim, self.cut):
                try:
                    await work()
                except (*TRANSIENT, *REFUSED) as error:
                    log.warning("upkeep waits", work=work.__name__, error=repr(error))
            try:
                async with asyncio.timeout(ROUND_SECONDS):
                    await stopping.wait()
            except TimeoutError:
                continue

    async def note(self) -> None:
        """What W is now can be asked later."""
        now = self._clock()
        if now < self._note_at:
            return
        async with self._store.transaction() as connection:
            await progress.note_watermark(connection)
        self._note_at = now + int(NOTE_SECONDS * SECOND_US)

    async def cut(self) -> None:
        """The timeline is cut as far as it can be now."""
        more = True
        while more and not self._stopping.is_set():
            more = await self._retention.step()

    async def bury(self) -> None:
        """Who was erased long enough ago has a second tombstone queued."""
        now = self._clock()
        if now < self._bury_at:
            return
        async with self._store.transaction() as connection:
            buried = await bury_again(connection, now)
        if buried < CUSTOMERS_MAX:
            self._bury_at = now + int(BURY_SECONDS * SECOND_US)

    async def make_months(self) -> None:
        """The timeline has partitions ahead of time."""
        now = self._clock()
        if now < self._months_at:
            return
        async with self._store.transaction() as connection:
            made = await partitions.make_months(connection, to_datetime(now))
        if made:
            log.info("timeline partitions made", months=made)
        self._months_at = now + int(MONTHS_SECONDS * SECOND_US)

    async def trim(self) -> None:
        """One stretch of the dedupe window is without what was received too long before W."""
        now = self._clock()
        if now < self._trim_at:
            return
        async with self._store.transaction() as connection:
            watermark = await progress.read_watermark(connection)
            if watermark is None or not await partitions.take_turn(connection):
                return
            await dedupe.trim(connection, watermark - self._dedupe_us, self._block)
            self._block += dedupe.BLOCKS_MAX
            if self._block >= await dedupe.count_blocks(connection):
                self._block = 0
                self._trim_at = now + int(TRIM_SECONDS * SECOND_US)
