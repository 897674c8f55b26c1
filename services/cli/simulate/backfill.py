"""Sends the days before: whole lives at once, each persona's events in order."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from services.cli.simulate.sender import Sender
    from services.cli.simulate.step import Step
    from services.cli.simulate.story import Story
    from services.contracts.touchpoint import Channel

EVENTS_MAX = 400  # of one request
STORIES_MAX = 300  # lives played side by side

Wave = dict["Channel", list["Step"]]


async def backfill(
    sender: Sender, stories: Iterable[Story], on_progress: Callable[[int], None]
) -> None:
    """Returns once every event is taken. `on_progress` hears how many lives are done.

    A request goes to one channel, so the lives are cut into runs of one channel; the n-th runs of
    all lives travel together, and the next only after them: what a persona did first is there
    first, with few requests.
    """
    for group in _groups(stories, STORIES_MAX):
        for wave in waves(group):
            batches = [
                (channel, steps[at : at + EVENTS_MAX])
                for channel, steps in wave.items()
                for at in range(0, len(steps), EVENTS_MAX)
            ]
            async with asyncio.TaskGroup() as tasks:
                for channel, steps in batches:
                    tasks.create_task(sender.send(channel, steps))
        on_progress(len(group))


def waves(stories: Iterable[Story]) -> Iterator[Wave]:
    """The n-th runs of all lives by channel, for n from the first to the last."""
    runs = [list(_runs(story)) for story in stories]
    for layer in itertools.zip_longest(*runs):
        wave: Wave = {}
        for run in layer:
            if run:
                wave.setdefault(run[0].channel, []).extend(run)
        yield wave


def _runs(story: Story) -> Iterator[list[Step]]:
    for _, run in itertools.groupby(story.deliveries, key=lambda step: step.channel):
        yield list(run)


def _groups(stories: Iterable[Story], size: int) -> Iterator[list[Story]]:
    iterator = iter(stories)
    while group := list(itertools.islice(iterator, size)):
        yield group
