"""`milepost export`: timeline, transitions and signals as files for notebooks."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, NamedTuple, NoReturn

import typer
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn

from services.cli.asking import EXIT_NOT_REACHABLE, EXIT_USAGE, DataOption
from services.cli.endpoints import EndpointsError, database_url
from services.cli.exporting.columns import FILES, File, Row, without_personal
from services.cli.exporting.writing import Format, opener, replacing
from services.cli.given import instant_us, load_settings
from services.cli.looks import print_lines
from services.contracts.times import from_datetime
from services.journey_state.store import rows_out
from services.journey_state.store.pool import SCHEMA_MISSING, TRANSIENT, Connection, snapshot_of
from services.journey_state.store.rows_out import Span

ROWS_PER_PLAIN_LINE = 100_000
EXIT_INTERRUPTED = 130
BEGINNING_US = from_datetime(datetime(1, 1, 1, tzinfo=UTC))
END_US = from_datetime(datetime(9999, 12, 31, tzinfo=UTC))

Advance = Callable[[str, int], None]  # so many rows of a file more
_READERS: dict[str, Callable[[Connection, Span], AsyncIterator[list[rows_out.Row]]]] = {
    "timeline": rows_out.timeline,
    "transitions": rows_out.transitions,
    "signals": rows_out.signals,
}


class Order(NamedTuple):
    """What is asked for: which rows of which columns, written how and where to."""

    out: Path
    form: Format
    files: tuple[File, ...]
    span: Span


def export_command(
    *,
    out: Annotated[Path, typer.Option(help="Folder of the files; files there are replaced.")],
    form: Annotated[
        Format, typer.Option("--format", help="Parquet needs the extra `parquet` of milepost.")
    ] = "csv",
    from_: Annotated[
        str | None, typer.Option("--from", metavar="T", help="From then on: ISO 8601, or a date.")
    ] = None,
    to: Annotated[
        str | None, typer.Option("--to", metavar="T", help="Before then: ISO 8601, or a date.")
    ] = None,
    pseudonymous: Annotated[
        bool,
        typer.Option("--pseudonymous", help="Leave out identifiers, traits and context."),
    ] = False,
    data: DataOption = None,
) -> None:
    """Write timeline, transitions and signals as of one instant, a file each; changes nothing.

    Exit code 2: asked wrongly, or a file cannot be written; 3: the database does not answer.
    """
    span = Span(_instant("--from", from_, BEGINNING_US), _instant("--to", to, END_US))
    files = tuple(map(without_personal, FILES)) if pseudonymous else FILES
    try:
        opener(form)
    except ModuleNotFoundError as error:
        _fail(EXIT_USAGE, f"parquet needs {error.name}: install the extra, milepost[parquet]")
    order = Order(out, form, files, span)
    url = _database_url(data)
    try:
        with _progress() as advance:
            counts = asyncio.run(export(url, order, advance))
    except SCHEMA_MISSING:
        _fail(EXIT_NOT_REACHABLE, "the schema is missing or too old: run `milepost migrate`")
    except TRANSIENT as error:
        _fail_for(error)
    except KeyboardInterrupt:
        _say("stopped; no file was replaced but those named")
        raise typer.Exit(EXIT_INTERRUPTED) from None
    written = zip(files, counts, strict=True)
    print_lines(f"{path_of(order, file)}\t{count} rows" for file, count in written)


async def export(url: str, order: Order, advance: Advance) -> list[int]:
    """The files are there, all as of one instant; gives how many rows each has.

    Raises one of `TRANSIENT`, OSError also where a file cannot be written.
    """
    order.out.mkdir(parents=True, exist_ok=True, mode=0o700)
    async with snapshot_of(url) as connection:
        return [await _write(connection, order, file, advance) for file in order.files]


def path_of(order: Order, file: File) -> Path:
    """Where a file is written to."""
    return order.out / f"{file.name}.{order.form}"


async def _write(connection: Connection, order: Order, file: File, advance: Advance) -> int:
    count = 0
    open_file = opener(order.form)
    with (
        replacing(path_of(order, file)) as partial,
        closing(open_file(partial, file.columns)) as written,
    ):
        async for rows in _READERS[file.name](connection, order.span):
            made: list[Row] = [file.read(row) for row in rows]
            written.write(made)
            count += len(made)
            advance(file.name, len(made))
    return count


def _instant(option: str, text: str | None, otherwise: int) -> int:
    if text is None:
        return otherwise
    try:
        return instant_us(text)
    except ValueError as error:
        _fail(EXIT_USAGE, f"{option} {text}: {error}")


def _database_url(data: Path | None) -> str:
    try:
        return database_url(load_settings().database.url, data)
    except EndpointsError as error:
        _fail(EXIT_NOT_REACHABLE, str(error))


@contextmanager
def _progress() -> Iterator[Advance]:
    """Counts of rows on a terminal, a line now and then elsewhere."""
    console = Console(stderr=True)
    done = dict.fromkeys(_READERS, 0)
    if not console.is_terminal:

        def say(name: str, more: int) -> None:
            before, done[name] = done[name], done[name] + more
            if before // ROWS_PER_PLAIN_LINE != done[name] // ROWS_PER_PLAIN_LINE:
                _say(f"{name}: {done[name]} rows")

        yield say
        return
    columns = (SpinnerColumn(), TextColumn("{task.description} {task.completed} rows"))
    with Progress(*columns, console=console, transient=True) as bars:
        tasks = {name: bars.add_task(name, total=None) for name in done}
        yield lambda name, more: bars.advance(tasks[name], more)


def _fail_for(error: BaseException) -> NoReturn:
    if isinstance(error, OSError) and error.filename is not None:
        _fail(EXIT_USAGE, f"{error.filename} cannot be written: {error.strerror}")
    reason = str(error).partition("\n")[0] or type(error).__name__
    _fail(EXIT_NOT_REACHABLE, f"the database cannot be read: {reason}")


def _say(line: str) -> None:
    print(f"milepost export: {line}", file=sys.stderr)


def _fail(code: int, message: str) -> NoReturn:
    _say(message)
    raise typer.Exit(code)
