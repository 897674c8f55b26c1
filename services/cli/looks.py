"""One look for what verbs show: quiet tables on a terminal, tab-separated lines elsewhere."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from rich.console import ConsoleOptions, RenderableType

NARROW_COLUMNS = 64  # below it a row of several cells is a block of lines
_TIME = re.compile(r"(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)(?:\.\d+)?Z")
_STYLED_COLUMNS = frozenset({"state", "status", "stage"})
STYLES = {
    "ok": "green",
    "warn": "yellow",
    "fail": "bold red",
    "skip": "dim",
    "raised": "bold red",
    "reminded": "yellow",
    "recovered": "green",
    "retracted": "yellow",
    "expired": "dim",
    "open": "bold red",
    "replayed": "green",
    "dropped": "dim",
    "active": "green",
    "revoked": "dim",
    "no secret": "yellow",
}


def on_terminal() -> bool:
    """Whether somebody looks at standard output."""
    return sys.stdout.isatty()


def clean(value: object) -> str:
    """A value as one line that steers no terminal, whatever a customer has sent."""
    line = " ".join(str(value).split("\n"))
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in line)


def cell(value: object, column: str = "") -> Text:
    """A value as it stands in a table: never markup; times to the second; states coloured."""
    text = to_the_second(clean(value))
    style = STYLES.get(text, "bold") if column in _STYLED_COLUMNS else ""
    return Text(text, style=style, overflow="fold")


def to_the_second(text: str) -> str:
    """The text with its times as people read them."""
    return _TIME.sub(r"\1 \2Z", text)


class Listing(NamedTuple):
    """A table with a title, each row as wide as `columns`; of a narrow terminal, blocks."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[object]]

    def __rich_console__(self, _: Console, options: ConsoleOptions) -> Iterator[RenderableType]:
        if self.title:
            yield Text(f"\n{self.title}", style="bold")
        if options.max_width < NARROW_COLUMNS and len(self.columns) > 2:
            for number, row in enumerate(self.rows):
                yield facts(zip(self.columns, row, strict=True), styled=True)
                yield from [""] if number < len(self.rows) - 1 else []
            return
        table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
        for name in self.columns:
            table.add_column(name, overflow="fold")
        for row in self.rows:
            table.add_row(*(cell(v, name) for name, v in zip(self.columns, row, strict=True)))
        yield table


def facts(named: Iterable[tuple[str, object]], *, styled: bool = False) -> Table:
    """Names and what they are, one below the other."""
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="dim", no_wrap=True)
    grid.add_column(overflow="fold")
    for name, value in named:
        grid.add_row(Text(name), cell(value, name if styled else ""))
    return grid


def show_lines(console: Console, lines: Iterable[str]) -> None:
    """Tab-separated lines, whose first cell names them, as facts."""
    split = [line.split("\t") for line in lines]
    console.print(facts((name, "  ".join(rest)) for name, *rest in split))


def print_lines(lines: Iterable[str]) -> None:
    """The same for whoever runs a verb: facts on a terminal, the lines elsewhere."""
    if on_terminal():
        show_lines(Console(), lines)
        return
    for line in lines:
        typer.echo(plain(line.split("\t")))


def print_listing(listing: Listing) -> None:
    """A table on a terminal, a line for each row elsewhere."""
    if on_terminal():
        Console().print(listing)
        return
    for row in listing.rows:
        typer.echo(plain(row))


def plain(cells: Iterable[object]) -> str:
    """A row as a line for programs: cells with tabs between."""
    return "\t".join(map(clean, cells))
