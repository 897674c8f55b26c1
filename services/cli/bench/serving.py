"""Ingest and the bare no-op as processes that answer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2

from services.cli.bench import profiled
from services.cli.bench.stack import Stack, pid_of
from services.cli.local.errors import LocalStackError
from services.cli.local.ports import LOOPBACK, kept
from services.cli.local.role import Role
from services.ingest.sources_file import add_source
from services.settings import Settings

READY_SECONDS_MAX = 30.0
POLL_SECONDS = 0.05


@dataclass(frozen=True, slots=True)
class Server:
    """A started HTTP server."""

    pid: int
    port: int
    write_key: str


@asynccontextmanager
async def ingest(
    stack: Stack, settings: Settings, *, profile: bool = False
) -> AsyncIterator[Server]:
    """Ingest with one source; its topics are those of `settings`."""
    port = _port(stack.folder, "ingest")
    sources = stack.folder / f"{settings.kafka.topic_prefix}.json"
    _, key = add_source(sources, "web-shop", "website")
    changed = settings.model_copy(
        update={
            "sources_file": sources,
            "ingest": settings.ingest.model_copy(update={"port": port}),
        }
    )
    argv = profiled.argv_of("ingest", stack.folder) if profile else ()
    async with stack.role("ingest", changed, argv) as role:
        await _ready(role, port, "/readyz")
        if profile:
            profiled.begin(pid_of(role))
        yield Server(pid_of(role), port, key)
    if profile:
        profiled.print_profile("ingest", stack.folder)


@asynccontextmanager
async def noop(stack: Stack, settings: Settings) -> AsyncIterator[Server]:
    """The no-op on the same uvicorn with the same loop and parser."""
    port = _port(stack.folder, "noop")
    argv = (
        *("-m", "uvicorn", "services.cli.bench.noop:app", "--host", LOOPBACK),
        *("--port", str(port), "--loop", "uvloop", "--http", "httptools", "--lifespan", "off"),
        *("--no-access-log", "--log-level", "warning"),
    )
    async with stack.role("noop", settings, argv) as role:
        await _ready(role, port, "/")
        yield Server(pid_of(role), port, "none")


@asynccontextmanager
async def api(stack: Stack, settings: Settings) -> AsyncIterator[Server]:
    """The query API on loopback, which needs no token there."""
    port = _port(stack.folder, "api")
    changed = settings.model_copy(
        update={"api": settings.api.model_copy(update={"port": port, "tokens_file": None})}
    )
    async with stack.role("api", changed) as role:
        await _ready(role, port, "/livez")
        yield Server(pid_of(role), port, "none")


def _port(folder: Path, name: str) -> int:
    return kept(folder / f"{name}-port.json", (name,))[name]


async def _ready(role: Role, port: int, path: str) -> None:
    url = f"http://{LOOPBACK}:{port}{path}"
    try:
        async with (
            asyncio.timeout(READY_SECONDS_MAX),
            httpx2.AsyncClient(trust_env=False) as client,
        ):
            while not await _answers(client, url):
                pid_of(role)
                await asyncio.sleep(POLL_SECONDS)
    except TimeoutError:
        raise LocalStackError(f"{role.name} is not ready: {role.last_line}") from None


async def _answers(client: httpx2.AsyncClient, url: str) -> bool:
    try:
        return (await client.get(url)).status_code == 200
    except httpx2.HTTPError:
        return False
