"""The chosen measures one after another, on one pair of servers."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Awaitable, Callable, Mapping

from rich.console import Console

from services.cli.bench.backtest import measure_backtest
from services.cli.bench.figures import Result
from services.cli.bench.growth import measure_growth
from services.cli.bench.ingest import measure_batch, measure_single
from services.cli.bench.latency import measure_latency
from services.cli.bench.map import measure_map
from services.cli.bench.plan import Plan
from services.cli.bench.recomputation import measure_recomputation
from services.cli.bench.stack import Stack, started_stack
from services.cli.bench.worker import measure_worker

MEASURES: Mapping[str, Callable[[Stack, Plan], Awaitable[Result]]] = {
    "ingest-single": measure_single,
    "ingest-batch": measure_batch,
    "worker": measure_worker,
    "latency": measure_latency,
    "backtest": measure_backtest,
    "growth": measure_growth,
    "map": measure_map,
    "recomputation": measure_recomputation,
}

# What takes far longer than the others is measured only by its name.
ASKED_ALONE = frozenset({"growth", "map", "recomputation"})


async def run(chosen: list[str], plan: Plan, console: Console) -> list[Result]:
    """The results, in order; the servers and their data are gone. SIGINT and SIGTERM cancel it.

    Raises LocalStackError or TopicsError.
    """
    task = asyncio.current_task()
    assert task is not None
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, task.cancel)
    results = []
    with console.status("starting Kafka and PostgreSQL") as status:
        async with started_stack() as stack:
            for name in chosen:
                status.update(f"measuring {name}")
                if not console.is_terminal:
                    console.print(f"measuring {name}")
                results.append(await MEASURES[name](stack, plan))
            status.update("stopping")
    return results
