"""The hot path: a body becomes events, events become durable, and only then it is answered."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from time import perf_counter
from typing import Any

from services.ingest import answers, cors
from services.ingest.accept import (
    PARSED_HERE_BYTES_MAX,
    Parts,
    accept,
    is_strict,
    require_few,
    require_small_head,
    wants_dry_run,
)
from services.ingest.answers import Answer
from services.ingest.body import ClientGoneError, Receive
from services.ingest.errors import RequestError, UnavailableError
from services.ingest.hooks.receiver import PREFIX as HOOKS_PREFIX
from services.ingest.hooks.receiver import HookReceiver
from services.ingest.http_protocol import exchange_of
from services.ingest.protocols.dialect import Dialect, Head, Parse
from services.ingest.protocols.event import Parsed
from services.ingest.routes import BY_PATH, Route
from services.ingest.sources_file import Source
from services.ingest.write_key import key_of, read_query

Scope = MutableMapping[str, Any]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]


class Collector:
    """An ASGI application in front of another one: paths that take events are its own."""

    def __init__(self, parts: Parts, fallback: App, hooks: HookReceiver | None = None) -> None:
        self._parts = parts
        self._fallback = fallback
        self._hooks = hooks or HookReceiver(parts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        route = BY_PATH.get(scope["path"]) if scope["type"] == "http" else None
        if route is not None:
            answering = self._answer(route, scope, receive)
        elif scope["type"] == "http" and scope["path"].startswith(HOOKS_PREFIX):
            answering = self._hooks.answer(scope, receive)
        else:
            await self._fallback(scope, receive, send)
            return
        started = perf_counter()
        try:
            answer = await answering
        except ClientGoneError:
            return
        exchange = exchange_of(scope)
        if exchange is None or not exchange.answer(answer):
            await send(
                {"type": "http.response.start", "status": answer.status, "headers": answer.headers}
            )
            await send({"type": "http.response.body", "body": answer.body})
        self._parts.metrics.observe_request(perf_counter() - started)

    async def _answer(self, route: Route, scope: Scope, receive: Receive) -> Answer:
        parts, dialect = self._parts, route.dialect
        headers: dict[bytes, bytes] = dict(scope["headers"])
        origin = headers.get(b"origin")
        if scope["method"] != dialect.method:
            if scope["method"] == "OPTIONS":
                shaken = dialect.handshake(headers) if dialect.handshake else None
                return shaken or cors.preflight(headers, parts.sources)
            if scope["method"] == "HEAD" and dialect.method == "GET":
                # Scanners of mails look whether there is an image; nobody has seen it.
                return answers.PIXEL._replace(body=b"")
            return answers.method_not_allowed(dialect.method)
        query = read_query(scope["query_string"])
        head = Head(route.path, route.call, headers, query, parts.inflight.now())
        try:
            answer = await self._collect(dialect, head, scope, receive)
        except (RequestError, UnavailableError) as error:
            answer = dialect.words.failure(error)
        if origin is not None:
            allowed = cors.response_headers(origin, parts.sources)
            answer = answer._replace(headers=answer.headers + allowed)
        return answer

    async def _collect(
        self, dialect: Dialect, head: Head, scope: Scope, receive: Receive
    ) -> Answer:
        parts, words = self._parts, dialect.words
        require_small_head(scope)
        exchange = exchange_of(scope)
        whole = None if exchange is None else exchange.whole_body()
        encoding = head.headers.get(b"content-encoding", b"")
        if whole is None:
            body = await parts.reader.read(receive, encoding)
        else:
            body = parts.reader.undone(whole, encoding)
        if dialect.parse is None:
            return words.success([])
        if len(body) > PARSED_HERE_BYTES_MAX:
            parsed = await asyncio.to_thread(self._parsed, dialect.parse, body, head)
        else:
            parsed = self._parsed(dialect.parse, body, head)
        source = self._source_of(head, parsed)
        if dialect.is_native and wants_dry_run(head.query):
            verdicts = await accept(parts, source, parsed, head, dry_run=True)
            return answers.native_success(verdicts, dry_run=True)
        verdicts = await accept(parts, source, parsed, head)
        if is_strict(head.headers) and any(verdict.fault is not None for verdict in verdicts):
            return words.strict(verdicts)
        return words.success(verdicts)

    def _parsed(self, parse: Parse, body: bytes, head: Head) -> Parsed:
        limits = self._parts.limits
        parsed = parse(body, head, limits.json)
        require_few(parsed, limits)
        return parsed

    def _source_of(self, head: Head, parsed: Parsed) -> Source:
        key = key_of(head.headers, head.query, parsed)
        source = self._parts.sources.find(key) if key else None
        if source is None:
            raise RequestError("invalid_write_key", "a valid write key is needed")
        cors.require_origin(head.headers, source)
        return source
