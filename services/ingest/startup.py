"""The paths that SDKs ask before they send their first event (contract 3)."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable

import msgspec
from fastapi import FastAPI, Request
from fastapi.responses import Response

from services.ingest import answers, cors
from services.ingest import startup_documents as documents
from services.ingest.answers import Answer, Header
from services.ingest.browser_files import SNIPPET, browser_file
from services.ingest.errors import RequestError
from services.ingest.protocols.event import Parsed
from services.ingest.public_host import public_host
from services.ingest.sources import Sources
from services.ingest.sources_file import Source
from services.ingest.write_key import key_of, read_query

Handler = Callable[[Request], Answer]
Endpoint = Callable[[Request], Awaitable[Response]]

_NAMES = re.compile(r"{(\w+)}")
_SCRIPT: Header = (b"content-type", b"text/javascript; charset=utf-8")
# A revoked key and a moved host are to be noticed at the next page view.
_ASK_AGAIN: Header = (b"cache-control", b"no-cache")
_NO_KEY = answers.sdk(404, "invalid_write_key", "a valid write key is needed")
_NO_FILE = answers.sdk(404, "not_found", "there is no such script")


def add_startup_routes(app: FastAPI, sources: Sources) -> None:
    """`app` answers what SDKs fetch at their start, also to pages of listed origins."""
    start = _Startup(sources)
    for method, path, handler, summary in (
        ("GET", "/v1/projects/{key}/settings", start.settings, "Settings of Segment's SDKs"),
        ("GET", "/projects/{key}/settings", start.settings, "The same without a version"),
        ("GET", "/sourceConfig", start.source_config, "Settings of RudderStack's browser SDK"),
        ("GET", "/analytics.js/v1/{key}/analytics.min.js", start.snippet, "Segment's analytics.js"),
        ("GET", "/analytics-next/bundles/{name}", start.bundle, "Parts that analytics.js loads"),
        ("GET", "/posthog/array/{key}/config", start.posthog_config, "Settings of posthog-js"),
        ("GET", "/posthog/array/{key}/config.js", start.posthog_script, "The same as a script"),
        ("POST", "/posthog/flags", start.flags, "PostHog's feature flags: none"),
        ("POST", "/posthog/decide", start.flags, "The same for older PostHog SDKs"),
    ):
        _add(app, method, path, _endpoint(handler, sources), summary)
        _add(app, "OPTIONS", path, _endpoint(start.preflight, sources))


def _add(app: FastAPI, method: str, path: str, endpoint: Endpoint, summary: str = "") -> None:
    parameters = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in _NAMES.findall(path)
    ]
    for slash in ("", "/"):
        app.add_api_route(
            path + slash,
            endpoint,
            methods=[method],
            summary=summary,
            response_class=Response,
            openapi_extra={"parameters": parameters},
            responses={400: {"description": "refused"}, 404: {"description": "not found"}},
            include_in_schema=bool(summary) and not slash,
        )


def _endpoint(handler: Handler, sources: Sources) -> Endpoint:
    async def endpoint(request: Request) -> Response:
        try:
            answer = handler(request)
        except RequestError as error:
            answer = answers.failure(error, native=False)
        allowed = cors.response_headers(_origin_of(request), sources)
        response = Response(answer.body, answer.status)
        response.raw_headers = list(dict([*answer.headers, *allowed]).items())
        return response

    return endpoint


class _Startup:
    """The answers, each to somebody who has a write key."""

    def __init__(self, sources: Sources) -> None:
        self._sources = sources

    def preflight(self, request: Request) -> Answer:
        return cors.preflight(dict(request.headers.raw), self._sources)

    def settings(self, request: Request) -> Answer:
        key = request.path_params["key"]
        if self._source_of(key.encode(), request) is None:
            return _NO_KEY
        host = public_host(request.headers, request.url.scheme)
        return _json(documents.segment_settings(key, host))

    def source_config(self, request: Request) -> Answer:
        query = read_query(request.scope["query_string"])
        key = key_of(dict(request.headers.raw), query, Parsed([]))
        source = self._source_of(key, request)
        if source is None:
            return _NO_KEY
        return _json(documents.rudder_config(key.decode(), source.name))

    def posthog_config(self, request: Request) -> Answer:
        key = request.path_params["key"]
        if self._source_of(key.encode(), request) is None:
            return _NO_KEY
        return _json(documents.posthog_config(key))

    def posthog_script(self, request: Request) -> Answer:
        answer = self.posthog_config(request)
        if answer.status != 200:
            return answer
        name = msgspec.json.encode(request.path_params["key"])
        script = (
            b"(function(w){w._POSTHOG_REMOTE_CONFIG=w._POSTHOG_REMOTE_CONFIG||{};"
            b"w._POSTHOG_REMOTE_CONFIG[%b]={config:%b,siteApps:[]}})(window);"
        ) % (name, answer.body)
        return Answer(200, [_SCRIPT, _ASK_AGAIN], script)

    def snippet(self, request: Request) -> Answer:
        if self._source_of(request.path_params["key"].encode(), request) is None:
            return _NO_KEY
        return _script(SNIPPET, request)

    def bundle(self, request: Request) -> Answer:
        return _script(request.path_params["name"], request)

    def flags(self, request: Request) -> Answer:  # noqa: ARG002  # whoever asks, there are none
        return _json(documents.posthog_flags())

    def _source_of(self, key: bytes, request: Request) -> Source | None:
        source = self._sources.find(key)
        if source is not None:
            cors.require_origin(dict(request.scope["headers"]), source)
        return source


def _origin_of(request: Request) -> bytes | None:
    origin = request.headers.get("origin")
    return None if origin is None else origin.encode("latin-1")


def _json(document: documents.Document) -> Answer:
    return Answer(200, [answers.JSON, _ASK_AGAIN], msgspec.json.encode(document))


def _script(name: str, request: Request) -> Answer:
    """A vendored script; nothing of it when the browser says that it has this one already."""
    found = browser_file(name)
    if found is None:
        return _NO_FILE
    headers = [_SCRIPT, _ASK_AGAIN, (b"etag", found.etag), (b"vary", b"Accept-Encoding, Origin")]
    if found.etag.decode() in request.headers.get("if-none-match", ""):
        return Answer(304, headers, b"")
    if "gzip" in request.headers.get("accept-encoding", ""):
        return Answer(200, [*headers, (b"content-encoding", b"gzip")], found.gzipped)
    return Answer(200, headers, found.plain)
