"""`milepost simulate`."""

from __future__ import annotations

import asyncio
import signal
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from services.cli.endpoints import default_data_dir
from services.cli.simulate.found import Found, NotFoundError, found_by_data, found_by_url
from services.cli.simulate.oracle import DEMO
from services.cli.simulate.pain_option import PainOption
from services.cli.simulate.pains import OF_THE_DEMO, chosen, told
from services.cli.simulate.play import (
    SHOP_CUSTOMERS,
    SHOP_EVENTS_PER_SECOND,
    Asked,
    Options,
    Play,
    announced,
    demo_options,
    shop_options,
    summary,
)
from services.cli.simulate.sender import SendError, Tally
from services.cli.simulate.showing import shown
from services.cli.simulate.target import TargetError

if TYPE_CHECKING:
    from services.cli.simulate.target import Target

EXIT_USAGE = 2
EXIT_UNREACHABLE = 3
PAST_MARKER = "demo-past-sent"  # in the data folder: a restarted demo has its past already


def simulate(  # noqa: PLR0913, PLR0917 - each is an option of the command
    customers: Annotated[
        int | None,
        typer.Option(min=1, help="How many people; 200 unless given, with --demo without end."),
    ] = None,
    rate: Annotated[
        float | None,
        typer.Option(min=0.1, help="Live events a second in the long run; 50, with --demo 10."),
    ] = None,
    days: Annotated[
        float, typer.Option(min=0, help="Days of history sent first, of three quarters of them.")
    ] = 75.0,
    seed: Annotated[int, typer.Option(help="The same seed plays the same lives.")] = 1,
    duration: Annotated[float | None, typer.Option(min=1, help="Seconds to play at most.")] = None,
    speed: Annotated[
        float | None,
        typer.Option(min=1, help="How much faster than life, live; 60, with --demo 30."),
    ] = None,
    pain: PainOption = None,
    show_pain: Annotated[
        bool, typer.Option("--show-pain", help="Say what is planted, and what the map must show.")
    ] = False,
    oracle: Annotated[
        Path | None, typer.Option(help="File for the expected final state (JSON).")
    ] = None,
    data: Annotated[Path | None, typer.Option(help="Folder of the running system.")] = None,
    ingest: Annotated[str | None, typer.Option(help="Ingest address, instead of --data.")] = None,
    key: Annotated[
        list[str] | None, typer.Option(help="CHANNEL=WRITE_KEY, once per channel; with --ingest.")
    ] = None,
    demo: Annotated[
        bool | None,
        typer.Option(help="For the demo's journey and its short waits; looked up with --data."),
    ] = None,
) -> None:
    """Play journeys of made-up customers on all channels, sent to a running ingest.

    Ends when all are played; Ctrl-C ends it sooner, and the oracle is written all the same. Exit
    code 2: asked wrongly; 3: ingest does not answer, or refuses what is sent.
    """
    found = _found(ingest, data, key or [])
    asked = Asked(customers, days, seed, rate, speed)
    options = options_for(asked, demo, found)
    pains = chosen(pain or (), OF_THE_DEMO if demo else ())
    options = replace(options, duration_seconds=duration, oracle=oracle, pains=pains)
    marker = None
    if demo and customers is None and ingest is None:
        marker = (data or default_data_dir()) / PAST_MARKER
        options = replace(options, past_customers=0) if marker.exists() else options
    _warn(options, found)
    for line in told(pains) if show_pain else ():
        print(line, flush=True)
    try:
        tally = asyncio.run(_play(found.target, options, marker))
    except SendError as error:
        _stop(str(error), EXIT_UNREACHABLE)
    print(summary(tally), flush=True)
    if tally.trouble and not tally.accepted:
        _stop(tally.trouble, EXIT_UNREACHABLE)


def _found(ingest: str | None, data: Path | None, keys: list[str]) -> Found:
    try:
        return found_by_url(ingest, keys) if ingest else found_by_data(data, keys)
    except TargetError as error:
        _stop(str(error), EXIT_USAGE)
    except NotFoundError as error:
        _stop(str(error), EXIT_UNREACHABLE)


def options_for(asked: Asked, demo: bool | None, found: Found) -> Options:
    """For the journey that is asked for, or else in force."""
    if demo:
        return demo_options(asked)
    if demo is None and found.journey == DEMO.journey:
        # In its tempo, with as many people as elsewhere.
        people, rate = asked.customers or SHOP_CUSTOMERS, asked.rate or SHOP_EVENTS_PER_SECOND
        return demo_options(asked._replace(customers=people, rate=rate))
    return shop_options(asked)


def _warn(options: Options, found: Found) -> None:
    """An oracle of another journey than that in force does not come true."""
    plays = options.timings.journey
    if options.oracle is not None and found.journey not in (None, plays):
        line = f"the journey in force is {found.journey}, and the oracle expects that of {plays}"
        print(f"milepost simulate: warning: {line}", file=sys.stderr)


async def _play(goal: Target, options: Options, marker: Path | None) -> Tally:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    with shown() as (say, glance):
        say(announced(options))
        play = Play(goal, options, say, past_marker=marker, glance=glance)
        return await play.run(stop)


def _stop(line: str, code: int) -> NoReturn:
    print(f"milepost simulate: {line}", file=sys.stderr)
    raise typer.Exit(code)
