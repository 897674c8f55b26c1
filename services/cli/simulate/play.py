"""One run of the simulator: the days before, then the live lives, then the oracle."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from services.cli.simulate.backfill import backfill
from services.cli.simulate.ledger import CUSTOMERS_MAX, Ledger
from services.cli.simulate.live import Pace, Stage
from services.cli.simulate.oracle import DEMO, SHOP, Timings
from services.cli.simulate.pains import PainName, Planted
from services.cli.simulate.sender import Sender, SendError, Tally
from services.cli.simulate.story import Cast, run_name
from services.cli.simulate.tempo import Tempo, live, past
from services.cli.ungrouped import ungrouped

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from services.cli.simulate.story import Story
    from services.cli.simulate.target import Target

LOOK_SECONDS = 0.5
REPORT_SECONDS = 10.0
DRAIN_SECONDS_MAX = 3.0  # for what is queued when the play is stopped
PATIENCE_SECONDS_MAX = 300.0  # for an ingest that takes nothing
PAST_SHARE = 0.75  # of the personas, when days before are asked for
SHOP_CUSTOMERS = 200
SHOP_EVENTS_PER_SECOND = 50.0
SHOP_SPEED = 60.0
DEMO_PAST_CUSTOMERS = 2_400  # enough of each week that its figures do not jump by chance
DEMO_EVENTS_PER_SECOND = 10.0  # a shop to be watched, beside whose past it weighs little
DEMO_SPEED = 30.0  # half an hour becomes a minute, as in the demo journey's waiting times


@dataclass(frozen=True, slots=True)
class Options:
    """What is to be played. `customers` None: without end."""

    customers: int | None
    events_per_second: float
    days: float
    seed: int
    tempo: Tempo
    past_customers: int
    past_tempo: Tempo
    timings: Timings
    duration_seconds: float | None = None
    oracle: Path | None = None
    pains: tuple[PainName, ...] = ()


class Asked(NamedTuple):
    """What the command line says of a play; None: what suits."""

    customers: int | None
    days: float
    seed: int
    rate: float | None
    speed: float | None = None


def shop_options(asked: Asked) -> Options:
    """For the shop's journey, whose waiting times are those of real life."""
    customers = asked.customers or SHOP_CUSTOMERS
    before = int(customers * PAST_SHARE) if asked.days > 0 else 0
    return Options(
        customers=customers - before,
        events_per_second=asked.rate or SHOP_EVENTS_PER_SECOND,
        days=asked.days,
        seed=asked.seed,
        tempo=live(asked.speed or SHOP_SPEED),
        past_customers=before,
        past_tempo=past(1.0),
        timings=SHOP,
    )


def demo_options(asked: Asked) -> Options:
    """For the demo journey: everyone is 30 times as fast as in life, and the play has no end
    unless a number of customers is given."""
    customers = asked.customers
    before = DEMO_PAST_CUSTOMERS if customers is None else int(customers * PAST_SHARE)
    return Options(
        customers=None if customers is None else customers - before,
        events_per_second=asked.rate or DEMO_EVENTS_PER_SECOND,
        days=asked.days,
        seed=asked.seed,
        tempo=live(asked.speed or DEMO_SPEED),
        past_customers=before if asked.days > 0 else 0,
        past_tempo=past(DEMO_SPEED),
        timings=DEMO,
    )


class Play:
    """A run against one ingest: `say` hears of its progress, line by line.

    With a `glance`, that hears twice a second where it stands, and `say` of what is done alone.
    """

    def __init__(
        self,
        target: Target,
        options: Options,
        say: Callable[[str], None],
        *,
        past_marker: Path | None = None,
        glance: Callable[[str], None] | None = None,
    ) -> None:
        self._options = options
        self._past_marker = past_marker
        self._say = say
        self._glance = glance
        self._past_done = 0
        self._base_us = time.time_ns() // 1000
        self._planted = Planted(options.pains, self._base_us)
        run = run_name(self._base_us, options.seed)
        self._cast = Cast(options.seed, run, self._planted)
        # Without a file to write, an endless play has no use for a memory.
        self._ledger = Ledger(customers_max=CUSTOMERS_MAX if options.oracle else 0)
        patience = float("inf") if options.customers is None else PATIENCE_SECONDS_MAX
        self._sender = Sender(target, self._ledger.taken, patience_seconds_max=patience)

    async def run(self, stop: asyncio.Event) -> Tally:
        """Plays all of it, or until `stop`, and writes the oracle in any case.

        Raises SendError when ingest refuses what it is sent or stays away.
        """
        async with self._sender:
            try:
                with ungrouped(SendError):
                    await self._acts(stop)
            finally:
                self._write_oracle()
        return self._sender.tally

    async def _acts(self, stop: asyncio.Event) -> None:
        async with asyncio.TaskGroup() as tasks:
            reporter = tasks.create_task(self._report())
            curtain = tasks.create_task(self._end_after_duration(stop))
            acts = tasks.create_task(self._past_then_live(stop))
            ending = tasks.create_task(stop.wait())
            await asyncio.wait({acts, ending}, return_when=asyncio.FIRST_COMPLETED)
            await asyncio.wait({acts}, timeout=DRAIN_SECONDS_MAX)
            for task in (acts, reporter, curtain, ending):
                task.cancel()

    async def _past_then_live(self, stop: asyncio.Event) -> None:
        options, began = self._options, time.monotonic()
        cast = self._cast.past(
            options.past_customers, options.days, self._base_us, options.past_tempo
        )
        await backfill(self._sender, self._enlisted(cast), self._count_past)
        if options.past_customers:
            took, events = time.monotonic() - began, self._sender.tally.accepted
            whose = f"{options.days:g} days of {options.past_customers} customers"
            self._say(f"{whose}: {events} events, {took:.1f} s")
            if self._past_marker is not None:
                self._past_marker.touch()
        pace = Pace(options.customers, options.events_per_second, options.tempo)
        stage = Stage(self._sender, self._cast, pace, self._ledger.enlist)
        await stage.play(options.past_customers, stop)

    def _enlisted(self, stories: Iterable[Story]) -> Iterator[Story]:
        for story in stories:
            self._ledger.enlist(story)
            yield story

    async def _end_after_duration(self, stop: asyncio.Event) -> None:
        if self._options.duration_seconds is not None:
            await asyncio.sleep(self._options.duration_seconds)
            stop.set()

    def _count_past(self, done: int) -> None:
        self._past_done += done

    async def _report(self) -> None:
        trouble, said_at = "", time.monotonic()
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            trouble = self._tell(trouble)
            if self._glance is not None:
                self._glance(self._standing())
            elif time.monotonic() - said_at >= REPORT_SECONDS:
                said_at = time.monotonic()
                self._say(summary(self._sender.tally))

    def _tell(self, told: str) -> str:
        """Says when ingest is away, and when it is back; returns the trouble that is told."""
        trouble = self._sender.tally.trouble
        if bool(trouble) == bool(told):
            return told
        self._say(f"{trouble}; trying again" if trouble else "ingest takes events again")
        return trouble

    def _standing(self) -> str:
        people = self._options.past_customers
        past = f"{self._past_done} of {people} customers of the past; "
        return (past if self._past_done < people else "live; ") + summary(self._sender.tally)

    def _write_oracle(self) -> None:
        options = self._options
        if options.oracle is not None:
            count = self._ledger.write(
                options.oracle,
                timings=options.timings,
                seed=options.seed,
                base_us=self._base_us,
                planted=self._planted,
            )
            self._say(f"expected state of {count} customers: {options.oracle}")


def announced(options: Options) -> str:
    """What is to be played, in one line."""
    people, before = options.customers, options.past_customers
    who = "customers without end" if people is None else _counted(people)
    past = f"{_counted(before)} over the last {options.days:g} days, then " if before else ""
    return (
        f"{past}{who} live at {options.events_per_second:g} events/s,"
        f" {options.tempo.speed:g} times as fast as life; seed {options.seed}"
    )


def _counted(people: int) -> str:
    return f"{people} customer{'' if people == 1 else 's'}"


def summary(tally: Tally) -> str:
    """The tally in one line."""
    line = f"{tally.accepted} events accepted in {tally.requests} requests"
    if tally.retries:
        line += f", {tally.retries} sent again"
    for reason, count in sorted(tally.reasons.items()):
        line += f"; {count} rejected: {reason}"
    return line
