"""A small HTTP server that takes events like an ingest and remembers them."""

from __future__ import annotations

import asyncio
import base64
import gzip
import json
import socket
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import uvicorn

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


@dataclass
class Recorder:
    """`received` holds (write key, event, sentAt) in the order of arrival; the first
    `refusals` requests are answered 503."""

    refusals: int = 0
    rejected_event: str = ""
    status: int = 200
    url: str = ""
    paths: set[str] = field(default_factory=set)
    received: list[tuple[str, dict[str, Any], str | None]] = field(default_factory=list)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        body = await _body(receive)
        if self.status != 200:
            await _answer(send, self.status, {"detail": "unknown write key"})
        elif self.refusals:
            self.refusals -= 1
            await _answer(send, 503, {"detail": "later"}, retry_after=b"0")
        else:
            await _answer(send, 200, self._take(scope, body))

    def _take(self, scope: Any, body: bytes) -> dict[str, Any]:
        headers = {name.decode(): value.decode() for name, value in scope["headers"]}
        path = scope["path"]
        self.paths.add(path)
        if headers.get("content-encoding") == "gzip":
            body = gzip.decompress(body)
        if headers["content-type"] == "application/x-ndjson":
            document: Any = {"events": [json.loads(line) for line in body.splitlines()]}
        else:
            document = json.loads(body)
        events = document.get("events") or document.get("batch") or [document]
        key = _key(headers) or document["writeKey"]
        refused = [n for n, one in enumerate(events) if one.get("event") == self.rejected_event]
        self.received += [
            (key, one, one.get("sentAt") or document.get("sentAt"))
            for n, one in enumerate(events)
            if n not in refused
        ]
        if path != "/v1/events":
            return {"success": True}
        results = [
            {"index": n, "status": "rejected", "code": "bad", "message": "no"} for n in refused
        ]
        return {
            "accepted": len(events) - len(refused),
            "rejected": len(refused),
            "results": results,
        }


def _key(headers: dict[str, str]) -> str | None:
    if "x-write-key" in headers:
        return headers["x-write-key"]
    scheme, _, token = headers.get("authorization", "").partition(" ")
    if scheme == "Basic":
        return base64.b64decode(token).decode().rstrip(":")
    return token or None


async def _body(receive: Any) -> bytes:
    body = b""
    while True:
        message = await receive()
        body += bytes(message.get("body", b""))
        if not message.get("more_body"):
            return body


async def _answer(send: Any, status: int, value: Any, *, retry_after: bytes = b"") -> None:
    headers = [(b"content-type", b"application/json")]
    if retry_after:
        headers.append((b"retry-after", retry_after))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": json.dumps(value).encode()})


@asynccontextmanager
async def serving(app: Any) -> AsyncIterator[str]:
    """The address of the app while it is served on a free port."""
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(
        uvicorn.Config(app, lifespan="off", log_level="error", access_log=False)
    )
    task = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        await task
        listener.close()
