"""What every role begins with, and how it is told to stop."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Awaitable, Callable

import uvloop

from services.cli.given import load_settings, refuse
from services.cli.logs import configure_logging
from services.settings import Settings


def settings_of_role(*, kafka: bool = False, database: bool = False) -> Settings:
    """The settings, logging set up; ends the program where a server that is needed is not named."""
    settings = load_settings()
    configure_logging(settings.log)
    if kafka and not settings.kafka.bootstrap:
        refuse("set MILEPOST_KAFKA__BOOTSTRAP to host:port, or use `milepost up`")
    if database and not settings.database.url:
        refuse("set MILEPOST_DATABASE__URL to postgresql://..., or use `milepost up`")
    return settings


def until_signaled(run: Callable[[asyncio.Event], Awaitable[None]]) -> None:
    """Run until it returns; SIGTERM and SIGINT set the event it is given."""

    async def main() -> None:
        stopping = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stopping.set)
        await run(stopping)

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main())
