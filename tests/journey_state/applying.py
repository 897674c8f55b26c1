"""What a worker does with records, in this process and without Kafka: transactions alone."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import asyncpg
import msgspec
from uuid_utils import uuid7

from services.contracts import touchpoint as wire
from services.contracts.times import DAY_US, SECOND_US, to_datetime
from services.contracts.touchpoint import Touchpoint, record_key
from services.journey_state.active import activate
from services.journey_state.assignment import IdentityBounds
from services.journey_state.deadlines import Deadlines
from services.journey_state.definition import Definition, shipped
from services.journey_state.event import Record
from services.journey_state.firing import Firings
from services.journey_state.intake import Batch, Intake, Spans, Tally
from services.journey_state.store import progress
from services.journey_state.store.pool import Store
from tests.journey_state.running import START_US

TOPIC = "milepost.touchpoints.v1"
GRACE_US = 60 * SECOND_US
CLOSE = 3  # touchpoints between checkpoints: late ones are folded on from one as often as not


@dataclass
class Applying:
    """One partition's records applied; time is seconds after START_US."""

    url: str
    store: Store
    intake: Intake
    deadlines: Deadlines
    now: float = 0
    offset: int = 0
    told: list[Any] = field(default_factory=list)

    async def take(self, *touchpoints: Touchpoint) -> Tally:
        """The touchpoints as one batch."""
        return await self.take_bytes(
            *((record_key(one.identifiers), wire.encode(one)) for one in touchpoints)
        )

    async def take_bytes(
        self, *records: tuple[bytes, bytes], condemned: str | None = None
    ) -> Tally:
        """Any (key, value)s as one batch."""
        batch = Batch(
            [
                Record(0, self.offset + n, START_US, key, value, ())
                for n, (key, value) in enumerate(records)
            ],
            {0: (self.offset, self.offset + len(records))},
        )
        tally = await self.intake.process(batch, condemned=condemned)
        self.offset += len(records)
        return tally

    async def reach(self, seconds: float) -> None:
        """W comes to this time, and what is due by it is fired."""
        self.now = seconds
        await self.execute(
            "UPDATE watermark SET at = $1", to_datetime(START_US + int(seconds * SECOND_US))
        )
        while await self.deadlines.fire():
            pass

    async def execute(self, statement: str, *values: Any) -> list[Any]:
        """Rows of any statement."""
        connection = await asyncpg.connect(self.url)
        try:
            return [tuple(row) for row in await connection.fetch(statement, *values)]
        finally:
            await connection.close()

    async def queued(self) -> list[tuple[str, Any]]:
        """(type, value) of each message in the outbox, in its order."""
        rows = await self.execute("SELECT ce_type, value FROM outbox ORDER BY outbox_id")
        return [(kind, value and msgspec.json.decode(value)) for kind, value in rows]

    async def signals(self) -> list[tuple[Any, ...]]:
        """(rule, state, published, suppressed) of each signal by its due time."""
        return await self.execute(
            "SELECT rule, state, published, suppressed FROM signals ORDER BY due_at, rule"
        )


@asynccontextmanager
async def applying(
    url: str, definition: Definition | None = None, *, checkpoint_every: int = CLOSE
) -> AsyncIterator[Applying]:
    """The shipped journey, or another, over a database with the schema."""
    store = await Store.connect(url)
    await activate(store, definition, shipped())
    found: Applying | None = None
    firings = Firings(
        grace_us=GRACE_US,
        recovery_us=0,
        clock=lambda: START_US + int((found.now if found else 0) * SECOND_US),
        checkpoint_every=checkpoint_every,
    )
    intake = Intake(
        store,
        TOPIC,
        firings,
        bounds=IdentityBounds(),
        spans=Spans(gap_us=30 * SECOND_US, dedupe_us=7 * DAY_US),
        new_id=lambda: uuid7().bytes,
    )
    deadlines = Deadlines(store, TOPIC, firings, lease_seconds=120, batch_max=100)
    async with store.connection() as connection:
        await progress.begin_offsets(connection, TOPIC, [0])
    found = Applying(url, store, intake, deadlines)
    try:
        yield found
    finally:
        await store.close()
