"""The worker on a backlog: events per second, and CPU per event of it and of its servers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import chain, pairwise
from typing import NamedTuple

import asyncpg

from services.cli.bench import profiled
from services.cli.bench.cpu import cpu_of
from services.cli.bench.figures import Result, figure
from services.cli.bench.filling import Filler
from services.cli.bench.plan import Plan
from services.cli.bench.stack import Stack, pid_of
from services.cli.bench.traffic import first_visits, sessions
from services.cli.local.errors import LocalStackError
from services.cli.local.role import Role
from services.settings import Settings

EVENTS_PER_SECOND_MUST = 10_000
EVENTS_PER_SECOND_AIM = 25_000
# The backlog must last for the whole measure, and no longer than needed.
BACKLOG_PER_SECOND = 12_500
SAMPLE_SECONDS = 0.25
WARM_SECONDS_MAX = 150.0
SETTLED = 1.05


class Sample(NamedTuple):
    """How far the worker was at a moment, and the CPU seconds used by then."""

    at: float
    events: int
    outbox: int
    wal_bytes: int
    cpu: dict[str, float]


async def measure_worker(stack: Stack, plan: Plan) -> Result:
    """Every customer is known before; then sessions are processed, in windows of equal time."""
    argv = profiled.argv_of("worker", stack.folder) if plan.profile else ()
    async with stack.fresh(plan.partitions) as settings:
        total = await _fill(settings, plan)
        async with stack.role("worker", settings, argv) as role, connected(settings) as database:
            watch = Watch(stack, role, database)
            await watch.until(int(plan.customers * SETTLED))
            if plan.profile:
                profiled.begin(pid_of(role))
            samples = await watch.samples(plan.seconds * plan.rounds, total)
    if plan.profile:
        profiled.print_profile("worker", stack.folder)
    return _result(samples, plan)


async def _fill(settings: Settings, plan: Plan) -> int:
    backlog = int(plan.seconds * plan.rounds * BACKLOG_PER_SECOND)
    records = chain(
        first_visits(plan.customers, plan.partitions),
        sessions(backlog, plan.customers, plan.partitions),
    )
    return await Filler(settings.kafka).fill(records)


class Watch:
    """Looks at a running worker from outside: by what stands in its database."""

    def __init__(self, stack: Stack, role: Role, database: asyncpg.Connection) -> None:
        self._role = role
        self._pids = {"worker": pid_of(role), **stack.pids}
        self._database = database

    async def until(self, events: int) -> None:
        """So many records are processed; raises LocalStackError when that takes too long."""
        try:
            async with asyncio.timeout(WARM_SECONDS_MAX):
                while await self._events() < events:
                    pid_of(self._role)
                    await asyncio.sleep(SAMPLE_SECONDS)
        except TimeoutError:
            raise LocalStackError(
                f"the worker did not process {events} records in {WARM_SECONDS_MAX:.0f} s"
                f" ({self._role.last_line})",
                "Measure fewer customers by --customers",
            ) from None

    async def samples(self, seconds: float, total: int) -> list[Sample]:
        """What is seen until the time is over or all `total` records are processed."""
        found = [await self._sample()]
        while found[-1].at - found[0].at < seconds and found[-1].events < total:
            pid_of(self._role)
            await asyncio.sleep(SAMPLE_SECONDS)
            found.append(await self._sample())
        return found

    async def _sample(self) -> Sample:
        events = await self._events()
        outbox = await self._database.fetchval("SELECT count(*) FROM outbox")
        wal = await self._database.fetchval(
            "SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::bigint"
        )
        now = asyncio.get_running_loop().time()
        return Sample(now, events, outbox, wal, cpu_of(self._pids))

    async def _events(self) -> int:
        query = "SELECT coalesce(sum(next_offset), 0)::bigint FROM consumer_offsets"
        return int(await self._database.fetchval(query))


@asynccontextmanager
async def connected(settings: Settings) -> AsyncIterator[asyncpg.Connection]:
    """A connection to look at the worker's database by."""
    connection = await asyncpg.connect(settings.database.url)
    try:
        yield connection
    finally:
        await connection.close()


def windows(samples: list[Sample], rounds: int) -> list[tuple[Sample, Sample]]:
    """The samples cut into at most `rounds` stretches of about equal time."""
    step = max(1, (len(samples) - 1) // rounds)
    edges = samples[::step][: rounds + 1]
    return list(pairwise(edges))


def _result(samples: list[Sample], plan: Plan) -> Result:
    parts = windows(samples, plan.rounds)
    rates = [(b.events - a.events) / (b.at - a.at) for a, b in parts]
    speed = figure("events per second", "1/s", rates)
    costs = [
        figure(f"CPU of {name}", "us/event", [cost(a, b, name) for a, b in parts])
        for name in samples[0].cpu
    ]
    wal = [(b.wal_bytes - a.wal_bytes) / max(1, b.events - a.events) for a, b in parts]
    return Result(
        work=f"worker, full semantics, {plan.customers} customers",
        must=f"{EVENTS_PER_SECOND_MUST} events/s",
        aim=f"{EVENTS_PER_SECOND_AIM} events/s",
        met=speed.median >= EVENTS_PER_SECOND_MUST,
        figures=[speed, *costs, figure("WAL", "bytes/event", wal)],
        notes=[
            f"{samples[-1].events - samples[0].events} records in"
            f" {samples[-1].at - samples[0].at:.1f} s",
            f"outbox: {samples[0].outbox} messages waiting at the start,"
            f" {samples[-1].outbox} at the end",
        ],
    )


def cost(start: Sample, end: Sample, name: str) -> float:
    """Microseconds of CPU per event between the two."""
    return (end.cpu[name] - start.cpu[name]) * 1e6 / max(1, end.events - start.events)
