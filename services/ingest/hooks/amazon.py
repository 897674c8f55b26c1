"""What is fetched for Amazon SNS: signing certificates and confirmations, from its hosts alone."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

import httpx2

from services.ingest.errors import UnavailableError
from services.ingest.hooks.refusal import UnverifiedError

FETCH_SECONDS_MAX = 5.0
FETCHES_MAX = 4  # at a time; whoever comes then is asked to come again
FETCH_BYTES_MAX = 64 << 10
CERTIFICATES_MAX = 64
CERTIFICATE_KEPT_SECONDS = 86_400.0
_HOST = re.compile(r"sns\.[a-z]{2}(?:-[a-z]+)+-\d{1,2}\.amazonaws\.com(?:\.cn)?")

Fetch = Callable[[str], Awaitable[bytes]]


def require_amazon(url: str) -> str:
    """The URL; raises UnverifiedError unless it is https on an SNS host of Amazon."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        parts, port = urlsplit(""), None
    plain = parts.scheme == "https" and port in (None, 443) and "@" not in parts.netloc
    if not plain or not _HOST.fullmatch(parts.hostname or ""):
        raise UnverifiedError(
            "foreign_url", "only https URLs of sns.REGION.amazonaws.com are fetched"
        )
    return url


async def fetch(url: str) -> bytes:
    """What is there, of at most FETCH_BYTES_MAX, without following redirects."""
    async with (
        asyncio.timeout(FETCH_SECONDS_MAX),
        httpx2.AsyncClient(timeout=FETCH_SECONDS_MAX, follow_redirects=False) as client,
        client.stream("GET", url) as response,
    ):
        found = bytearray()
        async for chunk in response.aiter_bytes():
            found += chunk
            if len(found) > FETCH_BYTES_MAX:
                raise UnavailableError("Amazon's answer is longer than a certificate can be")
        if response.status_code != 200:
            raise UnavailableError(f"Amazon answered {response.status_code}")
        return bytes(found)


class Amazon:
    """Certificates are kept for a day; a failed fetch is the provider's turn to try again."""

    def __init__(self, get: Fetch = fetch) -> None:
        self._get = get
        self._kept: dict[str, tuple[float, bytes]] = {}
        self._fetching = 0

    async def certificate(self, url: str) -> bytes:
        """The PEM at `url`. Raises UnverifiedError for a foreign host, UnavailableError."""
        require_amazon(url)
        known = self._kept.get(url)
        if known is not None and time.monotonic() - known[0] < CERTIFICATE_KEPT_SECONDS:
            return known[1]
        found = await self._fetched(url)
        while len(self._kept) >= CERTIFICATES_MAX:
            del self._kept[next(iter(self._kept))]
        self._kept[url] = (time.monotonic(), found)
        return found

    async def visit(self, url: str) -> None:
        """The subscription is confirmed. Raises as `certificate` does."""
        await self._fetched(require_amazon(url))

    async def _fetched(self, url: str) -> bytes:
        if self._fetching >= FETCHES_MAX:
            raise UnavailableError("Amazon is being asked already")
        self._fetching += 1
        try:
            return await self._get(url)
        except (httpx2.HTTPError, httpx2.InvalidURL, OSError, TimeoutError) as error:
            raise UnavailableError(f"Amazon cannot be reached: {type(error).__name__}") from None
        finally:
            self._fetching -= 1
