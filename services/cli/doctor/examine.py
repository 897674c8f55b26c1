"""Checks side by side: one that fails, breaks or hangs hides no other."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import NamedTuple, TypeVar, cast

from services.cli.doctor.finding import Finding, fail, skips

CHECK_SECONDS_MAX = 15.0

T = TypeVar("T")


class UnreachableError(Exception):
    """What a check asks does not answer; `fix` in one sentence."""

    def __init__(self, what: str, fix: str) -> None:
        super().__init__(what)
        self.fix = fix


class Check(NamedTuple):
    """`look` gives the findings; where it cannot, `covers` are the checks shown as skipped."""

    name: str
    look: Callable[[], Awaitable[Sequence[Finding]]]
    fix: str
    covers: tuple[str, ...] = ()
    seconds_max: float = CHECK_SECONDS_MAX


async def examine(checks: Sequence[Check]) -> list[Finding]:
    """The findings of all checks, in the order of the checks."""
    answers = await asyncio.gather(*(_answer(check) for check in checks))
    return [finding for answer in answers for finding in answer]


async def _answer(check: Check) -> list[Finding]:
    try:
        async with asyncio.timeout(check.seconds_max):
            return list(await check.look())
    except UnreachableError as error:
        what, fix = str(error), error.fix
    except TimeoutError:
        what, fix = f"no answer within {check.seconds_max:g} s", check.fix
    except Exception as error:  # noqa: BLE001  # whatever it is, the other checks are to be seen
        what, fix = f"it could not be checked: {type(error).__name__}: {error}", check.fix
    return [fail(check.name, what, fix), *skips(check.covers, f"needs what `{check.name}` failed")]


async def in_thread(function: Callable[[], T]) -> T:
    """What the function gives. One that hangs, as a dead network disk does, keeps nobody waiting:
    its thread does not outlive the program."""
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[T] = loop.create_future()

    def settle(result: T | None, error: Exception | None) -> None:
        if answer.done():
            return  # nobody waits any more
        if error is None:
            answer.set_result(cast("T", result))
        else:
            answer.set_exception(error)

    def run() -> None:
        result, failure = None, None
        try:
            result = function()
        except Exception as error:  # noqa: BLE001  # it is raised where it is waited for
            failure = error
        with suppress(RuntimeError):  # the loop is closed
            loop.call_soon_threadsafe(settle, result, failure)

    threading.Thread(target=run, daemon=True).start()
    return await answer
