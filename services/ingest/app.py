"""Puts ingest together: the collector in front, FastAPI behind it for everything else."""

from __future__ import annotations

import asyncio
import html
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse, JSONResponse, Response
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.exceptions import HTTPException

from services.ingest.accept import Limits, Parts
from services.ingest.body import BodyReader
from services.ingest.collect import Collector
from services.ingest.heartbeat import Pulse
from services.ingest.hooks.receiver import HookReceiver
from services.ingest.inflight import Clock, InFlight, utc_now
from services.ingest.instance import Instance
from services.ingest.mail_links import mail_links
from services.ingest.metrics import Metrics
from services.ingest.openapi import with_ingest_paths
from services.ingest.rate import Rates
from services.ingest.sink import KafkaSink
from services.ingest.snippet.route import add_snippet
from services.ingest.sources import Sources
from services.ingest.startup import add_startup_routes
from services.settings import Settings

_log = structlog.get_logger(__name__)

SOURCES_LOOK_SECONDS = 1.0


def create_app(settings: Settings, *, clock: Clock = utc_now) -> Collector:
    """The ASGI application; its lifespan starts and ends the producer and the heartbeats."""
    service = _Service(settings, clock)
    rest = _rest(service)
    hooks = HookReceiver(service.parts, settings.ingest.public_url)
    return Collector(service.parts, rest, hooks)


class _Service:
    """The parts and their life. Built inside the running loop, by the lifespan's first step."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        ingest = settings.ingest
        self.settings = settings
        self.instance = Instance(ingest.spool_dir)
        self.sink = KafkaSink(
            settings.kafka,
            ack_seconds_max=ingest.ack_seconds_max,
            inflight_bytes_max=ingest.inflight_bytes_max,
        )
        inflight = InFlight(clock)
        self.parts = Parts(
            sources=Sources(settings.sources_file),
            sink=self.sink,
            pulse=Pulse(self.instance, inflight, self.sink, settings.watermark.lease_seconds),
            inflight=inflight,
            reader=BodyReader(
                ingest.body_bytes_max, ingest.body_seconds_max, ingest.reading_bytes_max
            ),
            rates=Rates(ingest.source_events_per_second_max),
            metrics=Metrics(),
            limits=Limits.of(ingest, settings.time),
        )
        self._declare_metrics()

    def _declare_metrics(self) -> None:
        metrics, sink, parts = self.parts.metrics, self.sink, self.parts
        metrics.counters["producer_rebuilds", "Producers replaced"] = lambda: sink.rebuilds
        metrics.counters["ingest_rate_limited", "Requests of sources too fast"] = lambda: (
            parts.rates.refused
        )
        metrics.gauges["ingest_in_flight_bytes", "Taken and not acknowledged"] = lambda: (
            sink.bytes_in_flight
        )
        metrics.gauges["ingest_sources_file_broken", "1: the last good one is used"] = lambda: (
            parts.sources.is_broken
        )

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Started, and on the way out every event settled and the goodbye said."""
        self.sink.start()
        tasks = [
            asyncio.create_task(self._beat()),
            asyncio.create_task(self._watch_sources()),
            asyncio.create_task(self.parts.reader.sweep()),
        ]
        for task in tasks:
            task.add_done_callback(_report_end)
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)
            await self.parts.pulse.say_goodbye()
            await self.sink.stop(self.settings.ingest.drain_seconds_max)
            self.instance.close()

    async def _beat(self) -> None:
        await self.sink.started()
        await self.parts.pulse.run()

    async def _watch_sources(self) -> None:
        while True:
            await asyncio.sleep(SOURCES_LOOK_SECONDS)
            self.parts.sources.refresh()


def _report_end(task: asyncio.Task[None]) -> None:
    """None of the loops ends by itself; without heartbeats readiness then goes too."""
    if not task.cancelled():
        _log.error("loop_ended", exc_info=task.exception())


def _rest(service: _Service) -> FastAPI:
    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with service.running():
            yield

    app = FastAPI(
        title="Milepost ingest",
        description="Touchpoint events in, Kafka out.",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        lifespan=lifespan,
    )
    _add_operations(app, service)
    add_startup_routes(app, service.parts.sources)
    add_snippet(app)
    app.include_router(mail_links(service.parts))
    document = app.openapi
    app.openapi = lambda: app.openapi_schema or with_ingest_paths(document())  # type: ignore[method-assign]
    app.add_exception_handler(HTTPException, _problem)
    return app


def _add_operations(app: FastAPI, service: _Service) -> None:
    @app.get("/livez", summary="The process runs")
    async def livez() -> dict[str, str]:
        return {"status": "ok"}

    @app.get("/readyz", summary="An event can be made durable now")
    async def readyz() -> JSONResponse:
        ready = service.sink.is_up and service.parts.pulse.is_ready
        status = "ok" if ready else "unavailable"
        return JSONResponse({"status": status}, 200 if ready else 503)

    @app.get("/metrics", summary="Prometheus metrics", response_class=Response)
    async def metrics() -> Response:
        return Response(service.parts.metrics.exposition(), media_type=CONTENT_TYPE_LATEST)

    @app.get("/docs", include_in_schema=False)
    async def docs() -> HTMLResponse:
        return HTMLResponse(_page(app.openapi()))


async def _problem(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    body = {
        "type": "about:blank",
        "title": error.detail,
        "status": error.status_code,
        "detail": error.detail,
        "code": str(error.detail).lower().replace(" ", "_"),
    }
    return JSONResponse(
        body, error.status_code, error.headers, media_type="application/problem+json"
    )


def _page(document: dict[str, Any]) -> str:
    """The operations on one page that loads nothing from anywhere."""
    rows = "".join(
        f"<tr><td>{method.upper()}</td><td><code>{html.escape(path)}</code></td>"
        f"<td>{html.escape(operation['summary'])}</td></tr>"
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
    )
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>Milepost ingest</title>'
        "<style>body{font:16px/1.5 system-ui;margin:2rem auto;max-width:60rem;padding:0 1rem}"
        "td{padding:.25rem 1rem .25rem 0;vertical-align:top}</style>"
        "<h1>Milepost ingest</h1>"
        '<p>The whole contract: <a href="/openapi.json">OpenAPI document</a>.</p>'
        f"<table>{rows}</table></html>"
    )
