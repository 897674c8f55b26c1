"""The worker's own small HTTP side: `/metrics` and `/livez`."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog
from prometheus_client import CollectorRegistry, start_http_server

from services.settings import WorkerSettings

log = structlog.get_logger()


@asynccontextmanager
async def serve_health(
    registry: CollectorRegistry, settings: WorkerSettings
) -> AsyncIterator[None]:
    """Serve the metrics while inside. A taken port is said and lived with: work matters more."""
    try:
        server, thread = start_http_server(
            settings.metrics_port, settings.metrics_host, registry=registry
        )
    except OSError as error:
        log.warning("no metrics: the port is taken", port=settings.metrics_port, error=str(error))
        yield
        return
    try:
        yield
    finally:
        server.shutdown()
        thread.join(timeout=1)
        server.server_close()
