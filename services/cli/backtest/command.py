"""`milepost journey backtest FILE`: who would be elsewhere, and which signals would differ."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from rich.console import Console

from services.cli.asking import EXIT_NOT_REACHABLE, DataOption
from services.cli.backtest.outcome import Outcome, Side, document
from services.cli.backtest.processes import ShareError, run_shares
from services.cli.backtest.progress import shown
from services.cli.backtest.report import plain_lines, show
from services.cli.endpoints import EndpointsError, database_url
from services.cli.given import load_settings, refuse
from services.contracts.times import SECOND_US
from services.journey_state.backtesting import (
    RANGE_CUSTOMERS,
    NothingInForceError,
    prepare,
    shares_of,
)
from services.journey_state.computed_by import as_the_workers
from services.journey_state.definition import Definition, DefinitionError, read_definition
from services.journey_state.definition.durations import HINT, duration_us
from services.journey_state.store.pool import SCHEMA_MISSING, TRANSIENT, snapshot_of
from services.settings import Settings

EXIT_INTERRUPTED = 130


def backtest(
    file: Annotated[Path, typer.Argument(help="The proposed journey definition, YAML.")],
    *,
    since: Annotated[
        str, typer.Option(help="How far back history and signals are compared, such as 8w.")
    ] = "30d",
    data: DataOption = None,
    processes: Annotated[
        int | None, typer.Option(min=1, max=256, help="Processes; one per core unless given.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Compare a definition with the one in force over the stored timelines; changes nothing.

    Reads the database of the running system, or that of MILEPOST_DATABASE__URL. Exit code 0: it
    was compared, whether or not something differs; 2: a bad file or option; 3: the database does
    not answer.
    """
    proposed, span_us = _definition(file), _span(since)
    settings = load_settings()
    url = _database(settings, data)
    console = Console(stderr=True)
    try:
        outcome = asyncio.run(
            compare(url, proposed, settings, console, span_us=span_us, processes=processes)
        )
    except NothingInForceError:
        _fail("no definition is in force there yet: the worker puts one in force when it starts")
    except (ShareError, *TRANSIENT, *SCHEMA_MISSING) as error:
        _fail(f"the database cannot be read: {error}")
    except KeyboardInterrupt:
        typer.echo("milepost journey backtest: stopped; nothing was written", err=True)
        raise typer.Exit(EXIT_INTERRUPTED) from None
    found = document(outcome)
    if as_json:
        typer.echo(json.dumps(found, ensure_ascii=False, indent=2))
    elif sys.stdout.isatty():
        show(Console(), found)
    else:
        for line in plain_lines(found):
            typer.echo(line)


async def compare(
    url: str,
    proposed: Definition,
    settings: Settings,
    console: Console,
    *,
    span_us: int,
    processes: int | None = None,
) -> Outcome:
    """The outcome over all customers, shared out among processes that see one snapshot."""
    began = time.monotonic()
    async with snapshot_of(url) as connection:
        settings = await as_the_workers(connection, settings)
        job = await prepare(
            connection,
            url,
            proposed.text,
            span_us=span_us,
            grace_us=int(settings.abandonment.grace_seconds * SECOND_US),
            recovery_us=int(settings.watermark.recovery_seconds * SECOND_US),
        )
        shares = shares_of(job.ranges, processes or os.cpu_count() or 1)
        with shown(console, len(job.ranges) * RANGE_CUSTOMERS) as done:
            tally = await run_shares(job, shares, done)
    return Outcome(
        Side(job.journey, job.version),
        Side(proposed.journey, proposed.version),
        job.watermark,
        job.since,
        time.monotonic() - began,
        tally,
    )


def _definition(file: Path) -> Definition:
    try:
        return read_definition(file)
    except DefinitionError as error:
        refuse(str(error))


def _span(text: str) -> int:
    try:
        return duration_us(text)
    except ValueError as error:
        refuse(f"--since {text} {error}: {HINT}")


def _database(settings: Settings, data: Path | None) -> str:
    try:
        return database_url(settings.database.url, data)
    except EndpointsError as error:
        _fail(str(error))


def _fail(message: str) -> NoReturn:
    typer.echo(f"milepost journey backtest: {message}", err=True)
    raise typer.Exit(EXIT_NOT_REACHABLE)
