"""The paths that take events, each with and without a trailing slash."""

from __future__ import annotations

from typing import Literal, NamedTuple

from services.contracts.touchpoint import Call
from services.ingest.protocols.segment import CALLS

Dialect = Literal["native", "single", "batch", "dropped"]


class Route(NamedTuple):
    """How the body of a path is read; `call` is the call that the path names."""

    path: str
    dialect: Dialect
    call: Call | None = None

    @property
    def is_native(self) -> bool:
        """Whether it answers in our own words, not in those SDKs expect."""
        return self.dialect == "native"


_SHORT: dict[str, Call] = {
    "t": "track",
    "i": "identify",
    "p": "page",
    "s": "screen",
    "g": "group",
    "a": "alias",
}
_CALLS: dict[str, Call] = {call: call for call in _SHORT.values()}
assert set(_CALLS) == set(CALLS)

ROUTES = (
    Route("/v1/events", "native"),
    *(Route(f"/v1/{name}", "single", call) for name, call in (_CALLS | _SHORT).items()),
    *(Route(path, "batch") for path in ("/v1/batch", "/v1/import", "/v1/b", "/b")),
    Route("/v1/m", "dropped"),
)
BY_PATH = {path: route for route in ROUTES for path in (route.path, f"{route.path}/")}
