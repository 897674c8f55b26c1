"""A website of the test's own: every path is a page with the same head, on a port of its own."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

HEAD_BYTES_MAX = 64 << 10


@dataclass
class Website:
    """What it shows: `head` goes into each page, `files` are served as scripts."""

    url: str = ""
    head: str = ""
    files: dict[str, bytes] = field(default_factory=dict)

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One request of one connection."""
        try:
            asked = await reader.readuntil(b"\r\n\r\n")
            path = urlsplit(asked.split(b" ", 2)[1].decode()).path
            kind, body = "text/html", self._page(path).encode()
            if path in self.files:
                kind, body = "text/javascript", self.files[path]
            head = (
                f"HTTP/1.1 200 OK\r\nContent-Type: {kind}; charset=utf-8\r\n"
                f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
            )
            writer.write(head.encode() + body)
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    def _page(self, path: str) -> str:
        return f"<!doctype html><title>Page {path}</title>{self.head}<body><h1>{path}</h1>"


@asynccontextmanager
async def website(head: str = "") -> AsyncIterator[Website]:
    """It answers until the end."""
    site = Website(head=head)
    server = await asyncio.start_server(site.answer, "127.0.0.1", 0, limit=HEAD_BYTES_MAX)
    site.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server:
        yield site
