"""A figure that takes long to count, counted seldom."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from time import monotonic
from typing import Generic, TypeVar

from services.journey_state.database import Connection, Database

SECONDS_MIN = 1.0
REST_TIMES = 20  # of the time that counting takes

Figure = TypeVar("Figure")


class Remembered(Generic[Figure]):
    """What `count` said, kept for a second, or for as long as counting takes no more than a
    twentieth of the time: whoever asks often never keeps PostgreSQL busy."""

    def __init__(self, count: Callable[[Connection], Awaitable[Figure]]) -> None:
        self._count = count
        self._kept: Figure | None = None
        self._good_until = 0.0
        self._lock = asyncio.Lock()

    async def get(self, database: Database) -> Figure:
        """The figure; it is counted once for all who ask at the same time.

        Raises DatabaseAwayError; nothing is kept then.
        """
        # Before a connection is taken, or those who wait here would take them all.
        async with self._lock:
            if self._kept is not None and monotonic() < self._good_until:
                return self._kept
            async with database.reading() as connection:
                began = monotonic()
                found = await self._count(connection)
                took = monotonic() - began
            self._kept = found
            self._good_until = monotonic() + max(SECONDS_MIN, REST_TIMES * took)
            return found
