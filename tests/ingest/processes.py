"""An ingest as a process of its own, which can be killed, and a Kafka that stands still."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import httpx2

from services.cli.environment import environment_of
from services.cli.local.kafka import EmbeddedKafka
from services.settings import Settings
from tests.ingest.memory import KEY
from tests.waiting import until

ROOT = Path(__file__).parents[2]
PROGRAM = """
from services.ingest.run import run
from services.settings import Settings
run(Settings())
"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def away(kafka: EmbeddedKafka) -> Iterator[int]:
    """Kafka does not answer until the end of the block."""
    assert kafka.pid is not None
    os.kill(kafka.pid, signal.SIGSTOP)
    try:
        yield kafka.pid
    finally:
        os.kill(kafka.pid, signal.SIGCONT)


class Process:
    """An ingest of its own process, which can be killed."""

    def __init__(self, settings: Settings, folder: Path) -> None:
        self._port = free_port()
        self._program = folder / "ingest.py"
        self._program.write_text(PROGRAM)
        given = {"ingest": settings.ingest.model_copy(update={"port": self._port})}
        self._environment = environment_of(settings.model_copy(update=given))
        self.taken: list[str] = []

    @asynccontextmanager
    async def running(self, end: signal.Signals) -> AsyncIterator[None]:
        """The process, ended by that signal."""
        environment = os.environ | self._environment | {"PYTHONPATH": str(ROOT)}
        process = await asyncio.create_subprocess_exec(
            sys.executable, self._program, env=environment
        )
        url = f"http://127.0.0.1:{self._port}"
        async with httpx2.AsyncClient(base_url=url, timeout=60, trust_env=False) as self._client:
            try:
                yield
            finally:
                process.send_signal(end)
                await process.wait()

    async def take(self, name: str, seconds_max: float = 20, **event: Any) -> None:
        """An event of that message id was answered 200."""
        body = {"type": "page", "userId": f"u{len(self.taken) % 5}", "messageId": name} | event

        async def look() -> bool:
            try:
                answer = await self._client.post(
                    "/v1/events", json=body, headers={"X-Write-Key": KEY}
                )
            except httpx2.TransportError:
                return False
            return answer.status_code == 200

        await until(look, seconds_max=seconds_max)
        self.taken.append(name)

    async def is_drained(self) -> bool:
        """Whether nothing waits in its spool."""
        text = (await self._client.get("/metrics")).text
        return "milepost_ingest_spool_bytes 0.0" in text
