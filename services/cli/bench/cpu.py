"""CPU time that processes have used, with all their children."""

from __future__ import annotations

from collections.abc import Mapping

import psutil


def cpu_seconds(pid: int) -> float:
    """User and system time of the process, its living children and those it has reaped."""
    try:
        root = psutil.Process(pid)
        tree = [root, *root.children(recursive=True)]
    except psutil.NoSuchProcess:
        return 0.0
    return sum(_used(process) for process in tree)


def cpu_of(pids: Mapping[str, int]) -> dict[str, float]:
    """Seconds used so far, by name."""
    return {name: cpu_seconds(pid) for name, pid in pids.items()}


def _used(process: psutil.Process) -> float:
    try:
        times = process.cpu_times()
    except psutil.NoSuchProcess:
        return 0.0
    # What a reaped child used is counted with its parent alone, so nothing counts twice.
    return float(times.user + times.system + times.children_user + times.children_system)
