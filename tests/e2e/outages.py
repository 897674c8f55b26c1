"""What a sender meets on a bad day: the broker stands still, then ingest itself dies."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING, Any

import httpx2

from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tests.e2e.stack import Stack

_ANSWERED = re.compile(r"^milepost_ingest_request_seconds_count (\d+)", re.MULTILINE)
BACK_SECONDS_MAX = 30


async def bad_day(
    stack: Stack, first: Callable[[], Awaitable[None]], then: Callable[[], Awaitable[None]]
) -> None:
    """`first` is sent while the broker stands still, `then` while no ingest listens."""
    before = await _answered(stack)
    with stack.frozen("kafka"):
        await first()

        async def answered() -> bool:
            return await _answered(stack) > before

        await until(answered, seconds_max=BACK_SECONDS_MAX)
    # The process is dead before the first event is sent: this coroutine begins with its kill.
    await asyncio.gather(stack.kill("ingest"), then())
    await until(lambda: _is_back(stack), seconds_max=BACK_SECONDS_MAX)


async def arrived(stack: Stack, user: str, count: int) -> list[dict[str, Any]]:
    """The customer's timeline, once all is applied and there are so many touchpoints in it."""

    async def look() -> bool:
        return len(await stack.timeline(user)) >= count

    await until(look, seconds_max=BACK_SECONDS_MAX)
    await stack.settled()
    return await stack.timeline(user)


async def _answered(stack: Stack) -> int:
    """How many requests with events ingest has answered."""
    answer = await stack.http.get(f"{stack.endpoints.ingest}/metrics")
    found = _ANSWERED.search(answer.text)
    assert found
    return int(found[1])


async def _is_back(stack: Stack) -> bool:
    try:
        return await stack.is_ready()
    except httpx2.TransportError:
        return False
