"""The role `api`: the query API in the foreground until it is told to stop."""

from __future__ import annotations

import uvicorn

from services.journey_state.api.app import create_app
from services.journey_state.api.asking import EndOffsets
from services.journey_state.database import Database
from services.settings import Settings

GRACEFUL_SECONDS_MAX = 5


def server(
    settings: Settings,
    *,
    touchpoint_ends: EndOffsets | None = None,
    rejected_ends: EndOffsets | None = None,
) -> uvicorn.Server:
    """A server of the query API, not yet listening. Raises access.TokensFileError."""
    database = Database.at(settings.database.url, connections_max=settings.database.pool_max)
    app = create_app(
        settings, database, touchpoint_ends=touchpoint_ends, rejected_ends=rejected_ends
    )
    config = uvicorn.Config(
        app,
        host=settings.api.host,
        port=settings.api.port,
        access_log=False,
        log_config=None,
        lifespan="on",
        server_header=False,
        timeout_graceful_shutdown=GRACEFUL_SECONDS_MAX,
        h11_max_incomplete_event_size=64 << 10,
    )
    return uvicorn.Server(config)


async def serve(
    settings: Settings,
    *,
    touchpoint_ends: EndOffsets | None = None,
    rejected_ends: EndOffsets | None = None,
) -> None:
    """Serves until SIGINT or SIGTERM, then answers what it has begun and closes the database.

    A port in use ends the process with uvicorn's exit code 1 after one logged line.
    """
    await server(settings, touchpoint_ends=touchpoint_ends, rejected_ends=rejected_ends).serve()
