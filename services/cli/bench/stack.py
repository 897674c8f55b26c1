"""Real servers in a folder of their own, and roles beside them as separate processes."""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import uuid4

import asyncpg

from services.cli.environment import environment_of
from services.cli.local.errors import LocalStackError
from services.cli.local.kafka import EmbeddedKafka
from services.cli.local.postgres import EmbeddedPostgres
from services.cli.local.role import Role
from services.cli.topics import admin_of, ensure_topics
from services.journey_state.migrate import upgrade
from services.settings import DatabaseSettings, KafkaSettings, LogSettings, Settings, WorkerSettings

# Under a profile a batch takes long.
STOP_SECONDS_MAX = 20.0
END_SECONDS_MAX = 120.0


class Stack:
    """Started servers. Every measure has topics and a database of its own on them."""

    def __init__(self, folder: Path, kafka: EmbeddedKafka, postgres: EmbeddedPostgres) -> None:
        self.folder = folder
        self._kafka = kafka
        self._postgres = postgres

    @property
    def pids(self) -> dict[str, int]:
        """The servers' processes by name."""
        assert self._kafka.pid is not None
        assert self._postgres.pid is not None
        return {"kafka": self._kafka.pid, "postgres": self._postgres.pid}

    @asynccontextmanager
    async def fresh(self, partitions: int) -> AsyncIterator[Settings]:
        """Settings for roles on empty topics and an empty database with the schema at head.

        Both are gone afterwards, so that no upkeep of them falls into the next measure.
        """
        name = f"bench{uuid4().hex[:8]}"
        kafka = KafkaSettings(
            bootstrap=self._kafka.bootstrap, topic_prefix=name, partitions=partitions
        )
        await ensure_topics(kafka)
        await self._execute(f'CREATE DATABASE "{name}"')
        url = self._postgres.url_of(name)
        await upgrade(url)
        yield Settings(
            kafka=kafka,
            database=DatabaseSettings(url=url),
            worker=WorkerSettings(group=name, metrics_port=0),
            log=LogSettings(level="warning"),
        )
        await self._execute(f'DROP DATABASE "{name}" WITH (FORCE)')
        async with admin_of(kafka) as admin:
            specs = kafka.topics.specs(partitions=partitions, timeline_days=1)
            await admin.delete_topics([spec.name for spec in specs])

    async def _execute(self, statement: str) -> None:
        connection = await asyncpg.connect(self._postgres.url)
        try:
            await connection.execute(statement)
        finally:
            await connection.close()

    @asynccontextmanager
    async def role(
        self, name: str, settings: Settings, argv: tuple[str, ...] = ()
    ) -> AsyncIterator[Role]:
        """The role runs inside the block: `milepost NAME`, or Python with `argv`."""
        inherited = {k: v for k, v in os.environ.items() if not k.startswith("MILEPOST_")}
        program = (sys.executable, *argv) if argv else ()
        role = Role(name, self.folder, {**inherited, **environment_of(settings)}, argv=program)
        await role.start()
        try:
            yield role
        finally:
            await role.stop(STOP_SECONDS_MAX)


@asynccontextmanager
async def started_stack() -> AsyncIterator[Stack]:
    """Kafka and PostgreSQL on loopback; afterwards nothing of them is left, data included."""
    with tempfile.TemporaryDirectory(prefix="milepost-bench-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        kafka = EmbeddedKafka(folder / "kafka")
        postgres = EmbeddedPostgres(folder / "postgres")
        try:
            await asyncio.gather(kafka.start(), postgres.start())
            yield Stack(folder, kafka, postgres)
        finally:
            await asyncio.gather(kafka.stop(), postgres.stop())


def pid_of(role: Role) -> int:
    """The id of a running role; raises LocalStackError with its last words when it has ended."""
    if role.pid is None or role.exit_code is not None:
        raise LocalStackError(f"{role.name} ended with code {role.exit_code}: {role.last_line}")
    return role.pid


async def output_of(module: str, *arguments: str, env: Mapping[str, str] | None = None) -> bytes:
    """What `python -m MODULE ARGUMENT...` prints; killed when we are interrupted."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", module, *arguments, stdout=asyncio.subprocess.PIPE, env=env
    )
    try:
        async with asyncio.timeout(END_SECONDS_MAX):
            said, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode:
        raise LocalStackError(f"{module} ended with code {process.returncode}")
    return said
