"""`milepost up`, as far as an install without the embedded servers has it."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from services.cli.endpoints import default_data_dir
from services.cli.given import load_settings, refuse
from services.cli.simulate.pain_option import Demo, PainOption


def up_command(
    *,
    demo: Annotated[
        bool, typer.Option("--demo", help="Add simulated customers and a live table.")
    ] = False,
    pain: PainOption = None,
    show_pain: Annotated[
        bool, typer.Option("--show-pain", help="Say what pain the demo has.")
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
    chosen = Demo(tuple(pain or ()), is_told=show_pain) if demo else None
    sys.exit(asyncio.run(up(settings, folder, demo=chosen, console=Console())))
