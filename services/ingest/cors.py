"""Which browsers' pages may send here (contract 3)."""

from __future__ import annotations

from collections.abc import Mapping

from services.ingest.answers import Answer, Headers
from services.ingest.errors import RequestError
from services.ingest.sources import Sources
from services.ingest.sources_file import Source

MAX_AGE_SECONDS = 86_400
_METHODS = b"GET, POST, OPTIONS"


def response_headers(origin: bytes | None, sources: Sources) -> Headers:
    """What lets a page of this origin read the answer; nothing when no source lists it."""
    if origin is None or not sources.any_lists(origin.decode("latin-1")):
        return []
    return [
        (b"access-control-allow-origin", origin),
        (b"access-control-allow-credentials", b"true"),
        (b"access-control-expose-headers", b"Retry-After"),
        (b"vary", b"Origin"),
    ]


def preflight(headers: dict[bytes, bytes], sources: Sources) -> Answer:
    """204 when any source lists the origin; a preflight carries no key to ask for more."""
    allowed = response_headers(headers.get(b"origin"), sources)
    length = (b"content-length", b"0")
    if not allowed:
        return Answer(403, [length, (b"vary", b"Origin")], b"")
    wanted = headers.get(b"access-control-request-headers")
    asked = [(b"access-control-allow-headers", wanted)] if wanted else []
    return Answer(
        204,
        [
            *allowed,
            *asked,
            (b"access-control-allow-methods", _METHODS),
            (b"access-control-max-age", str(MAX_AGE_SECONDS).encode()),
        ],
        b"",
    )


def require_origin(headers: Mapping[bytes, bytes], source: Source) -> None:
    """Raises RequestError when a browser's page may not use this source's key."""
    origin = headers.get(b"origin")
    if source.server_only and (origin is not None or b"sec-fetch-site" in headers):
        raise RequestError("server_only_key", "this write key is for servers, not for browsers")
    if origin is None or "*" in source.origins:
        return
    if origin.decode("latin-1") not in source.origins:
        raise RequestError(
            "origin_not_allowed", "the source of this write key does not list this origin"
        )
