"""A play before one's eyes: a line that moves on a terminal, a line now and then elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from services.cli.looks import on_terminal

Say = Callable[[str], None]


@contextmanager
def shown() -> Iterator[tuple[Say, Say | None]]:
    """Who hears of each thing that is done, and who of where it stands: nobody where it is no
    terminal."""
    if not on_terminal():
        yield _print, None
        return
    from rich.console import Console  # noqa: PLC0415  # a demo's player never needs it

    console = Console(highlight=False, markup=False)
    with console.status("") as status:
        yield lambda line: console.print(line, soft_wrap=True), status.update


def _print(line: str) -> None:
    print(line, flush=True)
