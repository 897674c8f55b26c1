"""How far a backtest is: a bar on a terminal, a line now and then elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

TITLE = "customers"
PERCENT_PER_LINE = 20


@contextmanager
def shown(console: Console, total: int) -> Iterator[Callable[[int], None]]:
    """Gives what to tell of each few customers more; `total` need not be exact."""
    if not console.is_terminal:
        yield _lines(console, max(total, 1))
        return
    columns = (TextColumn(TITLE), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task(TITLE, total=total)
        yield lambda more: bar.advance(task, more)


def _lines(console: Console, total: int) -> Callable[[int], None]:
    done = said = 0

    def tell(more: int) -> None:
        nonlocal done, said
        done += more
        step = min(done * 100 // total, 100) // PERCENT_PER_LINE * PERCENT_PER_LINE
        if step > said:
            said = step
            console.print(f"{TITLE}: {done}, {step} %", highlight=False)

    return tell
