"""The supervisor with real processes."""

from __future__ import annotations

import os
import signal
import sys
from typing import TYPE_CHECKING

import psutil

from services.cli.local.role import Role, end_orphans, records_dir
from services.cli.local.supervisor import Death, Supervisor
from tests.waiting import until

if TYPE_CHECKING:
    from pathlib import Path

SLEEP = "import time; print('awake', flush=True); time.sleep(60)"
NOTE_AND_EXIT = """
import pathlib, signal, sys, time
def note(*_):
    with open("order", "a") as file: file.write(sys.argv[1])
    sys.exit(0)
signal.signal(signal.SIGTERM, note)
print("awake", flush=True)
time.sleep(60)
"""


def role(folder: Path, name: str, script: str, *, ends_by_itself: bool = False) -> Role:
    argv = (sys.executable, "-c", script, name)
    return Role(name, folder, dict(os.environ), argv=argv, ends_by_itself=ends_by_itself)


async def awake(given: Role) -> None:
    async def said() -> bool:
        return given.last_line == "awake"

    await until(said)


async def test_what_died_is_said_and_started_again(tmp_path: Path) -> None:
    deaths: list[Death] = []
    supervisor = Supervisor(deaths.append)
    sleeper = role(tmp_path, "sleeper", SLEEP)
    await supervisor.start(sleeper)
    await awake(sleeper)
    first = sleeper.pid
    assert first is not None

    os.kill(first, signal.SIGKILL)

    async def another() -> bool:
        return sleeper.pid != first and sleeper.exit_code is None

    await until(another)
    assert deaths == [Death("sleeper", -9, 0.2, "awake")]
    await supervisor.stop([], 20)
    assert sleeper.exit_code is not None


async def test_each_death_in_a_row_waits_longer(tmp_path: Path) -> None:
    deaths: list[Death] = []
    supervisor = Supervisor(deaths.append)
    await supervisor.start(role(tmp_path, "failing", "raise SystemExit('no way')"))

    async def three() -> bool:
        return len(deaths) >= 3

    await until(three)
    await supervisor.stop([], 20)
    assert [death.delay_seconds for death in deaths[:3]] == [0.2, 0.4, 0.8]
    assert {(death.exit_code, death.reason) for death in deaths} == {(1, "no way")}
    assert supervisor.last_death("failing") == deaths[-1]


async def test_an_end_of_its_own_is_no_death(tmp_path: Path) -> None:
    deaths: list[Death] = []
    supervisor = Supervisor(deaths.append)
    brief = role(tmp_path, "brief", "print('done')", ends_by_itself=True)
    await supervisor.start(brief)

    async def over() -> bool:
        return brief.exit_code == 0

    await until(over)
    await supervisor.stop([], 20)
    assert deaths == []


async def test_all_are_stopped_in_order(tmp_path: Path) -> None:
    supervisor = Supervisor(list[Death]().append)
    roles = [role(tmp_path, name, NOTE_AND_EXIT) for name in "abc"]
    for one in roles:
        await supervisor.start(one)
        await awake(one)

    await supervisor.stop([("b",), ("c",)], 20)

    assert (tmp_path / "order").read_text() == "bca"
    assert not list(records_dir(tmp_path).iterdir())


async def test_what_does_not_end_in_time_is_killed(tmp_path: Path) -> None:
    deaf = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); {SLEEP}"
    supervisor = Supervisor(list[Death]().append)
    sleeper = role(tmp_path, "deaf", deaf)
    await supervisor.start(sleeper)
    await awake(sleeper)

    await supervisor.stop([], 0.1)

    assert sleeper.exit_code == -signal.SIGKILL


async def test_orphans_of_a_killed_run_are_ended(tmp_path: Path) -> None:
    left = role(tmp_path, "left", SLEEP)
    await left.start()
    await awake(left)
    assert left.pid is not None
    process = psutil.Process(left.pid)

    assert await end_orphans(tmp_path) == ["left"]

    assert left.exit_code == -signal.SIGTERM
    assert not process.is_running()
    assert await end_orphans(tmp_path) == []
