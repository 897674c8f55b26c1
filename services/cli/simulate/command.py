"""`milepost simulate`."""

from __future__ import annotations

import asyncio
import signal
import sys
from dataclasses import replace
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from services.cli.endpoints import EndpointsError, default_data_dir, read_endpoints
from services.cli.simulate.pain_option import PainOption
from services.cli.simulate.pains import OF_THE_DEMO, chosen, told
from services.cli.simulate.play import Asked, Options, Play, demo_options, shop_options, summary
from services.cli.simulate.sender import SendError, Tally
from services.cli.simulate.target import Target, TargetError, parse_keys, target

EXIT_USAGE = 2
EXIT_UNREACHABLE = 3
PAST_MARKER = "demo-past-sent"  # in the data folder: a restarted demo has its past already


def simulate(  # noqa: PLR0913, PLR0917 - each is an option of the command
    customers: Annotated[
        int | None, typer.Option(min=1, help="How many people; the demo goes on without end.")
    ] = None,
    rate: Annotated[float | None, typer.Option(min=0.1, help="Live events a second.")] = None,
    days: Annotated[float, typer.Option(min=0, help="Days of history sent first.")] = 75.0,
    seed: Annotated[int, typer.Option(help="The same seed plays the same lives.")] = 1,
    duration: Annotated[float | None, typer.Option(min=1, help="Seconds to play at most.")] = None,
    speed: Annotated[float, typer.Option(min=1, help="How much faster than life, live.")] = 60.0,
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
    demo: Annotated[bool, typer.Option(help="For the demo journey: short waits.")] = False,
) -> None:
    """Play journeys of made-up customers on all channels, sent to a running ingest."""
    try:
        goal = _target(data, ingest, key or [])
    except (EndpointsError, TargetError) as error:
        _stop(f"milepost simulate: {error}", EXIT_UNREACHABLE if ingest is None else EXIT_USAGE)
    asked = Asked(customers, days, seed, rate)
    options = demo_options(asked) if demo else shop_options(asked, speed)
    pains = chosen(pain or (), OF_THE_DEMO if demo else ())
    options = replace(options, duration_seconds=duration, oracle=oracle, pains=pains)
    endless = demo and customers is None and ingest is None
    marker = (data or default_data_dir()) / PAST_MARKER if endless else None
    if marker is not None and marker.exists():
        options = replace(options, past_customers=0)
    for line in told(pains) if show_pain else ():
        _say(line)
    try:
        tally = asyncio.run(_play(goal, options, marker))
    except SendError as error:
        _stop(f"milepost simulate: {error}", EXIT_UNREACHABLE)
    _say(summary(tally))


def _target(data: Path | None, ingest: str | None, keys: list[str]) -> Target:
    if ingest is not None:
        return target(ingest, parse_keys(keys))
    found = read_endpoints(data)
    return target(found.ingest, [(one.channel, one.write_key) for one in found.sources])


async def _play(goal: Target, options: Options, marker: Path | None) -> Tally:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    _say(
        f"{options.past_customers} customers over the last {options.days:g} days, then "
        f"{options.customers or 'no end of'} live ones at {options.events_per_second:g} events/s, "
        f"{options.tempo.speed:g} times as fast as life; seed {options.seed}"
    )
    return await Play(goal, options, _say, past_marker=marker).run(stop)


def _say(line: str) -> None:
    print(line, flush=True)


def _stop(line: str, code: int) -> NoReturn:
    print(line, file=sys.stderr)
    raise typer.Exit(code)
