"""A role under cProfile, from SIGUSR1 on: `python -m services.cli.bench.profiled ROLE FILE`."""

from __future__ import annotations

import cProfile
import os
import pstats
import signal
import sys
import time
from importlib import import_module
from pathlib import Path

from services.cli.__main__ import ROLES
from services.cli.local.errors import LocalStackError

MODULE = "services.cli.bench.profiled"
LINES = 40


def argv_of(role: str, folder: Path) -> tuple[str, ...]:
    """The arguments for Python that run the role so."""
    return ("-m", MODULE, role, str(_file(role, folder)))


def begin(pid: int) -> None:
    """From now on the profiled role counts; it must be serving already."""
    os.kill(pid, signal.SIGUSR1)


def print_profile(role: str, folder: Path) -> None:
    """The functions that took most time themselves, on standard error; the role has ended."""
    file = _file(role, folder)
    if not file.exists():
        raise LocalStackError(f"{role} ended without its profile", "Measure less, or once more")
    pstats.Stats(str(file), stream=sys.stderr).sort_stats("tottime").print_stats(LINES)


def main(role: str, file: Path) -> None:
    """Runs until SIGTERM; then `file` holds what was spent since SIGUSR1."""
    # CPU time: on a busy machine the wall clock would blame whatever was interrupted.
    profile = cProfile.Profile(time.process_time)
    signal.signal(signal.SIGUSR1, lambda *_: profile.enable())
    try:
        import_module(ROLES[role]).run()
    finally:
        profile.disable()
        profile.dump_stats(file)


def _file(role: str, folder: Path) -> Path:
    return folder / f"{role}.profile"


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
