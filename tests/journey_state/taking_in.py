"""Batches taken in by an intake over a real database, without Kafka."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from uuid_utils import uuid7

from services.contracts import touchpoint
from services.contracts.times import DAY_US, SECOND_US
from services.contracts.touchpoint import Touchpoint
from services.journey_state.active import activate, publish
from services.journey_state.assignment import IdentityBounds
from services.journey_state.deadlines import Deadlines
from services.journey_state.definition import Definition, shipped
from services.journey_state.event import Record
from services.journey_state.firing import Firings
from services.journey_state.intake import Batch, Intake, Spans
from services.journey_state.republishing import Republishing
from services.journey_state.store import progress
from services.journey_state.store.pool import Store
from tests.journey_state.running import START_US

TOPIC = "touchpoints"
GRACE_US = 60 * SECOND_US


def firings_of() -> Firings:
    """Conclusions by a clock that stands."""
    return Firings(
        grace_us=GRACE_US,
        recovery_us=600 * SECOND_US,
        clock=lambda: START_US + GRACE_US,
        checkpoint_every=3,  # so that late ones are folded on from one as often as not
    )


class TakingIn:
    """One partition's records, taken in batch by batch; W is raised by hand."""

    def __init__(self, store: Store) -> None:
        firings = firings_of()
        self.store = store
        self._offset = 0
        self._intake = Intake(
            store,
            TOPIC,
            firings,
            bounds=IdentityBounds(),
            spans=Spans(gap_us=30 * SECOND_US, dedupe_us=7 * DAY_US),
            new_id=lambda: uuid7().bytes,
        )
        self._republishing = Republishing(store, firings, done=lambda _: None, batch_max=100)
        self._deadlines = Deadlines(store, TOPIC, firings, lease_seconds=120, batch_max=100)

    async def take(self, *touchpoints: Touchpoint) -> None:
        """One batch, one transaction."""
        start, end = self._offset, self._offset + len(touchpoints)
        records = [
            Record(0, start + n, START_US, b"", touchpoint.encode(one), ())
            for n, one in enumerate(touchpoints)
        ]
        await self._intake.process(Batch(records, {0: (start, end)}))
        self._offset = end

    async def raise_watermark(self, seconds: float) -> None:
        """W stands `seconds` after START_US after this, and what was due has fired."""
        async with self.store.transaction() as connection:
            await progress.raise_watermark(connection, START_US + round(seconds * SECOND_US))
        while await self._deadlines.fire():
            pass

    async def publish(self, definition: Definition) -> None:
        """The definition is in force after this, and every customer computed under it."""
        async with self.store.transaction() as connection:
            await publish(connection, definition)
        while await self._republishing.step():
            pass


@asynccontextmanager
async def taking_in(url: str, definition: Definition | None = None) -> AsyncIterator[TakingIn]:
    """An intake over this database, whose definition is in force after this."""
    store = await Store.connect(url, connections_max=2)
    await activate(store, definition, shipped())
    async with store.transaction() as connection:
        await progress.begin_offsets(connection, TOPIC, [0])
    try:
        yield TakingIn(store)
    finally:
        await store.close()
