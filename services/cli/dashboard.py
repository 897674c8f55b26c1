"""The demo's live table on a terminal, or a line now and then elsewhere, until it is stopped."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import httpx2
from rich.live import Live

from services.cli.dashboard_picture import REQUEST_SECONDS_MAX, Picture, look
from services.cli.dashboard_table import draw, line

if TYPE_CHECKING:
    from rich.console import Console

REFRESH_SECONDS = 1.0
PLAIN_SECONDS = 10.0


async def run_dashboard(api_url: str, console: Console, *, stop: asyncio.Event) -> None:
    """Shows what happens until `stop`: a live table on a terminal, a line every ten seconds
    elsewhere. An api that is away is said and waited for."""
    async with httpx2.AsyncClient(
        base_url=api_url, timeout=REQUEST_SECONDS_MAX, trust_env=False
    ) as client:
        show = _show_live if console.is_terminal else _show_lines
        await show(client, console, stop)


async def _show_live(client: httpx2.AsyncClient, console: Console, stop: asyncio.Event) -> None:
    picture = Picture()
    with Live(console=console, auto_refresh=False, vertical_overflow="crop") as live:
        while not stop.is_set():
            picture = await look(client, picture)
            # The size is asked for each time: a terminal may be resized.
            live.update(draw(picture, console.width, console.height), refresh=True)
            await _pause(stop, REFRESH_SECONDS)


async def _show_lines(client: httpx2.AsyncClient, console: Console, stop: asyncio.Event) -> None:
    picture = Picture()
    while not stop.is_set():
        picture = await look(client, picture)
        console.print(line(picture), soft_wrap=True, highlight=False, markup=False)
        await _pause(stop, PLAIN_SECONDS)


async def _pause(stop: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await stop.wait()
    except TimeoutError:
        return
