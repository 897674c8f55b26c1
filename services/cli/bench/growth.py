"""CPU per event as customers and partitions grow: the same work on more of what stands by."""

from __future__ import annotations

from typing import NamedTuple

from services.cli.bench.figures import Figure, Result, figure
from services.cli.bench.filling import Filler
from services.cli.bench.plan import Plan
from services.cli.bench.seeding import seed
from services.cli.bench.stack import Stack, pid_of
from services.cli.bench.traffic import sessions
from services.cli.bench.worker import Sample, Watch, connected, cost, windows
from services.journey_state.definition import shipped

PARTITIONS = (1, 12, 96)
MIDDLE_PARTITIONS = 12
RATIO_MUST = 1.5
BACKLOG_PER_SECOND = 10_000
WARM_PART = 0.2  # of the backlog, before it is measured
ROLES = ("worker", "postgres")


class Size(NamedTuple):
    """How much there is beside the events."""

    customers: int
    partitions: int


async def measure_growth(stack: Stack, plan: Plan) -> Result:
    """Sessions of a hundredth, a tenth and all of the customers, then in few and many partitions.

    The customers are put into the database; only sessions are processed.
    """
    few, middle, many = plan.customers // 100, plan.customers // 10, plan.customers
    by_customers = [Size(number, MIDDLE_PARTITIONS) for number in (few, middle, many)]
    by_partitions = [Size(middle, number) for number in PARTITIONS]
    costs: dict[Size, list[Figure]] = {}
    for size in dict.fromkeys([*by_customers, *by_partitions]):
        costs[size] = figures_of(size, await _measured(stack, plan, size), plan.rounds)
    growth = [
        growth_of("customers", [costs[size] for size in by_customers]),
        growth_of("partitions", [costs[size] for size in by_partitions]),
    ]
    return Result(
        work=f"worker, up to {many} customers and {PARTITIONS[-1]} partitions",
        must=f"CPU per event within {RATIO_MUST}x",
        aim="flat",
        met=all(one.median <= RATIO_MUST for one in growth),
        figures=[*growth, *(one for found in costs.values() for one in found)],
        notes=["ratios: the dearest over the cheapest, worker and PostgreSQL together"],
    )


async def _measured(stack: Stack, plan: Plan, size: Size) -> list[Sample]:
    async with stack.fresh(size.partitions) as settings:
        await seed(settings.database.url, size.customers, shipped())
        backlog = int(plan.seconds * plan.rounds * BACKLOG_PER_SECOND)
        records = sessions(backlog, size.customers, size.partitions)
        total = await Filler(settings.kafka).fill(records)
        async with stack.role("worker", settings) as role, connected(settings) as database:
            pid_of(role)
            watch = Watch(stack, role, database)
            await watch.until(int(total * WARM_PART))
            return await watch.samples(plan.seconds * plan.rounds, total)


def figures_of(size: Size, samples: list[Sample], rounds: int) -> list[Figure]:
    """CPU per event of each role in the stretches that hold enough events."""
    # The last stretch may hold next to nothing, whose cost would be that of waiting.
    least = (samples[-1].events - samples[0].events) // (2 * rounds)
    parts = [(a, b) for a, b in windows(samples, rounds) if b.events - a.events > least]
    return [
        figure(
            f"CPU of {role}, {size.customers} customers, {size.partitions} partitions",
            "us/event",
            [cost(a, b, role) for a, b in parts],
        )
        for role in ROLES
    ]


def growth_of(name: str, found: list[list[Figure]]) -> Figure:
    """The dearest of these sizes over the cheapest, all roles together."""
    sums = [sum(one.median for one in figures) for figures in found]
    return figure(f"growth with {name}", "x", [max(sums) / min(sums)])
