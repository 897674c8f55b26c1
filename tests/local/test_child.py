"""Child processes: ended in time, known again, and never mistaken for another."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import msgspec
import psutil
import pytest

from services.cli.local import child
from services.cli.local.child import Child, ChildSpec, end_orphan, last_line, tail
from tests.local.killed import is_gone
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SLEEP = "import time; print('awake', flush=True); time.sleep(60)"
DEAF = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); {SLEEP}"


def spec(folder: Path, script: str = SLEEP, *, dies_with_parent: bool = True) -> ChildSpec:
    return ChildSpec(
        name="sleeper",
        argv=(sys.executable, "-c", script),
        folder=folder,
        log_file=folder / "log" / "sleeper.log",
        record_file=folder / "run" / "sleeper.json",
        dies_with_parent=dies_with_parent,
    )


async def started(given: ChildSpec) -> Child:
    sleeper = Child(given)

    async def said() -> bool:
        return "awake" in tail(given.log_file)

    await until(said)
    return sleeper


async def test_stop_ends_it_by_its_signal_and_forgets_it(tmp_path: Path) -> None:
    sleeper = await started(spec(tmp_path))

    code = await sleeper.stop(20)

    assert code == -signal.SIGTERM
    assert not (tmp_path / "run" / "sleeper.json").exists()


async def test_stop_kills_what_does_not_listen(tmp_path: Path) -> None:
    sleeper = await started(spec(tmp_path, DEAF))

    code = await sleeper.stop(0.05)

    assert code == -signal.SIGKILL


async def test_a_terminal_does_not_interrupt_it(tmp_path: Path) -> None:
    sleeper = await started(spec(tmp_path))

    assert os.getsid(sleeper.pid) == sleeper.pid
    await sleeper.stop(20)


async def test_an_orphan_is_ended_by_its_record(tmp_path: Path) -> None:
    sleeper = await started(spec(tmp_path))

    ended = await end_orphan(tmp_path / "run" / "sleeper.json", seconds_max=20)

    assert ended == sleeper.pid
    assert await sleeper.wait() == -signal.SIGTERM
    assert await end_orphan(tmp_path / "run" / "sleeper.json") is None


@pytest.fixture
def stranger() -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen([sys.executable, "-c", SLEEP], stdout=subprocess.DEVNULL)
    yield process
    process.kill()
    process.wait()


async def test_another_process_with_the_number_of_a_dead_one_is_left_alone(
    tmp_path: Path, stranger: subprocess.Popen[bytes]
) -> None:
    record = tmp_path / "sleeper.json"
    created = psutil.Process(stranger.pid).create_time()
    argv = [sys.executable, "-c", "something else"]
    record.write_bytes(msgspec.json.encode(child.ChildRecord(stranger.pid, created, argv, 15)))

    assert await end_orphan(record) is None

    assert stranger.poll() is None
    assert not record.exists()


@pytest.mark.parametrize("content", [b"", b"{", b'{"pid": 1}'])
async def test_a_damaged_record_is_nobody(tmp_path: Path, content: bytes) -> None:
    record = tmp_path / "sleeper.json"
    record.write_bytes(content)

    assert await end_orphan(record) is None


async def test_the_group_goes_with_a_kill(tmp_path: Path) -> None:
    parent = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {SLEEP!r}])"
    sleeper = await started(spec(tmp_path, parent))
    grandchild = psutil.Process(sleeper.pid).children()[0]

    await sleeper.kill()

    await until(lambda: is_gone(grandchild))


async def test_a_long_log_is_set_aside_at_the_start(tmp_path: Path) -> None:
    log_file = spec(tmp_path).log_file
    log_file.parent.mkdir()
    log_file.write_bytes(b"old\n" * (child.LOG_BYTES_MAX // 4 + 1))

    sleeper = await started(spec(tmp_path))
    await sleeper.stop(20)

    assert last_line(log_file) == "awake"
    assert log_file.with_name("sleeper.log.1").stat().st_size > child.LOG_BYTES_MAX
