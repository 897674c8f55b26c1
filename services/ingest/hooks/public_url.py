"""The URL a provider called, which some sign: proxies and ports hide it from us."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from services.ingest.protocols.dialect import Headers
from services.ingest.public_host import first_said

_DEFAULT_PORTS = {"https": 443, "http": 80}


def urls_of(scope: Mapping[str, Any], headers: Headers, public_url: str | None) -> tuple[str, ...]:
    """What the provider may have called, the likeliest first, with and without its port.

    With a public URL set it is that one; else what a proxy says, then the request itself.
    """
    path = (scope.get("raw_path") or scope["path"].encode()).decode("latin-1")
    query = scope["query_string"].decode("latin-1")
    rest = f"{path}?{query}" if query else path
    if public_url:
        bases = [public_url.rstrip("/")]
    else:
        host = _header(headers, b"host")
        proto = _header(headers, b"x-forwarded-proto") or scope.get("scheme", "http")
        forwarded = _header(headers, b"x-forwarded-host") or host
        bases = [f"{proto}://{forwarded}", f"{scope.get('scheme', 'http')}://{host}"]
    found = [form + rest for base in bases for form in _forms(base)]
    return tuple(dict.fromkeys(found))


def _header(headers: Headers, name: bytes) -> str:
    return first_said(headers.get(name, b"").decode("latin-1"))


def _forms(base: str) -> list[str]:
    """The base as it is, and with its scheme's own port added or taken away."""
    try:
        parts = urlsplit(base)
        port = parts.port
    except ValueError:
        return [base]
    usual = _DEFAULT_PORTS.get(parts.scheme)
    if port is None and usual is not None:
        return [base, parts._replace(netloc=f"{parts.netloc}:{usual}").geturl()]
    if port is not None:
        bare = parts.netloc.rsplit(":", 1)[0]
        return [base, parts._replace(netloc=bare).geturl()]
    return [base]
