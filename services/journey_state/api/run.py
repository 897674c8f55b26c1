"""The role `api`: the query API in the foreground until it is told to stop."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn

from services.journey_state.api.app import create_app
from services.journey_state.api.asking import EndOffsets
from services.journey_state.api.streaming import Bounds
from services.journey_state.database import Database
from services.settings import ApiSettings, Settings

GRACEFUL_SECONDS_MAX = 5
BACKLOG_CONNECTIONS_MAX = 512
UNREAD_SECONDS_MAX = 60  # a client that takes nothing for so long has lost its connection


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals are the caller's: uvicorn would end the process by the signal once more."""
        yield


async def serve(
    settings: Settings,
    stopping: asyncio.Event,
    *,
    touchpoint_ends: EndOffsets | None = None,
    rejected_ends: EndOffsets | None = None,
    stream_bounds: Bounds | None = None,
) -> None:
    """Serves until `stopping` is set, then answers what has begun and closes the database.

    Raises OSError where the address cannot be listened on, access.TokensFileError, and
    DefinitionError for the file of segments.
    """
    database = Database.at(settings.database.url, connections_max=settings.database.pool_max)
    app = create_app(
        settings,
        database,
        touchpoint_ends=touchpoint_ends,
        rejected_ends=rejected_ends,
        stream_bounds=stream_bounds,
    )
    config = uvicorn.Config(
        app,
        access_log=False,
        log_config=None,
        lifespan="on",
        server_header=False,
        timeout_graceful_shutdown=GRACEFUL_SECONDS_MAX,
    )
    running = _Server(config)
    with _listening(settings.api) as listener:
        serving = asyncio.create_task(running.serve([listener]))
        told = asyncio.create_task(stopping.wait())
        await asyncio.wait({serving, told}, return_when=asyncio.FIRST_COMPLETED)
        told.cancel()
        # Whoever listens would keep the server from ending in time.
        await app.state.asking.stream.close()
        running.should_exit = True
        await serving


def _listening(api: ApiSettings) -> socket.socket:
    family = socket.AF_INET6 if ":" in api.host else socket.AF_INET
    listener = socket.create_server(
        (api.host, api.port), family=family, backlog=BACKLOG_CONNECTIONS_MAX
    )
    if hasattr(socket, "TCP_USER_TIMEOUT"):  # Linux; what is accepted has it too
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNREAD_SECONDS_MAX * 1000)
    return listener
