"""From the request to the stage-changes topic, at half of what the whole stack can take."""

from __future__ import annotations

import asyncio
import time

import asyncpg

from services.cli.bench import serving
from services.cli.bench.arrivals import arrivals
from services.cli.bench.bodies import Requests
from services.cli.bench.client import Client
from services.cli.bench.figures import Result, figure, percentile
from services.cli.bench.load import Load, sent
from services.cli.bench.plan import Plan
from services.cli.bench.stack import Stack, pid_of
from services.cli.local.errors import LocalStackError
from services.cli.local.ports import LOOPBACK
from services.cli.local.role import Role

P99_SECONDS_MUST = 1.0
POLL_SECONDS = 0.05
DRAIN_SECONDS_MAX = 90.0
LOAD_SHARE = 0.5
# More than are sent: a life told twice enters no stage again.
TEMPLATES = 100_000


async def measure_latency(stack: Stack, plan: Plan) -> Result:
    """Capacity first: a burst by all connections until the last event is processed. Then rounds
    of requests at half of that rate, each timed from when it was due."""
    async with (
        stack.fresh(plan.partitions) as settings,
        serving.ingest(stack, settings) as ingest,
        stack.role("worker", settings) as worker,
        arrivals(settings.kafka) as seen,
    ):
        database = await asyncpg.connect(settings.database.url)
        try:
            capacity = await _capacity(ingest, worker, database, plan)
            rounds = []
            requests = iter(_requests(ingest, plan))
            for _ in range(plan.rounds):
                client = Client(requests)
                await client.connect(LOOPBACK, ingest.port, plan.connections)
                await client.open_loop(plan.seconds, capacity * LOAD_SHARE)
                await _drained(worker, database, None)
                client.close()
                if client.refused:
                    raise LocalStackError(f"{client.refused} requests were not answered 200")
                rounds.append(client)
        finally:
            await database.close()
        # The subscriber has until here to see the last of what the outbox has sent.
        await asyncio.sleep(0.2)
    return _result(plan, capacity, rounds, seen.at)


async def _capacity(
    ingest: serving.Server, worker: Role, database: asyncpg.Connection, plan: Plan
) -> float:
    load = Load(
        host=LOOPBACK,
        port=ingest.port,
        write_key=ingest.write_key,
        events_per_request=1,
        connections=plan.connections,
        customers=plan.customers,
        seconds=plan.seconds * 2,
    )
    start = time.perf_counter()
    outcome = await sent(load)
    await _drained(worker, database, outcome.accepted)
    return outcome.accepted / (time.perf_counter() - start)


async def _drained(worker: Role, database: asyncpg.Connection, events: int | None) -> None:
    """At least so many touchpoints are stored, if given, and nothing waits in the outbox."""
    try:
        async with asyncio.timeout(DRAIN_SECONDS_MAX):
            while not await _is_drained(database, events):
                pid_of(worker)
                await asyncio.sleep(POLL_SECONDS)
    except TimeoutError:
        raise LocalStackError(f"the worker did not catch up: {worker.last_line}") from None


async def _is_drained(database: asyncpg.Connection, events: int | None) -> bool:
    if await database.fetchval("SELECT EXISTS (SELECT FROM outbox)"):
        return False
    return events is None or await database.fetchval("SELECT count(*) FROM dedupe") >= events


def _requests(ingest: serving.Server, plan: Plan) -> Requests:
    host = f"{LOOPBACK}:{ingest.port}"
    return Requests(
        host, ingest.write_key, 1, customers=plan.customers, templates=TEMPLATES, seed=2
    )


def _result(plan: Plan, capacity: float, rounds: list[Client], seen: dict[int, float]) -> Result:
    from_due = [_sorted_waits(client.due_at, seen) for client in rounds]
    from_accepted = [_sorted_waits(client.accepted_at, seen) for client in rounds]
    p99 = figure("p99, due -> topic", "ms", [percentile(w, 0.99) * 1000 for w in from_due])
    return Result(
        work="accepted -> on the stage-changes topic, half load",
        must=f"p99 < {P99_SECONDS_MUST:g} s",
        aim="p99 < 250 ms",
        met=p99.median < P99_SECONDS_MUST * 1000,
        figures=[
            p99,
            figure("p50, due -> topic", "ms", [percentile(w, 0.5) * 1000 for w in from_due]),
            figure(
                "p99, accepted -> topic", "ms", [percentile(w, 0.99) * 1000 for w in from_accepted]
            ),
            figure(
                "p50, accepted -> topic", "ms", [percentile(w, 0.5) * 1000 for w in from_accepted]
            ),
        ],
        notes=[
            f"capacity of the whole stack {capacity:.0f} events/s;"
            f" sent {capacity * LOAD_SHARE:.0f} a second, one per request",
            f"{sum(map(len, from_due))} stage changes timed in {plan.rounds} rounds",
        ],
    )


def _sorted_waits(start: dict[int, float], seen: dict[int, float]) -> list[float]:
    """Seconds from the start to the arrival of each event that changed a stage."""
    waits = sorted(seen[number] - at for number, at in start.items() if number in seen)
    if not waits:
        raise LocalStackError("no stage change was seen", "Measure for longer by --seconds")
    return waits
