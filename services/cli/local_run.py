"""One run of the whole system on this machine: what is started, in which order, and stopped."""

from __future__ import annotations

import asyncio
import os
import signal
from typing import TYPE_CHECKING

from services.cli.endpoints import Endpoints, remove_endpoints, write_endpoints
from services.cli.environment import environment_of
from services.cli.local.errors import LocalStackError
from services.cli.local.folder import FolderLock, explained
from services.cli.local.kafka import EmbeddedKafka
from services.cli.local.ports import kept, require_free
from services.cli.local.postgres import EmbeddedPostgres
from services.cli.local.role import Role, end_orphans
from services.cli.local.supervisor import Death, Supervisor
from services.cli.local_prepare import prepare_database, prepare_topics, put_in_force
from services.cli.local_settings import DEMO_JOURNEY, Placed, url_of
from services.cli.local_sources import ensure_sources
from services.cli.ready import until_ready
from services.cli.ungrouped import ungrouped

if TYPE_CHECKING:
    from pathlib import Path

    from rich.console import Console

    from services.cli.simulate.pain_option import Demo
    from services.settings import Settings

STOP_SECONDS_MAX = 9.0
# Nobody sends any more; what was accepted is answered; what was answered is processed as far as
# it comes; the servers last.
STOP_ORDER = (("simulate",), ("ingest",), ("worker", "api"), ("kafka", "postgres"))


class LocalRun:
    """Everything that `milepost up` starts, over one data folder."""

    def __init__(
        self, settings: Settings, data_dir: Path, *, demo: Demo | None, console: Console
    ) -> None:
        self.data_dir = self._dir = data_dir.absolute()
        self._placed = Placed(settings, self._dir, demo=demo is not None)
        self._demo = demo
        self._console = console
        self._supervisor = Supervisor(self._say_death)
        self._lock = FolderLock(self._dir / "run", "The Milepost data")

    async def start(self) -> Endpoints:
        """All roles are ready and the endpoints file is there. Raises `LocalStackError`."""
        with explained(self._dir):
            self._lock.acquire()
            remove_endpoints(self._dir)
            for name in await end_orphans(self._dir):
                self._say(f"ended the {name} that an earlier run left behind")
            self._choose_ports()
            sources = () if self._placed.given.sources_file else ensure_sources(self._dir)
        await self._start_servers()
        await self._start_roles()
        settings = self._placed.settings
        endpoints = Endpoints(
            pid=os.getpid(),
            ingest=url_of(settings.ingest.host, settings.ingest.port),
            api=url_of(settings.api.host, settings.api.port),
            kafka=settings.kafka.bootstrap,
            database=settings.database.url,
            sources=sources,
            environment=environment_of(settings),
        )
        write_endpoints(self._dir, endpoints)
        if self._demo is not None:
            arguments = (*self._demo.arguments, "--data", str(self._dir))
            await self._supervisor.start(self._role("simulate", arguments, ends_by_itself=True))
        return endpoints

    async def stop(self) -> None:
        """Nothing of this run is left but its data."""
        await self._supervisor.stop(STOP_ORDER, STOP_SECONDS_MAX)
        if self._lock.held:
            remove_endpoints(self._dir)
            self._lock.release()

    def _choose_ports(self) -> None:
        """Taken ports are said before anything is started; 0 becomes a free one."""
        chosen = kept(self._dir / "run" / "ports.json", ("ingest", "api", "worker"))
        self._placed.place_ports(chosen)
        settings = self._placed.settings
        worker = settings.worker
        require_free(settings.ingest.port, settings.ingest.host, "MILEPOST_INGEST__PORT")
        require_free(settings.api.port, settings.api.host, "MILEPOST_API__PORT")
        require_free(worker.metrics_port, worker.metrics_host, "MILEPOST_WORKER__METRICS_PORT")

    async def _start_servers(self) -> None:
        with ungrouped(LocalStackError):
            async with asyncio.TaskGroup() as group:
                group.create_task(self._start_postgres())
                group.create_task(self._start_kafka())

    async def _start_postgres(self) -> None:
        if not self._placed.given.database.url:
            log_file = self._dir / "log" / "postgres.log"
            postgres = EmbeddedPostgres(self._dir / "postgres", log_file=log_file)
            await self._supervisor.start(postgres)
            self._placed.place_database(postgres.url)
        url = self._placed.settings.database.url
        has_definition = await prepare_database(url)
        if self._placed.begins_with_demo and not has_definition:
            await put_in_force(url, DEMO_JOURNEY)

    async def _start_kafka(self) -> None:
        if not self._placed.given.kafka.bootstrap:
            log_file = self._dir / "log" / "kafka.log"
            kafka = EmbeddedKafka(self._dir / "kafka", log_file=log_file, console=self._console)
            await self._supervisor.start(kafka)
            self._placed.place_kafka(kafka.bootstrap)
        settings = self._placed.settings
        await prepare_topics(settings.kafka, settings.retention.timeline_days)

    async def _start_roles(self) -> None:
        settings = self._placed.settings
        ready = {
            "ingest": url_of(settings.ingest.host, settings.ingest.port) + "/readyz",
            "worker": url_of(settings.worker.metrics_host, settings.worker.metrics_port) + "/livez",
            "api": url_of(settings.api.host, settings.api.port) + "/readyz",
        }
        roles = [self._role(name) for name in ready]
        for role in roles:
            await self._supervisor.start(role)
        with ungrouped(LocalStackError):
            async with asyncio.TaskGroup() as group:
                for role in roles:
                    group.create_task(until_ready(role, ready[role.name], self._supervisor))

    def _role(
        self, name: str, arguments: tuple[str, ...] = (), *, ends_by_itself: bool = False
    ) -> Role:
        others = {key: text for key, text in os.environ.items() if not key.startswith("MILEPOST_")}
        env = {**others, **environment_of(self._placed.settings)}
        return Role(name, self._dir, env, arguments=arguments, ends_by_itself=ends_by_itself)

    def _say_death(self, death: Death) -> None:
        how = f"ended with code {death.exit_code}"
        said = f": {death.reason}" if death.reason else ""
        if death.exit_code < 0:
            # What it said last has nothing to do with it.
            how, said = f"was ended by {signal.Signals(-death.exit_code).name}", ""
        self._say(f"{death.name} {how}, starts again in {death.delay_seconds:g} s{said}")

    def _say(self, line: str) -> None:
        self._console.print(line, markup=False, highlight=False, soft_wrap=True)
