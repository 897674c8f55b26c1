"""`milepost journey check` and `show`: is a definition right, and what does it say."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from services.cli.looks import Listing, on_terminal, print_lines, print_listing
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
    """Tables of stages and abandonment rules on standard output; elsewhere a line for each rule."""
    print_lines([f"{definition.journey}\tversion {definition.version}"])
    for listing in listings(definition):
        if on_terminal():
            print_listing(listing)
            continue
        kind = listing.title.lower()
        print_lines("\t".join([kind, *map(str, row)]) for row in listing.rows)


def listings(definition: Definition) -> tuple[Listing, Listing]:
    """The rules that lead into stages, and those of abandonment."""
    stages = [_entry(stage, at) for stage in definition.stages for at in range(len(stage.enter))]
    rules = [_abandonment(rule) for rule in definition.abandonment]
    into = ("stage", "rule", "events", "from", "when")
    left = ("rule", "opens", "closes", "after", "remind", "recover within")
    return Listing("Stages", into, stages), Listing("Abandonment", left, rules)


def _entry(stage: Stage, at: int) -> list[str]:
    rule = stage.enter[at]
    sources = "any" if rule.from_stages is None else _listed(rule.from_stages)
    name = stage.name if at == 0 or not on_terminal() else ""
    return [name, rule.id, _listed(rule.match.events), sources, rule.text]


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
