"""One child process: started in a group of its own, recorded, stopped within a deadline."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import psutil

from services.cli.local.folder import explained

if TYPE_CHECKING:
    from collections.abc import Mapping

LOG_BYTES_MAX = 10 << 20
POLL_SECONDS = 0.02
LINE_CHARACTERS_MAX = 300
_LAUNCH = str(Path(__file__).with_name("launch.py"))


@dataclass(frozen=True, slots=True, kw_only=True)
class ChildSpec:
    """What to run and how to stop it."""

    name: str
    argv: tuple[str, ...]
    folder: Path
    log_file: Path
    record_file: Path
    env: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    stop_signal: signal.Signals = signal.SIGTERM
    user: tuple[int, int] | None = None
    dies_with_parent: bool = True
    niceness: int = 0


class ChildRecord(msgspec.Struct, frozen=True):
    """What a later run needs to know a process again: a number alone may have been reused."""

    pid: int
    created: float
    argv: list[str]
    stop_signal: int


class Child:
    """A started process.

    It has its own session, so that Ctrl-C in the terminal reaches us alone and we stop our
    children in order.
    """

    def __init__(self, spec: ChildSpec) -> None:
        self.spec = spec
        with explained(spec.folder):
            rotate(spec.log_file)
            spec.record_file.parent.mkdir(parents=True, exist_ok=True)
            log = spec.log_file.open("ab")
        with log:
            self._process = subprocess.Popen(
                _launcher(spec),
                cwd=spec.folder,
                env=dict(spec.env),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        with explained(spec.folder):
            self._record()

    def _record(self) -> None:
        try:
            _write_record(self.pid, self.spec)
        except BaseException:
            _kill_group(self.pid)
            self._process.wait()
            raise

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """None while it runs; negative: the signal that ended it."""
        return self._process.poll()

    async def wait(self, seconds_max: float | None = None) -> int:
        """Its exit code, once it has ended; `TimeoutError` after `seconds_max`."""
        async with asyncio.timeout(seconds_max):
            # Asked, not told: a watcher of children would claim those of others too.
            while (code := self.exit_code) is None:  # noqa: ASYNC110
                await asyncio.sleep(POLL_SECONDS)
        return code

    async def stop(self, seconds_max: float) -> int:
        """Has ended: by itself within `seconds_max` of the stop signal, else killed."""
        if self.exit_code is None:
            self._process.send_signal(self.spec.stop_signal)
            try:
                await self.wait(seconds_max)
            except TimeoutError:
                _kill_group(self.pid)
        code = await self.wait()
        _forget(self.spec.record_file)
        return code

    async def kill(self) -> int:
        """Has ended without any chance to tidy up; the record stays, as after a crash."""
        if self.exit_code is None:
            _kill_group(self.pid)
        return await self.wait()


def rotate(log_file: Path) -> None:
    """The log is at most `LOG_BYTES_MAX` long; what was longer is kept once, beside it."""
    log_file.parent.mkdir(parents=True, exist_ok=True)
    if log_file.exists() and log_file.stat().st_size > LOG_BYTES_MAX:
        log_file.replace(log_file.with_suffix(log_file.suffix + ".1"))


async def end_orphan(record_file: Path, *, seconds_max: float = 5) -> int | None:
    """The process that an earlier, killed run left behind has ended; its id, or None."""
    process = _recorded(record_file)
    if process is not None:
        process.send_signal(_read_record(record_file).stop_signal)
        if not await _gone(process, seconds_max):
            _kill_group(process.pid)
            await _gone(process, seconds_max)
    _forget(record_file)
    return None if process is None else process.pid


def tail(log_file: Path, bytes_max: int = 8192) -> str:
    """The end of a log."""
    try:
        with log_file.open("rb") as log:
            log.seek(max(0, log_file.stat().st_size - bytes_max))
            return log.read().decode("utf-8", "replace")
    except FileNotFoundError:
        return ""


def last_line(log_file: Path) -> str:
    """The last line of a log that says something; frames around messages do not."""
    lines = [line.strip(" \u2502") for line in tail(log_file).splitlines()]
    lines = [line for line in lines if any(letter.isalnum() for letter in line)]
    return lines[-1][:LINE_CHARACTERS_MAX] if lines else ""


def _launcher(spec: ChildSpec) -> list[str]:
    # The death signal comes when the thread ends that forked, so only the main thread asks it.
    on_main = threading.current_thread() is threading.main_thread()
    death = int(spec.stop_signal) if spec.dies_with_parent and on_main else 0
    user, group = spec.user or (-1, -1)
    head = [sys.executable, "-I", "-S", _LAUNCH]
    return [*head, *map(str, (os.getpid(), death, user, group, spec.niceness)), *spec.argv]


def _write_record(pid: int, spec: ChildSpec) -> None:
    record = ChildRecord(
        pid, psutil.Process(pid).create_time(), list(spec.argv), int(spec.stop_signal)
    )
    partial = spec.record_file.with_suffix(".partial")
    partial.write_bytes(msgspec.json.encode(record))
    partial.replace(spec.record_file)


def _read_record(record_file: Path) -> ChildRecord:
    return msgspec.json.decode(record_file.read_bytes(), type=ChildRecord)


def _forget(record_file: Path) -> None:
    record_file.unlink(missing_ok=True)


def _recorded(record_file: Path) -> psutil.Process | None:
    try:
        record = _read_record(record_file)
        process = psutil.Process(record.pid)
        # The clock may have been set since, so the time is compared loosely; before exec the
        # command line still has the launcher in front.
        if abs(process.create_time() - record.created) > 2:
            return None
        if process.cmdline()[-len(record.argv) :] != record.argv:
            return None
    except (FileNotFoundError, msgspec.MsgspecError, psutil.NoSuchProcess, psutil.AccessDenied):
        return None
    return process


async def _gone(process: psutil.Process, seconds_max: float) -> bool:
    deadline = asyncio.get_running_loop().time() + seconds_max
    while _alive(process):
        if asyncio.get_running_loop().time() > deadline:
            return False
        await asyncio.sleep(POLL_SECONDS)
    return True


def _alive(process: psutil.Process) -> bool:
    # Where nobody reaps orphans (a bare container) a dead one stays as a zombie.
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def _kill_group(pid: int) -> None:
    try:
        os.killpg(pid, signal.SIGKILL)
    except ProcessLookupError:
        return
