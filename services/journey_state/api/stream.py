"""`GET /v1/stream`: stage changes, signals and figures as they come, by server-sent events."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.sse import EventSourceResponse
from pydantic import BaseModel, ConfigDict, Field
from starlette.types import Receive, Scope, Send

from services.journey_state.api.asking import Ask, CustomerText, Name, find_customer
from services.journey_state.api.problems import Problem, described, problem
from services.journey_state.api.stream_events import TOPICS, Wanted
from services.journey_state.api.streaming import Reader, TooManyReadersError
from services.journey_state.places import ID_CHARACTERS_MAX, Place, read_place

RETRY_AFTER_SECONDS = 10
LAST_EVENT_ID = "last-event-id"
_HEADERS = {
    "Cache-Control": "no-store",
    "X-Accel-Buffering": "no",  # nginx passes each event on as it comes
}

router = APIRouter(tags=["live"])


class StreamQuery(BaseModel):
    """Which events, and from where on."""

    model_config = ConfigDict(extra="forbid")

    topics: str | None = Field(
        None, max_length=100, description=f"some of {' '.join(TOPICS)}, commas between; else all"
    )
    stage: Name | None = Field(None, description="left, entered, or the signal's")
    rule: Name | None = Field(None, description="of signals: no stage change has one")
    customer: CustomerText | None = Field(None, description="as they are when the stream begins")
    after: str | None = Field(
        None,
        max_length=ID_CHARACTERS_MAX,
        description="`id` of the last event that was read, where no `Last-Event-ID` can be sent",
    )


class _Stream(EventSourceResponse):
    """The answer; its reader is let go with it, however it ends."""

    def __init__(self, reader: Reader) -> None:
        super().__init__(reader.chunks(), headers=_HEADERS)
        self._reader = reader

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._reader.leave()


@router.get(
    "/v1/stream",
    response_class=Response,
    responses={
        200: {"description": "Events without end", "content": {"text/event-stream": {}}},
        **described(bad_request="A bad parameter", not_found="No such customer"),
    },
)
async def stream(query: Annotated[StreamQuery, Query()], request: Request, ask: Ask) -> Response:
    """Events as they come: `stage`, `signal`, `status`; `ready` or `reset` first.

    `Last-Event-ID` resumes behind that event.
    """
    customer_id = None
    if query.customer is not None:
        async with ask.database.reading() as connection:
            customer_id = str((await find_customer(connection, query.customer)).customer_id)
    wanted = Wanted(_topics(query.topics), query.stage, query.rule, customer_id)
    try:
        reader = await ask.stream.join(wanted, _last(query, request))
    except TooManyReadersError:
        detail = f"{ask.stream.bounds.clients_max} clients listen: no more are served at a time"
        retry = {"Retry-After": str(RETRY_AFTER_SECONDS)}
        return problem(503, "too_many_streams", detail, headers=retry)
    return _Stream(reader)


def _topics(text: str | None) -> frozenset[str]:
    if text is None:
        return frozenset(TOPICS)
    asked = frozenset(part.strip() for part in text.split(","))
    unknown = sorted(asked - set(TOPICS))
    if unknown:
        message = f"there is no topic {unknown[0][:50]!r}; there are {', '.join(TOPICS)}"
        raise Problem(400, "bad_parameter", f"query parameter topics: {message}")
    return asked


def _last(query: StreamQuery, request: Request) -> Place | str | None:
    """Where the client had come to; the text where it is no place: it is told to begin anew."""
    # A browser repeats the address that it began with, so what it sends beside that is newer.
    text = request.headers.get(LAST_EVENT_ID) or query.after
    if not text:
        return None
    try:
        return read_place(text)
    except ValueError:
        return text
