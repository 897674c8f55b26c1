"""`/livez`, `/readyz`, `/metrics`, and the time that requests take."""

from __future__ import annotations

import asyncio
from importlib.metadata import PackageNotFoundError, version
from time import perf_counter

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse, PlainTextResponse
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
)
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.journey_state import progress_queries
from services.journey_state.api.asking import Ask
from services.journey_state.api.problems import described, problem
from services.journey_state.database import DatabaseAwayError

READY_SECONDS_MAX = 2.0

_UNTIMED = frozenset({"/v1/stream"})  # it lasts as long as somebody listens

router = APIRouter(tags=["operations"])


def distribution_version() -> str:
    """The installed version of Milepost."""
    try:
        return version("milepost")
    except PackageNotFoundError:  # run from an archive of the sources
        return "0"


class Metrics:
    """The app's own registry: two apps in one process do not mix."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.request_seconds = Histogram(
            "milepost_api_request_seconds",
            "Time to answer a question",
            ["route", "status"],
            registry=self.registry,
        )
        self.reveals = Counter(
            "milepost_pii_reveals",
            "Answers with personal data in plain that were asked for by name or with a token",
            ["route"],
            registry=self.registry,
        )
        self.stream_clients = Gauge(
            "milepost_api_stream_clients", "Who listens to /v1/stream", registry=self.registry
        )
        self.stream_dropped = Counter(
            "milepost_api_stream_dropped_total",
            "Listeners dropped because they read too slowly",
            registry=self.registry,
        )
        build = Gauge(
            "milepost_build_info", "Version that runs", ["version", "role"], registry=self.registry
        )
        build.labels(distribution_version(), "api").set(1)


class Timed:
    """ASGI middleware: the duration of each request by the route that answered it, and the header
    `Age` of an answer that was kept."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._seconds = metrics.request_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = perf_counter()
        status = 500

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                age = scope.get("state", {}).get("age")
                if age is not None:
                    message["headers"] = [*message["headers"], (b"age", str(age).encode())]
            await send(message)

        try:
            await self._app(scope, receive, watched)
        finally:
            # The route's pattern, never the path: an id must not become a label.
            route = getattr(scope.get("route"), "path", "none")
            if route not in _UNTIMED:
                self._seconds.labels(route, str(status)).observe(perf_counter() - started)


@router.get("/livez", response_class=PlainTextResponse)
async def livez() -> str:
    """The process answers."""
    return "ok\n"


@router.get("/readyz", response_class=PlainTextResponse, responses=described())
async def readyz(ask: Ask) -> Response:
    """Questions can be answered: PostgreSQL is there with its schema."""
    try:
        async with asyncio.timeout(READY_SECONDS_MAX), ask.database.reading() as connection:
            await progress_queries.watermark_at(connection)
    except (DatabaseAwayError, TimeoutError) as error:
        detail = f"PostgreSQL does not answer: {error or 'no answer in time'}"
        answer: JSONResponse = problem(503, "not_ready", detail)
        return answer
    return PlainTextResponse("ok\n")


def metrics_route(metrics: Metrics) -> APIRouter:
    """The route that shows them."""
    shown = APIRouter(tags=["operations"])

    @shown.get("/metrics", response_class=PlainTextResponse)
    async def _metrics() -> Response:
        """Prometheus text format."""
        return Response(generate_latest(metrics.registry), media_type=CONTENT_TYPE_LATEST)

    return shown
