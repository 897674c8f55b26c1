"""Apache Kafka on this machine: one process, broker and controller, on loopback."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import subprocess
import threading
import uuid
from typing import TYPE_CHECKING

from services.cli.local import aot
from services.cli.local.child import Child, ChildSpec, end_orphan, last_line, tail
from services.cli.local.errors import LocalStackError
from services.cli.local.folder import FolderLock, explained, require_space
from services.cli.local.jars import KafkaJars, cache_dir, ensure_jars
from services.cli.local.java import Java, find_java
from services.cli.local.kafka_config import broker_command, format_command, write_config
from services.cli.local.kafka_trouble import trouble_in
from services.cli.local.ports import LOOPBACK, kept
from services.cli.local.probe import answers

if TYPE_CHECKING:
    from pathlib import Path

    from rich.console import Console

READY_SECONDS_MAX = 60
FORMAT_SECONDS_MAX = 60
STOP_SECONDS_MAX = 6
STARTS_MAX = 3
PORTS = ("broker", "controller")


class EmbeddedKafka:
    """A broker over `data_dir`, which one run holds at a time and which keeps its topics and,
    where it can, its port from run to run."""

    name = "kafka"
    ends_by_itself = False

    def __init__(
        self,
        data_dir: Path,
        *,
        log_file: Path | None = None,
        console: Console | None = None,
        dies_with_parent: bool = True,
    ) -> None:
        self._dir = data_dir.resolve()
        self._log_file = log_file or self._dir / "kafka.log"
        self._console = console
        self._dies_with_parent = dies_with_parent
        self._lock = FolderLock(self._dir, "The Kafka data")
        self._child: Child | None = None
        self._training: asyncio.Task[None] | None = None
        self._port = 0

    @property
    def data_dir(self) -> Path:
        return self._dir

    @property
    def bootstrap(self) -> str:
        """`host:port` of the started broker."""
        return f"{LOOPBACK}:{self._port}"

    @property
    def pid(self) -> int | None:
        return self._child.pid if self._child else None

    @property
    def exit_code(self) -> int | None:
        """None while the broker runs; how it ended otherwise."""
        return self._child.exit_code if self._child else 0

    @property
    def last_line(self) -> str:
        """The last thing the server said."""
        return last_line(self._log_file)

    async def start(self) -> str:
        """The broker answers at the returned `host:port`. Raises `LocalStackError`."""
        try:
            self._lock.acquire()
            with explained(self._dir):
                await end_orphan(self._record_file)
                require_space(self._dir)
                java = find_java()
                jars = await self._jars()
                self._require_version(jars)
                await self._start(java, jars)
        except BaseException:
            await self.stop()
            raise
        if self._training is None:
            self._training = asyncio.create_task(aot.make_cache(java, jars))
        return self.bootstrap

    async def stop(self, seconds_max: float = STOP_SECONDS_MAX) -> None:
        """No process of ours is left and the folder is free; killed after `seconds_max`."""
        if self._training is not None:
            self._training.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._training
            self._training = None
        if self._child is not None:
            await self._child.stop(seconds_max)
            self._child = None
        self._lock.release()

    async def kill(self) -> None:
        """The broker has died in the middle of its work, as by a crash; `start` brings it back."""
        if self._child is not None:
            await self._child.kill()

    async def restart(self) -> str:
        """Stopped, where it still ran, and started again; the bootstrap address."""
        await self.stop()
        return await self.start()

    @property
    def _record_file(self) -> Path:
        return self._dir / "process.json"

    @property
    def _version_file(self) -> Path:
        return self._dir / "kafka-version"

    async def _jars(self) -> KafkaJars:
        cancelled = threading.Event()
        try:
            return await asyncio.to_thread(ensure_jars, cache_dir(), self._console, cancelled)
        except asyncio.CancelledError:
            cancelled.set()
            raise

    def _require_version(self, jars: KafkaJars) -> None:
        """Kafka reads the folders of older versions, not those of newer ones."""
        made_by = self._made_by()
        if made_by and _numbers(made_by) > _numbers(jars.version):
            raise LocalStackError(
                f"{self._dir} was made by Kafka {made_by}, and this is {jars.version}",
                "Start the newer Milepost, or choose another data folder",
            )

    def _made_by(self) -> str:
        file = self._version_file
        return file.read_text("utf-8").strip() if file.exists() else ""

    async def _start(self, java: Java, jars: KafkaJars) -> None:
        for started in range(1, STARTS_MAX + 1):
            ports = kept(self._dir / "ports.json", PORTS)
            write_config(self._dir, ports)
            if not self._made_by():
                await asyncio.to_thread(self._format, java, jars)
            options = aot.options(java, jars)
            self._child = Child(self._spec(broker_command(java, jars, self._marked(options))))
            try:
                await answers(ports["broker"], self._child, READY_SECONDS_MAX)
            except (LocalStackError, TimeoutError):
                await self._child.stop(STOP_SECONDS_MAX)
                # Another process may have taken a port in between, or the cache may be bad.
                if options:
                    aot.cache_file(java, jars).unlink(missing_ok=True)
                if started == STARTS_MAX:
                    raise trouble_in(tail(self._log_file), self._log_file) from None
            else:
                self._port = ports["broker"]
                return

    def _marked(self, options: tuple[str, ...]) -> tuple[str, ...]:
        return (*options, f"-Dmilepost.data={self._dir}")

    def _format(self, java: Java, jars: KafkaJars) -> None:
        # 22 characters as Kafka wants them; a leading dash would be taken for an option.
        cluster_id = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        cluster_id = cluster_id.replace("-", "A")
        done = subprocess.run(
            format_command(java, jars, cluster_id),
            cwd=self._dir,
            capture_output=True,
            text=True,
            timeout=FORMAT_SECONDS_MAX,
            check=False,
        )
        if done.returncode != 0:
            raise trouble_in(done.stdout + done.stderr, self._log_file)
        self._version_file.write_text(jars.version, "utf-8")

    def _spec(self, argv: tuple[str, ...]) -> ChildSpec:
        return ChildSpec(
            name="kafka",
            argv=argv,
            folder=self._dir,
            log_file=self._log_file,
            record_file=self._record_file,
            dies_with_parent=self._dies_with_parent,
        )


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".") if part.isdigit())
