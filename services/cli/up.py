"""`milepost up`: the whole system on this machine, until Ctrl-C."""

from __future__ import annotations

import asyncio
import signal
import time
from typing import TYPE_CHECKING

from services.cli.dashboard import run_dashboard
from services.cli.local.errors import LocalStackError
from services.cli.local_run import LocalRun
from services.cli.welcome import welcome

if TYPE_CHECKING:
    from collections.abc import Coroutine
    from pathlib import Path

    from rich.console import Console

    from services.cli.endpoints import Endpoints
    from services.cli.simulate.pain_option import Demo
    from services.settings import Settings


async def up(settings: Settings, data_dir: Path, *, demo: Demo | None, console: Console) -> int:
    """Runs everything until SIGINT or SIGTERM, then stops it in order; the exit code.

    What stands in the way is said on the console in one line, and nothing is left running.
    """
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, stopping.set)
    run = LocalRun(settings, data_dir, demo=demo, console=console)
    began = time.monotonic()
    try:
        endpoints = await _unless(stopping, run.start())
        if endpoints is not None:
            seconds = time.monotonic() - began
            lines = welcome(endpoints, run.data_dir, seconds=seconds, demo=demo)
            console.print(lines, markup=False, highlight=False, soft_wrap=True)
            await _stay(endpoints, console, stopping, demo=demo)
        console.print("Stopping ...", highlight=False)
    except LocalStackError as error:
        console.print(f"milepost up: {error}", markup=False, highlight=False, soft_wrap=True)
        return 1
    finally:
        await run.stop()
    return 0


async def _stay(
    endpoints: Endpoints, console: Console, stopping: asyncio.Event, *, demo: Demo | None
) -> None:
    if demo is not None:
        await run_dashboard(endpoints.api, console, stop=stopping)
    await stopping.wait()


async def _unless(
    stopping: asyncio.Event, work: Coroutine[None, None, Endpoints]
) -> Endpoints | None:
    """What `work` gives; None, and it is cancelled, when `stopping` comes first."""
    working = asyncio.ensure_future(work)
    asked = asyncio.ensure_future(stopping.wait())
    try:
        await asyncio.wait({working, asked}, return_when=asyncio.FIRST_COMPLETED)
        if working.done():
            return working.result()
        return None
    finally:
        for task in (working, asked):
            task.cancel()
        await asyncio.gather(working, asked, return_exceptions=True)
