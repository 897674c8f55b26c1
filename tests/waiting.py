"""Waits on a condition, never on a time."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

T = TypeVar("T")
POLL_SECONDS = 0.02
# Limits are meant for a quiet machine, and only say that something never comes: on one that is
# busy with other things it may come as many times as late.
PATIENCE = 3


async def until(look: Callable[[], Awaitable[T | None]], *, seconds_max: float = 20) -> T:
    """The first answer of `look` that is true; an assertion fails when it is far too late for
    `seconds_max`."""
    answer = None
    try:
        async with asyncio.timeout(PATIENCE * seconds_max):
            while not (answer := await look()):  # noqa: ASYNC110  # what we wait on is elsewhere
                await asyncio.sleep(POLL_SECONDS)
    except TimeoutError:
        raise AssertionError(f"still {answer!r} after {PATIENCE * seconds_max} s") from None
    return answer
