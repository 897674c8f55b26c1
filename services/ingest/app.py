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
from services.ingest.spool_folder import declare_spool_metrics, open_spool, stamp_floor
from services.ingest.spooling import SpoolingSink
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
        self.kafka = KafkaSink(
            settings.kafka,
            ack_seconds_max=ingest.ack_seconds_max,
            inflight_bytes_max=ingest.inflight_bytes_max,
            gives_way=ingest.spool_dir is not None and ingest.spool_bytes_max > 0,
        )
        spool = open_spool(ingest.spool_dir)
        inflight = InFlight(clock, stamp_floor(clock(), spool))
        self.spooling: SpoolingSink | None = None
        if spool is not None:
            self.spooling = SpoolingSink(
                self.kafka,
                spool,
                inflight,
                bytes_max=ingest.spool_bytes_max,
                waiting_bytes_max=ingest.inflight_bytes_max,
            )
        lease_seconds = settings.watermark.lease_seconds
        self.parts = Parts(
            sources=Sources(settings.sources_file),
            sink=self.spooling or self.kafka,
            pulse=Pulse(self.instance, inflight, self.kafka, lease_seconds, self.spooling),
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
        metrics, kafka, parts = self.parts.metrics, self.kafka, self.parts
        metrics.counters["producer_rebuilds", "Producers replaced"] = lambda: kafka.rebuilds
        metrics.counters["ingest_rate_limited", "Requests of sources too fast"] = lambda: (
            parts.rates.refused
        )
        metrics.gauges["ingest_in_flight_bytes", "Taken and not acknowledged"] = lambda: (
            kafka.bytes_in_flight
        )
        metrics.gauges["ingest_sources_file_broken", "1: the last good one is used"] = lambda: (
            parts.sources.is_broken
        )
        declare_spool_metrics(metrics, self.spooling, parts.inflight)

    @property
    def is_ready(self) -> bool:
        """Whether an event can be made durable now, and the watermark minds it."""
        takes = self.spooling.takes if self.spooling is not None else self.kafka.is_up
        return takes and self.parts.pulse.is_ready

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Started, and on the way out every event settled and the goodbye said."""
        self.kafka.start()
        if self.spooling is not None:
            self.spooling.start()
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
            await self._stop()

    async def _stop(self) -> None:
        drain_seconds_max = self.settings.ingest.drain_seconds_max
        loop = asyncio.get_running_loop()
        deadline = loop.time() + drain_seconds_max
        if self.spooling is not None:
            await self.spooling.settle(drain_seconds_max)
        await self.parts.pulse.say_goodbye()
        if self.spooling is not None:
            await self.spooling.stop()
        await self.kafka.stop(max(0.0, deadline - loop.time()))
        self.instance.close()

    async def _beat(self) -> None:
        await self.kafka.started()
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
        ready = service.is_ready
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
