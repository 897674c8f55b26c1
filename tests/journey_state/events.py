"""A client of the live stream over HTTP, as plain as a browser's."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

import httpx2
import msgspec

SECONDS_MAX = 60


class Told(NamedTuple):
    """One event, or a comment (its name is a colon)."""

    name: str
    data: Any
    id: str | None


class Heard:
    """What is told on one connection; `last` is what a browser would send to resume."""

    def __init__(self, lines: AsyncIterator[str]) -> None:
        self._lines = lines
        self.last: str | None = None
        self.retry: int | None = None

    async def next(self, *names: str) -> Told:
        """The next event of one of these names, or any."""
        async with asyncio.timeout(SECONDS_MAX):
            while True:
                told = await self._event()
                if told.name in names or not names:
                    return told

    async def rest(self) -> list[Told]:
        """All until the server ends it."""
        found = []
        async with asyncio.timeout(SECONDS_MAX):
            try:
                while True:
                    found.append(await self._event())
            except StopAsyncIteration:
                return found

    async def _event(self) -> Told:
        fields: dict[str, str] = {}
        while True:
            line = await anext(self._lines)
            if not line:
                return self._told(fields)
            name, _, value = line.partition(":")
            fields[name or ":"] = value.removeprefix(" ")

    def _told(self, fields: dict[str, str]) -> Told:
        if "id" in fields:
            self.last = fields["id"]
        if "retry" in fields:
            self.retry = int(fields["retry"])
        data = msgspec.json.decode(fields["data"]) if "data" in fields else None
        return Told(fields.get("event", ":"), data, fields.get("id"))


@asynccontextmanager
async def reading_along(
    url: str, *, last: str | None = None, token: str | None = None, **parameters: Any
) -> AsyncIterator[Heard]:
    """One connection to the stream, which has begun."""
    headers = {"Last-Event-ID": last} if last else {}
    if token is not None:
        headers["Authorization"] = f"Bearer {token}"
    async with (
        httpx2.AsyncClient(base_url=url, timeout=SECONDS_MAX) as client,
        client.stream("GET", "/v1/stream", params=parameters, headers=headers) as answer,
    ):
        assert answer.status_code == 200, await answer.aread()
        assert answer.headers["content-type"].startswith("text/event-stream")
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-accel-buffering"] == "no"
        stream = Heard(answer.aiter_lines())
        yield stream


async def told_until(stream: Heard, is_enough: Callable[[list[Told]], bool]) -> list[Told]:
    """Stage changes and signals, until they are enough."""
    found: list[Told] = []
    while not is_enough(found):
        found.append(await stream.next("stage", "signal"))
    return found
