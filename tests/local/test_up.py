"""The whole system by one command: up, down, killed, and up again."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import httpx2
import psutil

from services.cli.endpoints import Endpoints, EndpointsError, endpoints_file, read_endpoints
from services.cli.local.folder import FolderLock
from services.contracts.touchpoint import CHANNELS
from tests.local.killed import ROOT, is_gone
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

SCRIPT = Path(__file__).with_name("upping.py")
FREE_PORTS = {
    "MILEPOST_INGEST__PORT": "0",
    "MILEPOST_API__PORT": "0",
    "MILEPOST_WORKER__METRICS_PORT": "0",
}


@dataclass
class Up:
    """A running `milepost up`."""

    process: subprocess.Popen[bytes]
    data_dir: Path
    said: Path

    def family(self) -> list[psutil.Process]:
        """Every process that it has started."""
        return [*psutil.Process(self.process.pid).children(recursive=True)]

    async def ended(self) -> int | None:
        return None if self.process.poll() is None else self.process.returncode + 1

    async def endpoints(self) -> Endpoints | None:
        assert self.process.poll() is None, self.said.read_text()
        try:
            return read_endpoints(self.data_dir)
        except EndpointsError:
            return None


@contextlib.asynccontextmanager
async def running(data_dir: Path, **settings: str) -> AsyncIterator[Up]:
    """`milepost up` over `data_dir`, killed at the end at the latest."""
    said = data_dir / "said.txt"
    env = {**os.environ, **FREE_PORTS, **settings, "PYTHONPATH": str(ROOT)}
    with said.open("wb") as out:
        process = subprocess.Popen(  # noqa: ASYNC220  # starts it, waits for nothing
            [sys.executable, str(SCRIPT), str(data_dir)], env=env, stdout=out, stderr=out
        )
    try:
        yield Up(process, data_dir, said)
    finally:
        process.kill()
        process.wait()


async def test_a_system_serves_stops_in_order_and_comes_back(data_dir: Path) -> None:
    async with running(data_dir) as up:
        found = await until(up.endpoints, seconds_max=90)
        assert tuple(source.channel for source in found.sources) == CHANNELS
        await send_product_viewed(found)
        await until(lambda: stage_of(found), seconds_max=30)
        family = up.family()

        up.process.send_signal(signal.SIGTERM)

        assert await until(up.ended, seconds_max=15) == 1, up.said.read_text()
        assert [process for process in family if not await is_gone(process)] == []
        assert not endpoints_file(data_dir).exists()
        said = up.said.read_text()
        assert all(source.write_key in said for source in found.sources)
        assert f"curl {found.ingest}/v1/events" in said
        assert f'src="{found.ingest}/milepost.js" data-key="' in said

    async with running(data_dir) as up:
        again = await until(up.endpoints, seconds_max=90)
        assert (again.sources, again.kafka, again.database) == (
            found.sources,
            found.kafka,
            found.database,
        )
        assert await stage_of(again) == "consideration"
        family = up.family()
        up.process.kill()
        up.process.wait()

    async with running(data_dir) as up:
        third = await until(up.endpoints, seconds_max=90)
        assert await stage_of(third) == "consideration"
        assert [process for process in family if not await is_gone(process)] == []
        worker = next(one for one in up.family() if one.cmdline()[-1] == "worker")
        worker.kill()
        await until(lambda: said_by(up, "worker was ended by SIGKILL, starts again"))
        up.process.send_signal(signal.SIGINT)
        assert await until(up.ended, seconds_max=15) == 1


async def test_a_taken_port_is_one_line_and_nothing_runs(data_dir: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        async with running(data_dir, MILEPOST_API__PORT=port) as up:
            await until(up.ended, seconds_max=60)

            assert up.process.returncode == 1
            said = up.said.read_text()
            assert said.count("\n") == 1
            assert f"Port {port} on 127.0.0.1 is taken" in said
            assert not (data_dir / "postgres").exists()


async def test_a_folder_in_use_is_one_line(data_dir: Path) -> None:
    with FolderLock(data_dir / "run", "The Milepost data"):
        async with running(data_dir) as up:
            await until(up.ended, seconds_max=60)

            assert up.process.returncode == 1
            assert "is in use by process" in up.said.read_text()


async def send_product_viewed(found: Endpoints) -> None:
    event = {"type": "track", "event": "Product Viewed", "userId": "you"}
    async with httpx2.AsyncClient(trust_env=False) as client:
        answer = await client.post(
            f"{found.ingest}/v1/events",
            json=event,
            headers={"X-Write-Key": found.sources[0].write_key},
        )
    assert answer.status_code == 200, answer.text


async def stage_of(found: Endpoints) -> str | None:
    async with httpx2.AsyncClient(trust_env=False) as client:
        answer = await client.get(f"{found.api}/v1/customers/user_id:you")
    return str(answer.json()["stage"]) if answer.status_code == 200 else None


async def said_by(up: Up, words: str) -> bool:
    return words in await asyncio.to_thread(up.said.read_text)
