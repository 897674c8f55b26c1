"""`milepost doctor`: every check, a line each, and the exit code."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Annotated, NamedTuple

import msgspec
import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from services.cli.asking import ApiOption, DataOption, TokenOption
from services.cli.doctor import database, files, kafka, packages, serving, sources, spool, status
from services.cli.doctor.examine import Check, examine, in_thread
from services.cli.doctor.finding import Finding, worst
from services.cli.doctor.given_settings import Place, read_place
from services.cli.looks import STYLES, clean, on_terminal

EXIT_FAIL = 1


class Urls(NamedTuple):
    """Where roles answer, as given on the command line."""

    ingest: str | None
    api: str | None


def doctor(
    *,
    data: DataOption = None,
    ingest: Annotated[
        str | None, typer.Option("--ingest", help="URL of ingest, where it is not the set one.")
    ] = None,
    api: ApiOption = None,
    token_file: TokenOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the findings as JSON.")] = False,
) -> None:
    """Check everything that a wrong set-up can break, and say how to mend it; changes nothing.

    Reads the settings of the environment, as the roles do. Exit code 0: ok, or warnings; 1: a
    check failed.
    """
    # What it says of brokers that are away is told once, with the fix.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    found = look(data, Urls(ingest, api), token_file)
    if as_json:
        findings = [msgspec.to_builtins(one) for one in found]
        typer.echo(json.dumps({"status": worst(found), "findings": findings}, indent=2))
    elif on_terminal():
        Console().print(table_of(found))
    else:
        for one in found:
            typer.echo(line_of(one))
    if worst(found) == "fail":
        raise typer.Exit(EXIT_FAIL)


def look(data: Path | None, urls: Urls, token_file: Path | None) -> list[Finding]:
    """The findings of all checks."""
    read = read_place(data)
    found = [*read.findings]
    if read.place is not None:
        given = {name: url.rstrip("/") for name, url in urls._asdict().items() if url}
        place = read.place._replace(**given)
        found += asyncio.run(examine(checks_of(place, token_file)))
    else:
        found += packages.look()
    return found


def checks_of(place: Place, token_file: Path | None = None) -> list[Check]:
    """Every check of this system."""
    settings = place.settings
    mend = "check the file and its disk"
    return [
        Check(packages.CHECK, _of_files(packages.look), "install Milepost anew"),
        Check(
            sources.SOURCES,
            _of_files(partial(sources.look, settings.sources_file, settings.ingest.public_url)),
            mend,
        ),
        Check(files.TOKENS, _of_files(partial(files.tokens, settings)), mend),
        Check(files.JOURNEY, _of_files(partial(files.journey, settings.journey_file)), mend),
        Check(files.SEGMENTS, _of_files(partial(files.segments, settings.api.segments_file)), mend),
        Check(
            spool.FOLDER, _of_files(partial(spool.look, settings.ingest)), mend, spool.CHECKS[1:]
        ),
        Check(database.DATABASE, partial(database.look, settings), database.FIX, database.COVERS),
        Check(kafka.KAFKA, partial(kafka.look, settings), kafka.FIX, kafka.COVERS),
        *_of_roles(place, token_file),
    ]


def _of_roles(place: Place, token_file: Path | None) -> list[Check]:
    urls = {serving.INGEST: place.ingest, serving.WORKER: None, serving.API: place.api}
    roles = [serving.role_of(name, place.settings, url) for name, url in urls.items()]
    restart = "see its log, and restart it"
    return [
        Check(serving.PORTS, _of_files(partial(serving.judge_ports, roles)), restart),
        *(Check(role.name, partial(serving.ready, role), restart) for role in roles),
        Check("status", partial(status.look, roles[-1], token_file), restart),
    ]


def line_of(one: Finding) -> str:
    """A plain line: status, check, what is so, and the fix."""
    fix = f" -> {one.fix}" if one.fix else ""
    return f"{one.status}\t{one.check}\t{one.what}{fix}".replace("\n", " ")


def table_of(found: Sequence[Finding]) -> Table:
    """The findings on a terminal, each with its fix below."""
    table = Table(box=None, show_header=False, padding=(0, 1))
    for one in found:
        said = Text(clean(one.what), overflow="fold")
        if one.fix:
            said.append(f"\n{clean(one.fix)}", style="italic")
        table.add_row(Text(one.status, style=STYLES[one.status]), Text(one.check), said)
    return table


def _of_files(look: Callable[[], list[Finding]]) -> Callable[[], Awaitable[list[Finding]]]:
    return partial(in_thread, look)
