"""Senders that go on whatever happens, as SDKs do: each event is sent until it was taken."""

from __future__ import annotations

import asyncio
import contextlib
import random
from typing import TYPE_CHECKING, Any

import httpx2

from tests.e2e.events import later, now_us, somebody, track
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.e2e.stack import Stack

NAMES = ("Email Opened", "Product Viewed", "Products Searched", "Order Completed", "Invite Sent")
CHANNELS = ("website", "app")
BATCH_EVENTS = 5
PAUSE_SECONDS = 0.05
RETRY_SECONDS = 0.1
PAST_SECONDS = 5_000


class Load:
    """What was sent, and the message ids that were answered 200, by person."""

    def __init__(self, stack: Stack, people: int, seed: int) -> None:
        self._stack = stack
        self._random = random.Random(seed)
        self.people = [somebody("load") for _ in range(people)]
        self.taken: dict[str, set[str]] = {user: set() for user in self.people}
        self.refusals = 0
        self._count = 0

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Under load; at the end everything sent was taken."""
        stopping = asyncio.Event()
        async with asyncio.TaskGroup() as senders:
            for channel in CHANNELS:
                senders.create_task(self._send(channel, stopping))
            try:
                yield
            finally:
                stopping.set()

    async def more(self, events: int) -> None:
        """So many more events were taken."""
        wanted = self._count + events

        async def look() -> bool:
            return self._count >= wanted

        await until(look, seconds_max=60)

    async def _send(self, channel: str, stopping: asyncio.Event) -> None:
        while not stopping.is_set():
            batch = [self._event() for _ in range(BATCH_EVENTS)]
            while not await self._taken(batch, channel):
                self.refusals += 1
                await asyncio.sleep(RETRY_SECONDS)
            for event in batch:
                self.taken[event["userId"]].add(event["messageId"])
            self._count += len(batch)
            await asyncio.sleep(PAUSE_SECONDS)

    def _event(self) -> dict[str, Any]:
        at = later(now_us(), -self._random.randrange(PAST_SECONDS))
        user = self._random.choice(self.people)
        return track(self._random.choice(NAMES), user=user, at=at)

    async def _taken(self, batch: list[dict[str, Any]], channel: str) -> bool:
        headers = {"X-Write-Key": self._stack.key(channel)}
        try:
            answer = await self._stack.post("/v1/events", json=batch, headers=headers)
        except httpx2.TransportError:
            return False
        assert answer.status_code in (200, 503), answer.text
        return answer.status_code == 200
