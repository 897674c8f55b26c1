"""`milepost bench`: measures on servers of its own and prints what came out."""

from __future__ import annotations

import asyncio
import logging
import sys
from enum import StrEnum
from typing import Annotated

import msgspec
import typer
from rich.console import Console

from services.cli.bench.plan import Plan
from services.cli.bench.report import machine, show
from services.cli.given import refuse
from services.cli.local.errors import LocalStackError
from services.cli.topics import TopicsError

EXIT_FAILED = 1
EXIT_INTERRUPTED = 130


class Work(StrEnum):
    """What can be measured."""

    ALL = "all"
    SINGLE = "ingest-single"
    BATCH = "ingest-batch"
    WORKER = "worker"
    LATENCY = "latency"
    BACKTEST = "backtest"
    GROWTH = "growth"
    MAP = "map"
    RECOMPUTATION = "recomputation"


def bench(
    work: Annotated[
        Work, typer.Argument(help="What to measure; all: all but the last three.")
    ] = Work.ALL,
    *,
    seconds: Annotated[
        float, typer.Option(min=0.5, max=120, help="Length of one round of one side.")
    ] = 4.0,
    rounds: Annotated[int, typer.Option(min=1, max=50, help="Rounds of each side.")] = 5,
    customers: Annotated[
        int, typer.Option(min=100, max=2_000_000, help="Customers that the events are of.")
    ] = 100_000,
    json: Annotated[bool, typer.Option("--json", help="Print all rounds as JSON.")] = False,
    profile: Annotated[
        bool, typer.Option("--profile", help="Run the role under cProfile, which slows it.")
    ] = False,
) -> None:
    """Measure what an event costs, on own servers on loopback that are removed afterwards."""
    try:
        # Needs the extra `local`, which a production install does not have.
        from services.cli.bench.run import ASKED_ALONE, MEASURES, run  # noqa: PLC0415
    except ModuleNotFoundError as error:
        refuse(f"`milepost bench` needs {error.name}: install the extra, milepost[local]")
    # Retries while a new topic finds its leaders are no news.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    plan = Plan(seconds=seconds, rounds=rounds, customers=customers, profile=profile)
    together = [name for name in MEASURES if name not in ASKED_ALONE]
    chosen = together if work is Work.ALL else [work.value]
    console = Console(stderr=True)
    try:
        results = asyncio.run(run(chosen, plan, console))
    except (LocalStackError, TopicsError) as error:
        console.print(f"milepost bench: {error}", markup=False, highlight=False, soft_wrap=True)
        sys.exit(EXIT_FAILED)
    except asyncio.CancelledError:
        console.print("milepost bench: stopped, and nothing is left running", highlight=False)
        sys.exit(EXIT_INTERRUPTED)
    if json:
        document = {"machine": machine(), "plan": plan, "results": results}
        typer.echo(msgspec.json.format(msgspec.json.encode(document)).decode())
    else:
        show(results, Console())
