"""The paths that take events, each with and without a trailing slash."""

from __future__ import annotations

from typing import NamedTuple

from services.contracts.touchpoint import Call
from services.ingest.protocols import cloudevents, ga4, native, pixel, posthog, segment, snowplow
from services.ingest.protocols.dialect import Dialect


class Route(NamedTuple):
    """How the body of a path is read; `call` is the call that the path names."""

    path: str
    dialect: Dialect
    call: Call | None = None


_SHORT: dict[str, Call] = {
    "t": "track",
    "i": "identify",
    "p": "page",
    "s": "screen",
    "g": "group",
    "a": "alias",
}
_CALLS: dict[str, Call] = {call: call for call in _SHORT.values()}
assert set(_CALLS) == set(segment.CALLS)

_BATCHES = ("/v1/batch", "/v1/import", "/v1/b", "/b", "/v1/batch/b", "/batch/b", "/beacon/v1/batch")

ROUTES = (
    Route("/v1/events", native.DIALECT),
    *(Route(f"/v1/{name}", segment.SINGLE, call) for name, call in (_CALLS | _SHORT).items()),
    *(Route(path, segment.BATCH) for path in _BATCHES),
    *(Route(path, segment.DROPPED) for path in ("/v1/m", "/m")),
    *(Route(f"/v1/pixel/{name}", pixel.DIALECT, call) for name, call in _CALLS.items()),
    Route("/pixel/v1/page", pixel.DIALECT, "page"),
    Route("/pixel/v1/track", pixel.DIALECT, "track"),
    Route("/com.snowplowanalytics.snowplow/tp2", snowplow.POST),
    Route("/i", snowplow.GET),
    *(Route(f"/posthog/{name}", posthog.DIALECT) for name in ("batch", "capture", "e", "i/v0/e")),
    Route("/posthog/i/v1/analytics/events", posthog.RESULTS),
    Route("/mp/collect", ga4.DIALECT),
    Route("/v1/cloudevents", cloudevents.DIALECT),
)
BY_PATH = {path: route for route in ROUTES for path in (route.path, f"{route.path}/")}
