"""The query API as an application: routes, errors, access, what is opened and closed."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from services.journey_state.api import (
    allowed,
    cancelling,
    choices,
    customers,
    dead_letters,
    definition,
    explain,
    export,
    feedback,
    flow,
    funnel,
    holds,
    insights,
    journey_map,
    links,
    lists,
    operations,
    page,
    pages,
    pain,
    people,
    privacy,
    problems,
    segments,
    status,
    stream,
    trend,
)
from services.journey_state.api.access import Access, read_tokens
from services.journey_state.api.asking import Asking, Clock, EndOffsets
from services.journey_state.api.counting import Counting
from services.journey_state.api.operations import Metrics, Timed
from services.journey_state.api.revealing import Masking
from services.journey_state.api.segments_file import SegmentsFile
from services.journey_state.api.streaming import Bounds, Stream
from services.journey_state.database import Database
from services.journey_state.operator import Operator
from services.settings import Settings

# The first match serves: customers' own route takes any path below it.
_ROUTES = (
    explain,
    export,
    privacy,
    journey_map,
    trend,
    funnel,
    flow,
    pain,
    insights,
    people,
    segments,
    choices,
    feedback,
    customers,
    lists,
    links,
    cancelling,
    definition,
    status,
    stream,
    holds,
    allowed,
    dead_letters,
    operations,
    page,
    pages,
)

BODY_BYTES_MAX = 2 << 20  # a journey definition is the largest thing that is sent here


def system_clock() -> int:
    """Now, in microseconds since 1970."""
    return time.time_ns() // 1000


def create_app(
    settings: Settings,
    database: Database,
    *,
    clock: Clock = system_clock,
    touchpoint_ends: EndOffsets | None = None,
    rejected_ends: EndOffsets | None = None,
    stream_bounds: Bounds | None = None,
) -> FastAPI:
    """The app; it closes `database` at its shutdown.

    Raises access.TokensFileError, and DefinitionError for the file of segments.

    `touchpoint_ends` and `rejected_ends` tell the end offsets of those topics by partition; where
    they are None or fail, lag and rejected are null.
    """
    metrics = Metrics()
    operator = Operator(settings, clock)
    live = Stream(database, clock, stream_bounds, on_dropped=metrics.stream_dropped.inc)
    metrics.stream_clients.set_function(lambda: live.readers)
    tokens = None if settings.api.tokens_file is None else read_tokens(settings.api.tokens_file)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        await live.close()
        await app.state.asking.counting.close()
        await operator.close()
        await database.close()

    app = FastAPI(
        title="Milepost query API",
        version=operations.distribution_version(),
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        max_body_size=BODY_BYTES_MAX,
    )
    # The other half of the connections is left for what is quick.
    counting = Counting(database, counts_max=settings.database.pool_max // 2)
    named = SegmentsFile(settings.api.segments_file)
    app.state.asking = Asking(
        settings, database, clock, touchpoint_ends, rejected_ends, operator, named, live, counting
    )
    problems.install(app)
    for module in _ROUTES:
        app.include_router(module.router)
    app.include_router(operations.metrics_route(metrics))
    # The last one added is asked first.
    app.add_middleware(Masking, database=database, metrics=metrics)
    app.add_middleware(Access, tokens=tokens)
    app.add_middleware(Timed, metrics=metrics)
    return app
