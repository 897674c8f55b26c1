"""Every verb of `milepost`, each in a file of its own."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from services.cli import (
    customer,
    dead_letters,
    email_link,
    erase,
    explain,
    journey,
    link,
    publish,
    replay,
    source,
    tail,
    watermark,
)
from services.cli.backtest.command import backtest
from services.cli.bench.command import bench
from services.cli.doctor.command import doctor
from services.cli.endpoints import default_data_dir
from services.cli.exporting.command import export_command
from services.cli.given import load_settings, refuse
from services.cli.importing.command import import_command
from services.cli.roles import api, ingest, schema, topic, worker
from services.cli.simulate.command import simulate

app = typer.Typer(
    name="milepost",
    help="Touchpoint events in, journey stages and abandonment signals out.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)


def up_command(
    *,
    demo: Annotated[
        bool, typer.Option("--demo", help="Add simulated customers and a live table.")
    ] = False,
    data: Annotated[
        Path | None, typer.Option(help="Data folder; the user's own unless given.")
    ] = None,
) -> None:
    """Run the whole system on this machine: PostgreSQL, Kafka, ingest, worker and api."""
    try:
        # Needs the extra `local`, which a production install does not have.
        from services.cli.up import up  # noqa: PLC0415
    except ModuleNotFoundError as error:
        refuse(f"`milepost up` needs {error.name}: install the extra, milepost[local]")
    settings = load_settings()
    folder = data or default_data_dir()
    sys.exit(asyncio.run(up(settings, folder, demo=demo, console=Console())))


journeys = typer.Typer(help="Journey definitions.", no_args_is_help=True)
journeys.command("check")(journey.check)
journeys.command("show")(journey.show)
journeys.command("publish")(publish.publish)
journeys.command("backtest")(backtest)
app.add_typer(journeys, name="journey")

app.command("up")(up_command)
app.command("ingest")(ingest.run)
app.command("api")(api.run)
app.command("worker")(worker.run)
app.command("migrate")(schema.run)
app.command("topics")(topic.run)
app.add_typer(source.app, name="source")
app.command("simulate")(simulate)
app.command("customer")(customer.customer)
app.command("explain")(explain.explain)
app.command("erase")(erase.erase)
app.command("link")(link.link)
app.command("unlink")(link.unlink)
app.command("tail")(tail.tail)
app.command("email-link")(email_link.email_link)
app.command("import")(import_command)
app.command("export")(export_command)
app.add_typer(watermark.app, name="watermark")
app.add_typer(dead_letters.app, name="dead-letters")
app.command("replay")(replay.replay)
app.command("doctor")(doctor)
app.command("bench")(bench)
