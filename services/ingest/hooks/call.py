"""A provider's request, as much as checking and translating it needs."""

from __future__ import annotations

from typing import NamedTuple

from services.ingest.protocols.dialect import Headers, Query
from services.ingest.sources_file import Source


class Call(NamedTuple):
    """One request to a webhook; `secrets` are those of its source, the newest first."""

    source: Source
    method: str
    urls: tuple[str, ...]  # where the provider may believe to have called, the likeliest first
    headers: Headers
    query: Query
    body: bytes
    secrets: tuple[bytes, ...]
    now_us: int
    certificate: bytes | None = None

    def header(self, name: str) -> str:
        """The value of a header, named in lower case; empty when it is not there."""
        return self.headers.get(name.encode(), b"").decode("latin-1").strip()

    def asked(self, name: str) -> str:
        """The value of a field of the query string; empty when it is not there."""
        return self.query.get(name.encode(), [b""])[0].decode("utf-8", "replace")
