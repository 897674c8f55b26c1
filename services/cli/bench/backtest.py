"""`milepost journey backtest` over stored pasts: customers per second, CPU per customer."""

from __future__ import annotations

import os
import resource

from rich.console import Console

from services.cli.backtest.command import compare
from services.cli.bench.cpu import cpu_seconds
from services.cli.bench.figures import Result, figure
from services.cli.bench.plan import Plan
from services.cli.bench.stack import Stack
from services.cli.bench.stored import store_pasts
from services.cli.local.errors import LocalStackError
from services.contracts.times import DAY_US, SECOND_US
from services.journey_state.definition import load, shipped

CUSTOMERS_PER_SECOND_MUST = 1_667  # 100,000 in a minute
CUSTOMERS_PER_SECOND_AIM = 3_333
SPAN_US = 3_650 * DAY_US  # all of it
CHANGED = ("after: 30m", "after: 2h")  # the wait of the shop's carts


async def measure_backtest(stack: Stack, plan: Plan) -> Result:
    """The shop against itself with a longer wait for carts, once over everybody."""
    current = shipped()
    proposed = load(current.text.replace(*CHANGED))
    async with stack.fresh(plan.partitions) as settings:
        url = settings.database.url
        grace_us = int(settings.abandonment.grace_seconds * SECOND_US)
        stored = await store_pasts(url, plan.customers, current, grace_us)
        before = (_children_seconds(), cpu_seconds(stack.pids["postgres"]))
        outcome = await compare(url, proposed, settings, Console(quiet=True), span_us=SPAN_US)
        after = (_children_seconds(), cpu_seconds(stack.pids["postgres"]))
    tally = outcome.tally
    if (tally.customers, tally.touchpoints) != stored or tally.stored.count:
        raise LocalStackError(f"{tally.customers} customers compared of {stored.customers}")
    speed = figure("customers per second", "1/s", [stored.customers / outcome.seconds])
    ours, postgres = (1e6 * (b - a) / stored.customers for a, b in zip(before, after, strict=True))
    return Result(
        work=f"backtest, {stored.customers} customers, {stored.touchpoints} touchpoints",
        must=f"{CUSTOMERS_PER_SECOND_MUST} customers/s",
        aim=f"{CUSTOMERS_PER_SECOND_AIM} customers/s",
        met=speed.median >= CUSTOMERS_PER_SECOND_MUST,
        figures=[
            speed,
            figure("CPU of its processes", "us/customer", [ours]),
            figure("CPU of postgres", "us/customer", [postgres]),
        ],
        notes=[
            f"{outcome.seconds:.1f} s on {os.cpu_count()} cores,"
            f" {tally.rule('cart').move.count} signals would be due later"
        ],
    )


def _children_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
