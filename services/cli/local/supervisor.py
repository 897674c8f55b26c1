"""Keeps processes running: starts again what died, and stops all in order."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from services.cli.local.errors import LocalStackError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

FIRST_DELAY_SECONDS = 0.2
DELAY_SECONDS_MAX = 5.0
# After so long a run a death is news, not the next of a row.
SETTLED_SECONDS = 30.0
POLL_SECONDS = 0.05
# What the processes of later steps get at least, to end by themselves.
STEP_SECONDS_MIN = 1.0


class Unit(Protocol):
    """Something that runs as a process: a role or a server."""

    name: str

    @property
    def exit_code(self) -> int | None:
        """None while it runs; how it ended otherwise."""

    @property
    def last_line(self) -> str:
        """The last thing it said."""

    @property
    def ends_by_itself(self) -> bool:
        """Whether an end with code 0 is no death."""

    async def start(self) -> object:
        """Runs; raises `LocalStackError` when it cannot."""

    async def stop(self, seconds_max: float) -> None:
        """Has ended, killed after `seconds_max`."""


@dataclass(frozen=True, slots=True)
class Death:
    """An end that nobody asked for. `reason`: what it said last, or why it did not start."""

    name: str
    exit_code: int
    delay_seconds: float
    reason: str


class Supervisor:
    """Started units, each watched until `stop`."""

    def __init__(self, report: Callable[[Death], None]) -> None:
        self._report = report
        self._units: list[Unit] = []
        self._watches: dict[str, asyncio.Task[None]] = {}
        self._deaths: dict[str, Death] = {}

    async def start(self, unit: Unit) -> None:
        """`unit` runs, and will be started again when it dies. Raises `LocalStackError`."""
        self._units.append(unit)
        await unit.start()
        self._watches[unit.name] = asyncio.create_task(self._watch(unit), name=unit.name)

    def last_death(self, name: str) -> Death | None:
        return self._deaths.get(name)

    async def stop(self, order: Sequence[Sequence[str]], seconds_max: float) -> None:
        """No process is left. Steps follow each other, the units of a step end together; a unit
        that no step names goes with the last. Killed is what would exceed `seconds_max` in all."""
        watches = list(self._watches.values())
        for watch in watches:
            watch.cancel()
        await asyncio.gather(*watches, return_exceptions=True)
        deadline = asyncio.get_running_loop().time() + seconds_max
        steps = self._steps(order)
        for index, step in enumerate(steps):
            left = deadline - asyncio.get_running_loop().time()
            later = (len(steps) - 1 - index) * STEP_SECONDS_MIN
            share = max(left - later, 0.0)
            await asyncio.gather(*(unit.stop(share) for unit in step))
        self._units.clear()
        self._watches.clear()

    def _steps(self, order: Sequence[Sequence[str]]) -> list[list[Unit]]:
        named = {name for step in order for name in step}
        rest = [unit for unit in self._units if unit.name not in named]
        steps = [[unit for unit in self._units if unit.name in step] for step in order]
        return [step for step in [*steps, rest] if step]

    async def _watch(self, unit: Unit) -> None:
        delay = FIRST_DELAY_SECONDS
        while True:
            began = asyncio.get_running_loop().time()
            code = await _ended(unit)
            if code == 0 and unit.ends_by_itself:
                return
            if asyncio.get_running_loop().time() - began > SETTLED_SECONDS:
                delay = FIRST_DELAY_SECONDS
            reason = unit.last_line
            started = False
            while not started:
                self._tell(Death(unit.name, code, delay, reason))
                await asyncio.sleep(delay)
                delay = min(delay * 2, DELAY_SECONDS_MAX)
                try:
                    await unit.start()
                    started = True
                except LocalStackError as error:
                    reason = str(error)

    def _tell(self, death: Death) -> None:
        self._deaths[death.name] = death
        self._report(death)


async def _ended(unit: Unit) -> int:
    # Units are asked, for what they are made of has no event to wait on.
    while (code := unit.exit_code) is None:  # noqa: ASYNC110
        await asyncio.sleep(POLL_SECONDS)
    return code
