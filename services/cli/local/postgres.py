"""PostgreSQL on this machine: a real server on loopback over a folder of ours."""

from __future__ import annotations

import asyncio
import os
import secrets
import shutil
import signal
import subprocess
from typing import TYPE_CHECKING

import asyncpg

from services.cli.local.child import Child, ChildSpec, end_orphan, last_line, tail
from services.cli.local.errors import LocalStackError
from services.cli.local.folder import FolderLock, explained, require_space
from services.cli.local.ports import LOOPBACK, kept
from services.cli.local.postgres_account import (
    account_for_postgres,
    open_programs,
    plain_environment,
)
from services.cli.local.postgres_config import OWNER, initdb_command, server_command
from services.cli.local.postgres_programs import PostgresPrograms, find_programs

if TYPE_CHECKING:
    from pathlib import Path

READY_SECONDS_MAX = 60
INITDB_SECONDS_MAX = 120
STOP_SECONDS_MAX = 8
STARTS_MAX = 3
CONNECT_SECONDS_MAX = 5
DATABASE = "milepost"
# A backend of a killed server holds its shared memory until it notices.
STILL_CLOSING = "shared memory block"


class EmbeddedPostgres:
    """A server over `data_dir`, which one run holds at a time and which keeps its databases,
    its password and, where it can, its port from run to run."""

    name = "postgres"
    ends_by_itself = False

    def __init__(
        self,
        data_dir: Path,
        *,
        bin_dir: Path | None = None,
        log_file: Path | None = None,
        dies_with_parent: bool = True,
    ) -> None:
        self._dir = data_dir.resolve()
        self._bin_dir = bin_dir
        self._log_file = log_file or self._dir / "postgres.log"
        self._dies_with_parent = dies_with_parent
        self._lock = FolderLock(self._dir, "The PostgreSQL data")
        self._account = account_for_postgres()
        self._child: Child | None = None
        self._port = 0

    @property
    def data_dir(self) -> Path:
        return self._dir

    @property
    def url(self) -> str:
        """Of the started server's own database, for its owner."""
        return self.url_of(DATABASE)

    def url_of(self, database: str) -> str:
        password = self._password_file.read_text("ascii").strip()
        return f"postgresql://{OWNER}:{password}@{LOOPBACK}:{self._port}/{database}"

    @property
    def pid(self) -> int | None:
        return self._child.pid if self._child else None

    @property
    def exit_code(self) -> int | None:
        """None while the server runs; how it ended otherwise."""
        return self._child.exit_code if self._child else 0

    @property
    def last_line(self) -> str:
        """The last thing the server said."""
        return last_line(self._log_file)

    async def start(self) -> str:
        """The server takes connections at the returned URL. Raises `LocalStackError`."""
        try:
            self._lock.acquire()
            with explained(self._dir):
                await end_orphan(self._record_file)
                require_space(self._dir)
                programs = await asyncio.to_thread(find_programs, self._bin_dir)
                await asyncio.to_thread(self._prepare, programs)
                await self._start(programs)
        except BaseException:
            await self.stop()
            raise
        return self.url

    async def stop(self, seconds_max: float = STOP_SECONDS_MAX) -> None:
        """No process of ours is left and the folder is free; killed after `seconds_max`."""
        if self._child is not None:
            await self._child.stop(seconds_max)
            self._child = None
        self._lock.release()

    async def kill(self) -> None:
        """The server has died in the middle of its work, as by a crash; `start` recovers it."""
        if self._child is not None:
            await self._child.kill()

    async def restart(self) -> str:
        """Stopped, where it still ran, and started again; the URL."""
        await self.stop()
        return await self.start()

    @property
    def _cluster(self) -> Path:
        return self._dir / "cluster"

    @property
    def _record_file(self) -> Path:
        return self._dir / "process.json"

    @property
    def _password_file(self) -> Path:
        return self._dir / "password"

    def _prepare(self, programs: PostgresPrograms) -> None:
        """The cluster is there, of the right version and within its account's reach."""
        if self._account.ids is not None:
            open_programs(programs.folder.parent)
        version_file = self._cluster / "PG_VERSION"
        if not version_file.exists():
            self._init(programs)
        made_by = version_file.read_text("ascii").strip()
        if made_by != str(programs.major):
            raise LocalStackError(
                f"{self._dir} was made by PostgreSQL {made_by}, and this is {programs.major}",
                "Choose another data folder, or move the data by pg_dump",
            )
        self._account.own(self._cluster)

    def _init(self, programs: PostgresPrograms) -> None:
        """Made aside and renamed, so that an interrupted try leaves nothing that looks whole."""
        partial = self._dir / "partial"
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir()
        descriptor = os.open(self._password_file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(secrets.token_urlsafe(18))
        password_copy = partial / "password"
        shutil.copy(self._password_file, password_copy)
        for path in (partial, password_copy):
            self._account.own(path)
        try:
            command = initdb_command(programs, partial / "cluster", password_copy)
            self._account.run(command, partial, INITDB_SECONDS_MAX)
        except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
            raise _trouble(str(error.output or error), self._log_file) from error
        (partial / "cluster").rename(self._cluster)
        shutil.rmtree(partial)

    async def _start(self, programs: PostgresPrograms) -> None:
        for started in range(1, STARTS_MAX + 1):
            self._port = kept(self._dir / "ports.json", ("postgres",))["postgres"]
            self._child = Child(self._spec(programs))
            try:
                await self._answers()
            except (LocalStackError, TimeoutError):
                await self._child.stop(STOP_SECONDS_MAX)
                words = tail(self._log_file)
                if started == STARTS_MAX:
                    raise _trouble(words, self._log_file) from None
                if STILL_CLOSING in words:
                    await asyncio.sleep(1)
            else:
                return

    async def _answers(self) -> None:
        assert self._child is not None
        async with asyncio.timeout(READY_SECONDS_MAX):
            while not self._takes_connections() or not await self._has_database():
                if self._child.exit_code is not None:
                    raise LocalStackError(f"PostgreSQL ended with code {self._child.exit_code}")
                await asyncio.sleep(0.02)

    def _takes_connections(self) -> bool:
        """By the server's own word: a refused connection would fill its log."""
        assert self._child is not None
        try:
            said = (self._cluster / "postmaster.pid").read_text("utf-8").split("\n")
        except FileNotFoundError:
            return False
        return said[0] == str(self._child.pid) and said[-2:-1] == ["ready   "]

    async def _has_database(self) -> bool:
        """Whether the server answers; then our database is there too."""
        try:
            connection = await asyncpg.connect(
                self.url_of("postgres"), timeout=CONNECT_SECONDS_MAX, ssl=False
            )
        except (OSError, asyncpg.CannotConnectNowError, asyncpg.ConnectionDoesNotExistError):
            return False
        try:
            known = "SELECT FROM pg_database WHERE datname = $1"
            if await connection.fetchrow(known, DATABASE) is None:
                await connection.execute(f'CREATE DATABASE "{DATABASE}"')
        finally:
            await connection.close()
        return True

    def _spec(self, programs: PostgresPrograms) -> ChildSpec:
        return ChildSpec(
            name="postgres",
            argv=server_command(programs, self._cluster, self._port),
            folder=self._cluster,
            log_file=self._log_file,
            record_file=self._record_file,
            env=plain_environment(),
            # Fast shutdown: ends the sessions, and waits for none.
            stop_signal=signal.SIGINT,
            user=self._account.ids,
            dies_with_parent=self._dies_with_parent,
        )


def _trouble(words: str, log_file: Path) -> LocalStackError:
    if "No space left on device" in words:
        return LocalStackError("The disk is full", "Free some space and start again")
    lines = [line.strip() for line in words.splitlines() if line.strip()]
    said = next((line for line in reversed(lines) if "FATAL" in line or "error" in line), "")
    said = said or (lines[-1] if lines else "it said nothing")
    return LocalStackError(f"PostgreSQL did not start: {said[:300]}", f"Its log is {log_file}")
