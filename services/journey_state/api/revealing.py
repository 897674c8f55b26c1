"""Personal data in answers: masked, or shown in plain, which is logged and counted."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any
from uuid import UUID

import msgspec
import structlog
from starlette.datastructures import Headers, MutableHeaders, QueryParams
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.journey_state import masking_queries
from services.journey_state.api.access import Holder
from services.journey_state.api.asking import find_customer
from services.journey_state.api.masking import customers_in, masked, personal_values
from services.journey_state.api.operations import Metrics
from services.journey_state.api.problems import Problem, problem
from services.journey_state.customer import decode_state
from services.journey_state.database import Database, DatabaseAwayError

MASK = "x-milepost-mask"  # 1: masked, 0: in plain; else as the token's scopes say
MASKED = "x-milepost-masked"  # of the answer: 1
REVEALING = frozenset({"pii", "admin"})

_log = structlog.get_logger(__name__)

_OF_CUSTOMERS = ("/v1/customers/", "/v1/signals", "/v1/deadlines", "/v1/conflicts", "/v1/stage-")

# Of all the API's answers only these hold nothing of a person.
_FIGURES = frozenset(
    {
        "/v1/access",
        "/v1/map",
        "/v1/trend",
        "/v1/funnel",
        "/v1/flow",
        "/v1/pain",
        "/v1/stream",  # masks by itself, for everybody
        "/v1/insights",
        "/v1/journey",
        "/v1/status",
        "/v1/segments",
        "/v1/filters",
        "/v1/feedback",
    }
)


def shows_people(path: str) -> bool:
    """Whether answers of this path may hold personal data."""
    return path.startswith("/v1/") and path not in _FIGURES


def wants_mask(scope: Scope) -> bool | None:
    """What the request says of masking; None: nothing. Raises ValueError."""
    said = Headers(scope=scope).get(MASK)
    if said not in (None, "0", "1"):
        raise ValueError(said)
    return None if said is None else said == "1"


def is_masked(scope: Scope) -> bool:
    """Whether this request is to be answered masked: it says so, or may not see more."""
    holder: Holder | None = scope["state"].get("holder")
    return wants_mask(scope) is True or (holder is not None and not holder.scopes & REVEALING)


class Masking:
    """ASGI middleware behind `Access`: masks answers, and logs each that is in plain.

    Without a token file there is nobody to name: only what was asked for in plain is logged.
    """

    def __init__(self, app: ASGIApp, database: Database, metrics: Metrics) -> None:
        self._app = app
        self._database = database
        self._reveals = metrics.reveals

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        reads = scope["type"] == "http" and scope["method"] in ("GET", "HEAD")
        if not reads or not shows_people(scope["path"]):
            await self._app(scope, receive, send)
            return
        scope.setdefault("state", {})
        try:
            wanted, hidden = wants_mask(scope), is_masked(scope)
        except ValueError:
            detail = "X-Milepost-Mask is 1 (masked) or 0 (in plain)"
            await problem(400, "bad_parameter", detail)(scope, receive, send)
            return
        if hidden and wanted is False:
            detail = "This token lacks the scope `pii`: it sees personal data masked"
            await problem(403, "scope_missing", detail)(scope, receive, send)
        elif hidden:
            await self._app(scope, receive, _Masked(self._database, send))
        else:
            noted = wanted is False or scope["state"].get("holder") is not None
            watched = _Watched(send)
            await self._app(scope, receive, watched)
            if noted and watched.status == HTTPStatus.OK:
                await self._note(scope)

    async def _note(self, scope: Scope) -> None:
        holder: Holder | None = scope["state"].get("holder")
        # The route's pattern: the path may hold an identifier.
        route = getattr(scope.get("route"), "path", "none")
        _log.info(
            "pii_revealed",
            token=holder.name if holder else None,
            customer_id=await self._customer_id(scope),
            route=route,
        )
        self._reveals.labels(route).inc()

    async def _customer_id(self, scope: Scope) -> str | None:
        """Of the one customer who was asked about; None: of a list, or gone since."""
        asked = QueryParams(scope["query_string"]).get("customer")
        text = scope.get("path_params", {}).get("id") or asked
        if text is None or not scope["path"].startswith(_OF_CUSTOMERS):
            return None
        try:
            async with self._database.reading() as connection:
                return str((await find_customer(connection, text)).customer_id)
        except (DatabaseAwayError, Problem):
            return None


class _Watched:
    """Passes an answer on and keeps its status."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self.status = 0

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
        await self._send(message)


class _Masked:
    """Sends an answer of JSON masked once it is whole, and a stream of events event by event.

    What is neither, such as a page of text, holds no customer and goes through as it is.
    """

    def __init__(self, database: Database, send: Send) -> None:
        self._database = database
        self._send = send
        self._start: Message | None = None
        self._body = bytearray()
        self._streams = False

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            kind = _content_type(message)
            self._streams = kind == "text/event-stream"
            if kind == "application/json":
                self._start = message
                return
            headers = MutableHeaders(raw=list(message["headers"]))
            headers[MASKED] = "1"
            message = {**message, "headers": headers.raw}
        elif self._streams:
            message = {**message, "body": self._events(message)}
        elif self._start is not None:
            self._body += message.get("body", b"")
            if not message.get("more_body"):
                await self._finish(self._start)
            return
        await self._send(message)

    def _events(self, message: Message) -> bytes:
        """The events that are whole now, masked; what comes after them waits for its rest."""
        self._body += message.get("body", b"")
        whole = len(self._body) if not message.get("more_body") else self._body.rfind(b"\n\n") + 2
        if whole < len(b"\n\n"):
            return b""
        lines = bytes(self._body[:whole]).split(b"\n")
        del self._body[:whole]
        return b"\n".join(_masked_line(line) for line in lines)

    async def _finish(self, start: Message) -> None:
        try:
            body = await self._masked(bytes(self._body)) if self._body else b""
        except DatabaseAwayError as error:
            answer = problem(503, "database_away", f"PostgreSQL does not answer: {error}")
            start, body = {**start, "status": 503}, bytes(answer.body)
            start["headers"] = answer.raw_headers
        headers = MutableHeaders(raw=list(start["headers"]))
        headers[MASKED] = "1"
        headers["cache-control"] = "no-store"
        if body:
            headers["content-length"] = str(len(body))
        await self._send({**start, "headers": headers.raw})
        await self._send({"type": "http.response.body", "body": body})

    async def _masked(self, body: bytes) -> bytes:
        answer = msgspec.json.decode(body)
        return msgspec.json.encode(masked(answer, await known_of(self._database, answer)))


def _content_type(start: Message) -> str:
    kind = Headers(raw=start["headers"]).get("content-type", "")
    return kind.partition(";")[0].strip()


def _masked_line(line: bytes) -> bytes:
    """A line of a stream of events: its data without what they say of a person themselves."""
    name, colon, text = line.partition(b":")
    if name != b"data" or not text.strip():
        return line
    try:
        answer = msgspec.json.decode(text)
    except msgspec.DecodeError:
        return line
    return name + colon + b" " + msgspec.json.encode(masked(answer, {}))


async def known_of(database: Database, answer: Any) -> Mapping[str, set[str]]:
    """What is known of each customer of an answer, to find it in texts."""
    ids = {UUID(one) for one in customers_in(answer)}
    if not ids:
        return {}
    async with database.reading() as connection:
        rows = await masking_queries.states_of(connection, ids)
        moved = await masking_queries.ever_owned(connection, ids)
    known: dict[str, set[str]] = {}
    for customer_id, body in rows:
        state = decode_state(body)
        values = [one.value for one in state.identifiers]
        values += [value for owner, value in moved if owner == customer_id]
        known[str(customer_id)] = personal_values(values, state.journey.traits)
    return known
