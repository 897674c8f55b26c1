"""Uvicorn's HTTP protocol with a short way for the usual request: small, whole, answered 200."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from typing import Any, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from services.ingest.answers import Answer, Headers

_EXTENSION = "milepost.exchange"
_OK = 200
_OK_LINE = b"HTTP/1.1 200 OK\r\n"


class Exchange:
    """One request and its answer, without the messages of ASGI between.

    What it cannot do it leaves undone, and the caller goes the way of ASGI.
    """

    __slots__ = ("_cycle",)

    def __init__(self, cycle: RequestResponseCycle) -> None:
        self._cycle = cycle

    def whole_body(self) -> bytes | None:
        """The body when all of it is there and nobody waits to be told to send it."""
        cycle = self._cycle
        if cycle.more_body or cycle.disconnected or cycle.waiting_for_100_continue:
            return None
        return bytes(cycle.body)

    def answer(self, answer: Answer) -> bool:
        """Whether the answer is written, in one piece, and the connection ready for the next."""
        cycle = self._cycle
        # It is in the scope that the cycle has: a ring, which only the collector would find.
        del self._cycle
        if (
            answer.status != _OK
            or not cycle.keep_alive
            or cycle.disconnected
            or cycle.flow.write_paused
            or cycle.scope["method"] == "HEAD"
        ):
            return False
        wire = wire_of(cycle.default_headers, answer)
        if wire is None:
            return False
        cycle.response_started = cycle.response_complete = True
        cycle.waiting_for_100_continue = False
        cycle.transport.write(wire)
        cycle.message_event.set()
        cycle.on_response()
        return True


class _Last:
    """The last answer that was written, and the headers of that second."""

    defaults: Headers | None = None
    answer: Answer | None = None
    wire: bytes | None = None


def wire_of(defaults: Headers, answer: Answer) -> bytes | None:
    """The bytes of an answer; None when a header's value would begin a line of its own."""
    # Nearly all requests of SDKs get one and the same object.
    if answer is _Last.answer and defaults is _Last.defaults:
        return _Last.wire
    headers = defaults + answer.headers
    head = b"".join([b"%b: %b\r\n" % header for header in headers])
    if head.count(b"\n") != len(headers) or head.count(b"\r") != len(headers):
        return None
    wire = b"".join((_OK_LINE, head, b"\r\n", answer.body))
    _Last.defaults, _Last.answer, _Last.wire = defaults, answer, wire
    return wire


class IngestProtocol(HttpToolsProtocol):
    """Each request's scope has its exchange."""

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        cast("MutableMapping[str, Any]", cycle.scope)[_EXTENSION] = Exchange(cycle)
        super()._start_asgi_task(cycle, app)


def exchange_of(scope: Mapping[str, Any]) -> Exchange | None:
    """That of an ASGI scope; None on another server."""
    return scope.get(_EXTENSION)
