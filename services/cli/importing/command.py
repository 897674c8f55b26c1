"""`milepost import FILE`: offline sales, call lists and the like, through ingest."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Annotated, NoReturn

import msgspec
import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from services.cli.asking import EXIT_NOT_REACHABLE, EXIT_USAGE, DataOption, JsonOption
from services.cli.endpoints import EndpointsError, read_endpoints
from services.cli.importing.place import Place, place_file, read_place
from services.cli.importing.reading import FileFaultError, Reader
from services.cli.importing.run import Tell, import_file
from services.cli.importing.sending import LineVerdict, NotTakenError, Sending

EXIT_REJECTED = 1
EXIT_INTERRUPTED = 130
SHOWN_REJECTIONS_MAX = 20
LINES_PER_PLAIN_LINE = 10_000

Advance = Callable[[int, int], None]  # lines more, bytes read of the file


def import_command(  # noqa: PLR0913 - each is an option of the command
    file: Annotated[Path, typer.Argument(help="CSV or NDJSON, also gzipped.")],
    *,
    source: Annotated[str, typer.Option(help="The source that the events come from.")],
    historical: Annotated[
        bool, typer.Option("--historical", help="Build state, raise no signals; any age.")
    ] = False,
    again: Annotated[
        bool, typer.Option("--again", help="From the first line, also where a run stopped before.")
    ] = False,
    report: Annotated[
        Path | None, typer.Option(help="Write the verdict of each line here, NDJSON.")
    ] = None,
    key_file: Annotated[
        Path | None, typer.Option("--key-file", help="File with the source's write key.")
    ] = None,
    ingest: Annotated[
        str | None, typer.Option("--ingest", help="URL of ingest, instead of --data.")
    ] = None,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Send a file of events through ingest; a second run goes on where the first stopped.

    Exit code 0: every line was accepted; 1: some were rejected; 2: a bad file or option; 3: ingest
    does not answer. Repeats change nothing: an event without messageId is known by its content.
    """
    url, key = _target(source, ingest, key_file, data)
    wanted = Place(source, historical)
    place = wanted if again else read_place(file, wanted)
    console = Console(stderr=True)
    if place.line:
        _say(f"going on after line {place.line}, as {place_file(file)} says")
    try:
        with _told(console, file, report) as tell, Sending(url, key, _say) as sending:
            done = import_file(file, place, sending, tell)
    except FileFaultError as error:
        _fail(EXIT_USAGE, str(error))
    except NotTakenError as error:
        _fail(EXIT_NOT_REACHABLE, f"{error}; run it again to go on")
    except OSError as error:
        _fail(EXIT_USAGE, f"{error.filename} cannot be written: {error.strerror}")
    except KeyboardInterrupt:
        _say("stopped; run it again to go on")
        raise typer.Exit(EXIT_INTERRUPTED) from None
    accepted, rejected = done.accepted - place.accepted, done.rejected - place.rejected
    if as_json:
        typer.echo(json.dumps({"accepted": accepted, "rejected": rejected, "line": done.line}))
    else:
        typer.echo(f"accepted {accepted}, rejected {rejected}, up to line {done.line}")
    if rejected:
        raise typer.Exit(EXIT_REJECTED)


def _target(
    source: str, ingest: str | None, key_file: Path | None, data: Path | None
) -> tuple[str, str]:
    """Where ingest is, and the source's key."""
    key = _key_in(key_file)
    if ingest is not None:
        return ingest, key or _fail(EXIT_USAGE, "--ingest needs the source's key by --key-file")
    try:
        endpoints = read_endpoints(data)
    except EndpointsError as error:
        _fail(EXIT_NOT_REACHABLE, str(error))
    kept = {one.name: one.write_key for one in endpoints.sources}
    key = key or kept.get(source, "")
    if not key:
        _fail(
            EXIT_USAGE,
            f"the key of {source!r} is not known here: give it by --key-file, or name one of"
            f" {', '.join(kept)}",
        )
    return endpoints.ingest, key


def _key_in(key_file: Path | None) -> str:
    if key_file is None:
        return ""
    try:
        return key_file.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        _fail(EXIT_USAGE, f"--key-file {key_file}: {error}")


@contextmanager
def _told(console: Console, file: Path, report: Path | None) -> Iterator[Tell]:
    """Gives what to tell of each part: progress, the first rejections, the report."""
    out = report.open("wb") if report else None
    shown = _Rejections()
    try:
        with _progress(console, file) as advance:

            def tell(verdicts: list[LineVerdict], reader: Reader) -> None:
                shown.say(verdicts)
                _write(out, verdicts)
                advance(len(verdicts), reader.bytes_read)

            yield tell
    finally:
        if out is not None:
            out.close()


class _Rejections:
    """Says the first rejected lines; the report has them all."""

    def __init__(self) -> None:
        self._left = SHOWN_REJECTIONS_MAX

    def say(self, verdicts: list[LineVerdict]) -> None:
        for one in verdicts:
            if one.status != "rejected" or self._left < 0:
                continue
            if self._left:
                _say(f"line {one.line} rejected: {one.code}: {one.message}")
            else:
                _say("more are rejected; --report FILE has them all")
            self._left -= 1


def _write(out: IO[bytes] | None, verdicts: list[LineVerdict]) -> None:
    if out is not None:
        out.writelines(msgspec.json.encode(one) + b"\n" for one in verdicts)
        out.flush()


@contextmanager
def _progress(console: Console, file: Path) -> Iterator[Advance]:
    if not console.is_terminal:
        yield _plain_progress()
        return
    columns = (TextColumn("{task.fields[lines]} lines"), BarColumn(), TaskProgressColumn())
    with Progress(*columns, TimeRemainingColumn(), console=console, transient=True) as bar:
        task = bar.add_task("", total=_size(file), lines=0)
        lines = 0

        def advance(more: int, bytes_read: int) -> None:
            nonlocal lines
            lines += more
            bar.update(task, completed=bytes_read, lines=lines)

        yield advance


def _plain_progress() -> Advance:
    done = said = 0

    def advance(more: int, _: int) -> None:
        nonlocal done, said
        done += more
        if done - said >= LINES_PER_PLAIN_LINE:
            said = done
            _say(f"{done} lines")

    return advance


def _size(file: Path) -> int | None:
    """The bytes to come; of a compressed file nobody knows."""
    return None if file.suffix == ".gz" else file.stat().st_size


def _say(line: str) -> None:
    print(f"milepost import: {line}", file=sys.stderr)


def _fail(code: int, message: str) -> NoReturn:
    _say(message)
    raise typer.Exit(code)
