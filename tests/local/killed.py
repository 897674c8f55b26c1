"""Runs that were killed while their server ran."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import psutil

PARENT = Path(__file__).with_name("parent.py")
ROOT = PARENT.parents[2]


def kill_the_parent_of(kind: str, data_dir: Path, *, dies: bool = False) -> psutil.Process:
    """The server, whose parent is dead by SIGKILL."""
    parent = subprocess.Popen(
        [sys.executable, str(PARENT), kind, str(data_dir), "dies" if dies else "lives"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert parent.stdout is not None
    with parent.stdout as said:
        server = psutil.Process(int(said.readline()))
    parent.kill()
    parent.wait()
    return server


async def is_gone(process: psutil.Process) -> bool:
    """Whether it has ended; nobody may be there to reap it."""
    try:
        return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True
