"""Plays lives as they happen: each event leaves when the persona's device would send it."""

from __future__ import annotations

import asyncio
import heapq
import itertools
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from services.contracts.touchpoint import CHANNELS, Channel

if TYPE_CHECKING:
    from services.cli.simulate.sender import Sender
    from services.cli.simulate.step import Step
    from services.cli.simulate.story import Cast, Story
    from services.cli.simulate.tempo import Tempo

TICK_SECONDS = 0.25
BATCH_EVENTS_MAX = 100
QUEUE_EVENTS_MAX = 2_000  # per channel; a full queue stops the play until ingest is back
LAG_SECONDS_MAX = 5.0


@dataclass(frozen=True, slots=True)
class Pace:
    """How many live personas (None: without end), how many events a second, and the tempo."""

    customers: int | None
    events_per_second: float
    tempo: Tempo


class Stage:
    """The live play: personas enter one after another and act side by side."""

    def __init__(
        self, sender: Sender, cast: Cast, pace: Pace, on_enter: Callable[[Story], None]
    ) -> None:
        self._sender = sender
        self._cast = cast
        self._pace = pace
        self._on_enter = on_enter
        self._due: list[tuple[int, int, Step]] = []
        self._serial = itertools.count()
        self._queues: dict[Channel, asyncio.Queue[Step | None]] = {
            channel: asyncio.Queue(QUEUE_EVENTS_MAX) for channel in CHANNELS
        }

    async def play(self, first_index: int, stop: asyncio.Event) -> None:
        """Returns when all personas are done, or soon after `stop`; what was queued is sent."""
        async with asyncio.TaskGroup() as tasks:
            for channel in CHANNELS:
                tasks.create_task(self._deliver(channel))
            await self._perform(first_index, stop)
            for queue in self._queues.values():
                await queue.put(None)

    async def _perform(self, first_index: int, stop: asyncio.Event) -> None:
        index, start_us = first_index, _now_us()
        last = None if self._pace.customers is None else first_index + self._pace.customers
        while not stop.is_set():
            now = _now_us()
            start_us = max(start_us, now - int(LAG_SECONDS_MAX * 1_000_000))
            while start_us <= now and index != last:
                start_us += self._enter(first_index, index, start_us)
                index += 1
            await self._hand_out(now)
            if index == last and not self._due:
                return
            await _pause(stop, TICK_SECONDS)

    def _enter(self, first_index: int, index: int, start_us: int) -> int:
        """Lets one persona begin; returns the microseconds until the next, so that in the long run
        the events come at the asked rate."""
        story = self._cast.live(first_index, index, start_us, self._pace.tempo)
        self._on_enter(story)
        for step in story.deliveries:
            heapq.heappush(self._due, (step.sent_us, next(self._serial), step))
        return int(len(story.deliveries) / self._pace.events_per_second * 1_000_000)

    async def _hand_out(self, now_us: int) -> None:
        while self._due and self._due[0][0] <= now_us:
            step = heapq.heappop(self._due)[2]
            await self._queues[step.channel].put(step)

    async def _deliver(self, channel: Channel) -> None:
        """Sends one channel's events in order, those that are waiting together in one request."""
        queue = self._queues[channel]
        while (first := await queue.get()) is not None:
            batch = [first]
            while not queue.empty() and len(batch) < BATCH_EVENTS_MAX:
                step = queue.get_nowait()
                if step is None:
                    await self._sender.send(channel, batch)
                    return
                batch.append(step)
            await self._sender.send(channel, batch)


async def _pause(stop: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await stop.wait()
    except TimeoutError:
        return


def _now_us() -> int:
    return time.time_ns() // 1000
