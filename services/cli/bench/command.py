"""`milepost bench`: runs the chosen measures on servers of its own and prints what came out."""

from __future__ import annotations

import asyncio
import logging
import os
import platform
import signal
import sys
from collections.abc import Awaitable, Callable, Mapping
from enum import StrEnum
from typing import Annotated

import msgspec
import psutil
import typer
from rich.console import Console
from rich.table import Table

from services.cli.bench.figures import Result
from services.cli.bench.ingest import measure_batch, measure_single
from services.cli.bench.latency import measure_latency
from services.cli.bench.plan import Plan
from services.cli.bench.stack import Stack, started_stack
from services.cli.bench.worker import measure_worker
from services.cli.local.errors import LocalStackError
from services.cli.topics import TopicsError

Measure = Callable[[Stack, Plan], Awaitable[Result]]


class Work(StrEnum):
    """What can be measured."""

    ALL = "all"
    SINGLE = "ingest-single"
    BATCH = "ingest-batch"
    WORKER = "worker"
    LATENCY = "latency"


MEASURES: Mapping[Work, Measure] = {
    Work.SINGLE: measure_single,
    Work.BATCH: measure_batch,
    Work.WORKER: measure_worker,
    Work.LATENCY: measure_latency,
}


def bench(
    work: Annotated[Work, typer.Argument(help="What to measure.")] = Work.ALL,
    *,
    seconds: Annotated[float, typer.Option(min=0.5, max=120, help="Of one round.")] = 4.0,
    rounds: Annotated[int, typer.Option(min=1, max=50, help="Of each side.")] = 5,
    customers: Annotated[int, typer.Option(min=100, max=2_000_000)] = 100_000,
    json: Annotated[bool, typer.Option("--json", help="Figures of all rounds, as JSON.")] = False,
    profile: Annotated[
        bool, typer.Option("--profile", help="Run ingest and worker slowly, under cProfile.")
    ] = False,
) -> None:
    """Measure what an event costs, on own servers on loopback that are removed afterwards."""
    # Retries while a new topic finds its leaders are no news.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    plan = Plan(seconds=seconds, rounds=rounds, customers=customers, profile=profile)
    chosen: list[Work] = list(MEASURES) if work is Work.ALL else [work]
    console = Console(stderr=True)
    try:
        results = asyncio.run(_run(chosen, plan, console))
    except (LocalStackError, TopicsError) as error:
        console.print(f"milepost bench: {error}", markup=False, highlight=False, soft_wrap=True)
        sys.exit(1)
    except (KeyboardInterrupt, asyncio.CancelledError):
        console.print("stopped; nothing is left running")
        sys.exit(130)
    if json:
        document = {"machine": machine(), "plan": plan, "results": results}
        typer.echo(msgspec.json.format(msgspec.json.encode(document)).decode())
    else:
        show(results, Console())


async def _run(chosen: list[Work], plan: Plan, console: Console) -> list[Result]:
    """Each measure in turn, all on one pair of servers; SIGTERM ends it as Ctrl-C does."""
    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    results = []
    with console.status("starting Kafka and PostgreSQL") as status:
        async with started_stack() as stack:
            for work in chosen:
                status.update(f"measuring {work.value}")
                if not console.is_terminal:
                    console.print(f"measuring {work.value}")
                results.append(await MEASURES[work](stack, plan))
            status.update("stopping")
    return results


def machine() -> dict[str, str | int]:
    """What the figures were measured on."""
    return {
        "cpus": os.cpu_count() or 0,
        "processor": _processor(),
        "memory_gib": round(psutil.virtual_memory().total / (1 << 30)),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
    }


def show(results: list[Result], console: Console) -> None:
    """A table of all figures: the ratio or rate that is asked for comes first in each part."""
    for result in results:
        verdict = "met" if result.met else "not met"
        table = Table(title=f"{result.work}\nmust {result.must} ({verdict}), aim {result.aim}")
        for column in ("figure", "median", "least", "greatest", "unit"):
            table.add_column(column, justify="left" if column in ("figure", "unit") else "right")
        for one in result.figures:
            numbers = (one.median, one.least, one.greatest)
            table.add_row(one.name, *(_text(number) for number in numbers), one.unit)
        console.print(table)
        for note in result.notes:
            console.print(f"  {note}", highlight=False)
    console.print(", ".join(f"{name} {value}" for name, value in machine().items()))


def _text(number: float) -> str:
    return f"{number:,.0f}" if abs(number) >= 1000 else f"{number:.3g}"


def _processor() -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:  # noqa: PTH123
            names = [line.partition(":")[2].strip() for line in file if "model name" in line]
    except OSError:
        names = []
    return names[0] if names else platform.processor()
