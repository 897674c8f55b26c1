"""The query API as its role runs it: on a port, until told to stop."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2

from services.journey_state.api.run import serve
from services.settings import ApiSettings, DatabaseSettings, Settings


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@asynccontextmanager
async def listening(
    database_url: str, *, tokens_file: Path | None = None, **more: Any
) -> AsyncIterator[str]:
    """The URL of an API that answers; it has ended cleanly after this."""
    api = ApiSettings(port=free_port(), tokens_file=tokens_file)
    settings = Settings(api=api, database=DatabaseSettings(url=database_url))
    stopping = asyncio.Event()
    role = asyncio.create_task(serve(settings, stopping, **more))
    url = f"http://127.0.0.1:{api.port}"
    async with asyncio.timeout(60):
        async with httpx2.AsyncClient(base_url=url) as client:
            while not await _answers(client):
                assert not role.done()
        yield url
        stopping.set()
        await role


async def _answers(client: httpx2.AsyncClient) -> bool:
    try:
        return (await client.get("/livez")).is_success
    except httpx2.TransportError:
        await asyncio.sleep(0.02)
        return False
