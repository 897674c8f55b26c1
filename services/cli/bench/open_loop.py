"""Requests at an even rate, each timed from when it was due, against the whole stack."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg

from services.cli.bench import serving
from services.cli.bench.arrivals import Arrivals, arrivals
from services.cli.bench.bodies import Requests
from services.cli.bench.client import Client
from services.cli.bench.load import Load, sent
from services.cli.bench.plan import Plan
from services.cli.bench.stack import Stack, pid_of
from services.cli.bench.worker import connected
from services.cli.local.errors import LocalStackError
from services.cli.local.ports import LOOPBACK
from services.cli.local.role import Role
from services.settings import Settings

POLL_SECONDS = 0.05
DRAIN_SECONDS_MAX = 90.0
LOAD_SHARE = 0.5
LAST_SECONDS = 0.2
# More than are sent: a life told twice enters no stage again.
TEMPLATES = 100_000


class Lives:
    """Single events for ingest with the worker behind it; `rate` is half of what both can take."""

    def __init__(
        self, ingest: serving.Server, worker: Role, database: asyncpg.Connection, plan: Plan
    ) -> None:
        self._ingest = ingest
        self._worker = worker
        self._database = database
        self._plan = plan
        self._requests = iter(_requests(ingest, plan))
        self.rate = 0.0

    async def measure_rate(self) -> None:
        """A burst by all connections until the last event is processed tells the capacity."""
        load = Load(
            host=LOOPBACK,
            port=self._ingest.port,
            write_key=self._ingest.write_key,
            events_per_request=1,
            connections=self._plan.connections,
            customers=self._plan.customers,
            seconds=self._plan.seconds * 2,
        )
        start = time.perf_counter()
        outcome = await sent(load)
        await self.drained(outcome.accepted)
        self.rate = outcome.accepted / (time.perf_counter() - start) * LOAD_SHARE

    async def round(self) -> Client:
        """One round at that rate, all of it processed; raises LocalStackError if one is refused."""
        client = Client(self._requests)
        await client.connect(LOOPBACK, self._ingest.port, self._plan.connections)
        await client.open_loop(self._plan.seconds, self.rate)
        client.close()
        if client.refused:
            raise LocalStackError(f"{client.refused} requests were not answered 200")
        return client

    async def drained(self, events: int | None = None) -> None:
        """At least so many touchpoints are stored, if given, and nothing waits in the outbox."""
        try:
            async with asyncio.timeout(DRAIN_SECONDS_MAX):
                while not await self._is_drained(events):
                    pid_of(self._worker)
                    await asyncio.sleep(POLL_SECONDS)
        except TimeoutError:
            raise LocalStackError(
                f"the worker did not catch up: {self._worker.last_line}"
            ) from None

    async def _is_drained(self, events: int | None) -> bool:
        if await self._database.fetchval("SELECT EXISTS (SELECT FROM outbox)"):
            return False
        if events is None:
            return True
        stored = await self._database.fetchval("SELECT count(*) FROM dedupe")
        return int(stored) >= events


@asynccontextmanager
async def living(
    stack: Stack, settings: Settings, plan: Plan
) -> AsyncIterator[tuple[Lives, asyncpg.Connection, Arrivals]]:
    """Ingest and a worker for as long as the block lasts, and what a subscriber sees of them."""
    async with (
        serving.ingest(stack, settings) as ingest,
        stack.role("worker", settings) as worker,
        arrivals(settings.kafka) as seen,
        connected(settings) as database,
    ):
        lives = Lives(ingest, worker, database, plan)
        await lives.measure_rate()
        yield lives, database, seen
        # The subscriber has until here to see the last of what the outbox has sent.
        await asyncio.sleep(LAST_SECONDS)


def sorted_waits(start: dict[int, float], seen: dict[int, float]) -> list[float]:
    """Seconds from the start to the arrival of each event that changed a stage."""
    waits = sorted(seen[number] - at for number, at in start.items() if number in seen)
    if not waits:
        raise LocalStackError("no stage change was seen", "Measure for longer by --seconds")
    return waits


def _requests(ingest: serving.Server, plan: Plan) -> Requests:
    host = f"{LOOPBACK}:{ingest.port}"
    return Requests(
        host, ingest.write_key, 1, customers=plan.customers, templates=TEMPLATES, seed=2
    )
