"""Answers that take long to count: once for all who ask at the same time, and kept for a while."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Hashable
from functools import wraps
from time import monotonic
from typing import TYPE_CHECKING, Any, NamedTuple, ParamSpec, TypeVar

from services.journey_state import progress_queries
from services.journey_state.api.problems import TOOK_TOO_LONG, Problem

if TYPE_CHECKING:
    from fastapi import Request

    from services.journey_state.database import Database

WAIT_SECONDS_MAX = 25  # until one's turn comes
# Few touchpoints are counted anew each time. Of many, what took long is kept the longer for it:
# whoever asks often never keeps PostgreSQL busy.
KEPT_TOUCHPOINTS_MIN = 100_000
KEPT_FROM_SECONDS = 1.0
KEPT_TIMES = 10  # as long as counting took
KEPT_SECONDS_MAX = 60.0
KEPT_ANSWERS_MAX = 200

Found = TypeVar("Found")
P = ParamSpec("P")
Count = Callable[[], Awaitable[Any]]


class Answer(NamedTuple):
    """What was found, and how many seconds ago if it was kept."""

    found: Any
    age: float | None = None


class _Kept(NamedTuple):
    found: Any
    at: float
    until: float


class Counting:
    """What waits to be counted and what is being counted, by what was asked; what was found."""

    def __init__(
        self, database: Database, *, counts_max: int = 1, kept_from: float = KEPT_FROM_SECONDS
    ) -> None:
        self._database = database
        self._kept_from = kept_from
        self._slots = asyncio.Semaphore(counts_max)
        self._waiting: dict[Hashable, asyncio.Task[Answer]] = {}
        self._running: dict[Hashable, asyncio.Task[Answer]] = {}
        self._kept: dict[Hashable, _Kept] = {}

    async def get(self, asked: Hashable, count: Count) -> Answer:
        """What `count` finds from now on, for all who ask the same until it begins; or what is
        kept of a moment ago.

        It goes on when whoever asked has gone. Raises what `count` raises, of which nothing is
        kept, and a Problem (503): too much is being counted.
        """
        kept = self._still_kept(asked)
        if kept is not None:
            return kept
        waiting = self._waiting.get(asked)
        if waiting is None:
            waiting = asyncio.create_task(self._in_turn(asked, count))
            waiting.add_done_callback(_look_at)
            self._waiting[asked] = waiting
        return await asyncio.shield(waiting)

    async def close(self) -> None:
        """Nothing is being counted any more."""
        going = {*self._waiting.values(), *self._running.values()}
        for one in going:
            one.cancel()
        await asyncio.gather(*going, return_exceptions=True)

    def _still_kept(self, asked: Hashable) -> Answer | None:
        kept, now = self._kept.get(asked), monotonic()
        return None if kept is None or now >= kept.until else Answer(kept.found, now - kept.at)

    async def _in_turn(self, asked: Hashable, count: Count) -> Answer:
        try:
            try:
                async with asyncio.timeout(WAIT_SECONDS_MAX):
                    await self._turn(asked)
            finally:
                mine = self._waiting.pop(asked)  # who asks from now on wants to know what is then
            self._running[asked] = mine
        except TimeoutError:
            detail = "Other answers are being counted, which takes long; try again in a moment"
            raise Problem(503, TOOK_TOO_LONG, detail) from None
        try:
            return self._still_kept(asked) or await self._count(asked, count)
        finally:
            del self._running[asked]
            self._slots.release()

    async def _turn(self, asked: Hashable) -> None:
        while asked in self._running:
            await asyncio.wait([self._running[asked]])
        await self._slots.acquire()

    async def _count(self, asked: Hashable, count: Count) -> Answer:
        began = monotonic()
        found = await count()
        took = monotonic() - began
        if took >= self._kept_from and await self._are_many():
            kept = {key: one for key, one in self._kept.items() if one.until > monotonic()}
            if len(kept) < KEPT_ANSWERS_MAX:
                until = monotonic() + min(
                    KEPT_SECONDS_MAX, KEPT_TIMES * max(KEPT_FROM_SECONDS, took)
                )
                kept[asked] = _Kept(found, began, until)
            self._kept = kept
        return Answer(found)

    async def _are_many(self) -> bool:
        async with self._database.reading() as connection:
            count = await progress_queries.touchpoints_about(connection)
        return count >= KEPT_TOUCHPOINTS_MIN


def _look_at(task: asyncio.Task[Answer]) -> None:
    """An error that nobody waits for any more is nobody's."""
    if not task.cancelled():
        task.exception()


async def found_for(
    request: Request, counting: Counting, count: Callable[[], Awaitable[Found]], *, name: str = ""
) -> Found:
    """What `count` finds, which is the same for whoever asks what `request` asks.

    Routes that give the same `name` share it. The answer's header `Age` says that it was kept.
    """
    said = tuple(sorted(request.query_params.multi_items()))
    answer = await counting.get((name or request.url.path, said), count)
    if answer.age is not None:
        request.state.age = round(answer.age)
    found: Found = answer.found
    return found


def counted(
    answer: Callable[P, Coroutine[Any, Any, Found]],
) -> Callable[P, Coroutine[Any, Any, Found]]:
    """The route, counted once for whoever asks the same; it has `request` and `ask`."""

    @wraps(answer)
    async def shared(*args: P.args, **kwargs: P.kwargs) -> Found:
        request: Any = kwargs["request"]
        ask: Any = kwargs["ask"]
        return await found_for(request, ask.counting, lambda: answer(*args, **kwargs))

    return shared
