"""One role of ours as a child process that can be started again."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from services.cli.local.child import Child, ChildSpec, end_orphan, last_line

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


class Role:
    """`python -m services NAME ARGUMENT...`, its output in a log of its own."""

    def __init__(
        self,
        name: str,
        data_dir: Path,
        env: Mapping[str, str],
        *,
        arguments: tuple[str, ...] = (),
        argv: tuple[str, ...] = (),
        ends_by_itself: bool = False,
    ) -> None:
        self.name = name
        self.ends_by_itself = ends_by_itself
        self._spec = ChildSpec(
            name=name,
            argv=argv or (sys.executable, "-m", "services", name, *arguments),
            folder=data_dir,
            log_file=data_dir / "log" / f"{name}.log",
            record_file=records_dir(data_dir) / f"{name}.json",
            env={**env, "PYTHONUNBUFFERED": "1"},
        )
        self._child: Child | None = None

    @property
    def pid(self) -> int | None:
        return self._child.pid if self._child else None

    @property
    def exit_code(self) -> int | None:
        """None while it runs; how it ended otherwise."""
        return self._child.exit_code if self._child else 0

    @property
    def log_file(self) -> Path:
        return self._spec.log_file

    @property
    def last_line(self) -> str:
        """The last thing it said, for people."""
        return last_line(self._spec.log_file)

    async def start(self) -> None:
        self._child = Child(self._spec)

    async def stop(self, seconds_max: float) -> None:
        if self._child is not None:
            await self._child.stop(seconds_max)


def records_dir(data_dir: Path) -> Path:
    return data_dir / "run" / "processes"


async def end_orphans(data_dir: Path) -> list[str]:
    """The roles that a killed run left behind have ended; their names."""
    found = sorted(records_dir(data_dir).glob("*.json"))
    ended = [await end_orphan(record) for record in found]
    return [record.stem for record, pid in zip(found, ended, strict=True) if pid is not None]
