"""The worker's own small HTTP side: `/livez`, `/readyz` and `/metrics`, on the loop that works."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import structlog
import uvicorn
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

from services.settings import WorkerSettings

log = structlog.get_logger()

# Every loop comes round far more often; one that does not is stuck, and a restart helps.
LOOP_SECONDS_MAX = 60.0

Answer = tuple[int, bytes, bytes]  # status, content type, body


class Health:
    """What the loops report: when each last came round, and whether partitions are read."""

    def __init__(
        self, registry: CollectorRegistry, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self.registry = registry
        self._monotonic = monotonic
        self.ready: Callable[[], bool] = lambda: False
        self._seen: dict[str, float] = {}

    def came_round(self, loop: str) -> None:
        """A loop is alive."""
        self._seen[loop] = self._monotonic()

    def stuck(self) -> list[str]:
        """The loops that have not come round for too long."""
        oldest = self._monotonic() - LOOP_SECONDS_MAX
        return sorted(loop for loop, at in self._seen.items() if at < oldest)

    def answer(self, path: str) -> Answer:
        """What a GET of the path says."""
        if path == "/metrics":
            return 200, CONTENT_TYPE_LATEST.encode(), generate_latest(self.registry)
        if path == "/livez":
            stuck = self.stuck()
            return _plain(503, f"stuck: {', '.join(stuck)}") if stuck else _plain(200, "ok")
        if path == "/readyz":
            return _plain(200, "ok") if self.ready() else _plain(503, "no partition is read yet")
        return _plain(404, "there are /livez, /readyz and /metrics")

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:  # noqa: ARG002 - ASGI
        """The ASGI side of `answer`."""
        if scope["type"] != "http":
            return
        status, content_type, body = self.answer(scope["path"])
        headers = [(b"content-type", content_type), (b"content-length", b"%d" % len(body))]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})


class _Server(uvicorn.Server):
    """Uvicorn whose stop is the worker's business."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@asynccontextmanager
async def serve_health(health: Health, settings: WorkerSettings) -> AsyncIterator[None]:
    """Serve while inside. A taken port is said and lived with: the work matters more."""
    try:
        listener = socket.create_server((settings.metrics_host, settings.metrics_port))
    except OSError as error:
        log.warning("no metrics: cannot listen", port=settings.metrics_port, error=str(error))
        yield
        return
    config = uvicorn.Config(health, lifespan="off", log_config=None, access_log=False)
    server = _Server(config)
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        yield
    finally:
        server.should_exit = True
        await serving
        listener.close()


def _plain(status: int, text: str) -> Answer:
    return status, b"text/plain; charset=utf-8", f"{text}\n".encode()
