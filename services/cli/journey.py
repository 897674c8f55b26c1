"""`milepost journey check` and `show`: is a definition right, and what does it say."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from services.journey_state.definition import (
    DEFAULT,
    AbandonmentRule,
    Definition,
    DefinitionError,
    Stage,
    describe,
    read_definition,
    shipped,
    shipped_names,
)


def check(file: Annotated[Path, typer.Argument(help="The journey definition, YAML.")]) -> None:
    """Validate a journey definition: each fault with its line and what to do."""
    definition = read(file)
    counts = f"{len(definition.stages)} stages, {len(definition.abandonment)} abandonment rules"
    typer.echo(f"ok: {definition.journey}, version {definition.version}, {counts}")


def show(
    source: Annotated[
        str, typer.Argument(help=f"A file, or a shipped journey: {', '.join(shipped_names())}.")
    ] = DEFAULT,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Show what a journey definition says."""
    definition = shipped(source) if source in shipped_names() else read(Path(source))
    if as_json:
        typer.echo(json.dumps(describe(definition), ensure_ascii=False, indent=2))
    else:
        print_definition(definition)


def print_definition(definition: Definition) -> None:
    """Tables of stages and abandonment rules on standard output."""
    console = Console()
    console.print(f"{definition.journey}, version {definition.version}", highlight=False)
    stages = Table("stage", "rule", "events", "from", "when", title="Stages")
    for stage in definition.stages:
        _add_stage(stages, stage)
    rules = Table("rule", "opens", "closes", "after", "remind", "recover within")
    rules.title = "Abandonment"
    for rule in definition.abandonment:
        rules.add_row(*map(escape, _abandonment(rule)))
    for column in (*stages.columns, *rules.columns):
        column.overflow = "fold"
    console.print(stages, rules)


def _add_stage(table: Table, stage: Stage) -> None:
    for at, rule in enumerate(stage.enter):
        sources = "any" if rule.from_stages is None else _listed(rule.from_stages)
        name = stage.name if at == 0 else ""
        cells = (name, rule.id, _listed(rule.match.events), sources, rule.text)
        table.add_row(*map(escape, cells))


def _abandonment(rule: AbandonmentRule) -> list[str]:
    opens = f"stage {_listed(rule.stages)}" if rule.stages is not None else ""
    if rule.opens:
        opens = _listed(rule.opens.events)
    closes = _listed(rule.closes.events) if rule.closes else ""
    remind = ", ".join(_waited(wait) for wait in rule.remind_us)
    return [
        rule.name, opens, closes, _waited(rule.after_us), remind, _waited(rule.recover_within_us)
    ]  # fmt: skip


def _listed(names: frozenset[str]) -> str:
    return ", ".join(sorted(names))


def _waited(micros: int) -> str:
    """The shortest whole number of one unit."""
    for unit, size in (("d", 86_400_000_000), ("h", 3_600_000_000), ("m", 60_000_000)):
        if micros % size == 0:
            return f"{micros // size}{unit}"
    return f"{micros / 1_000_000:g}s"


def read(file: Path) -> Definition:
    """The definition in the file; its faults end the program, each in a line."""
    try:
        return read_definition(file)
    except DefinitionError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None
