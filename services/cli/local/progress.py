"""Progress of a download: a bar on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import contextlib
import threading
from typing import TYPE_CHECKING, Protocol

from rich import progress as rich_progress

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import Console

PERCENT_PER_LINE = 25


class Progress(Protocol):
    """Told, from any thread, what came."""

    def advance(self, fetched_bytes: int) -> None: ...


@contextlib.contextmanager
def shown(console: Console | None, title: str, total_bytes: int) -> Iterator[Progress]:
    """Shows progress while the block runs; without a console nothing is shown."""
    if console is None or not console.is_terminal:
        yield _Lines(console, title, total_bytes)
        return
    columns = (
        rich_progress.TextColumn("{task.description}"),
        rich_progress.BarColumn(),
        rich_progress.DownloadColumn(),
        rich_progress.TransferSpeedColumn(),
    )
    with rich_progress.Progress(*columns, console=console, transient=True) as bar:
        yield _Bar(bar, bar.add_task(title, total=total_bytes))


class _Bar:
    def __init__(self, bar: rich_progress.Progress, task: rich_progress.TaskID) -> None:
        self._bar = bar
        self._task = task

    def advance(self, fetched_bytes: int) -> None:
        self._bar.advance(self._task, fetched_bytes)


class _Lines:
    def __init__(self, console: Console | None, title: str, total_bytes: int) -> None:
        self._console = console
        self._title = title
        self._total_bytes = max(total_bytes, 1)
        self._fetched_bytes = 0
        self._said_percent = -1
        self._turn = threading.Lock()
        self.advance(0)

    def advance(self, fetched_bytes: int) -> None:
        with self._turn:
            self._fetched_bytes += fetched_bytes
            percent = self._fetched_bytes * 100 // self._total_bytes
            step = percent // PERCENT_PER_LINE * PERCENT_PER_LINE
            if step > self._said_percent and self._console is not None:
                self._said_percent = step
                self._console.print(f"{self._title}: {step} %", highlight=False)
