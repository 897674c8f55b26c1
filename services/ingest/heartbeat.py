"""Says into every partition up to when all accepted events are durable (semantics 6.1)."""

from __future__ import annotations

import asyncio
from typing import Protocol

import structlog

from services.contracts.heartbeat import HEADER, Heartbeat, Phase, encode
from services.contracts.heartbeat import Spool as SpoolState
from services.contracts.times import SECOND_US
from services.ingest.accumulator import Headers
from services.ingest.errors import UnavailableError
from services.ingest.inflight import InFlight
from services.ingest.instance import Instance

_log = structlog.get_logger(__name__)

BEAT_SECONDS = 1.0
IDLE_BEAT_SECONDS = 5.0
CLOCK_BEHIND_US_MAX = 2 * SECOND_US


class Broadcaster(Protocol):
    """What heartbeats are sent by."""

    async def broadcast(self, value: bytes, headers: Headers) -> int: ...


class Backlog(Protocol):
    """What is durable here and not in Kafka yet."""

    @property
    def state(self) -> SpoolState: ...

    @property
    def oldest(self) -> int | None:
        """Nothing of it was received before then."""


class NoBacklog:
    """That of an instance without a spool."""

    state: SpoolState = "none"
    oldest = None


class Pulse:
    """The heartbeats of one instance, and whether it may answer 200.

    It may while the last acknowledged beat is younger than half a lease: one that was silent for
    longer may have been given up, and must be heard in every partition before it accepts again.
    Not so one with a spool whose hello was acknowledged, in an earlier start perhaps: the watermark
    waits for it until its goodbye.
    """

    def __init__(
        self,
        instance: Instance,
        inflight: InFlight,
        sink: Broadcaster,
        lease_seconds: float,
        backlog: Backlog | None = None,
    ) -> None:
        self._instance = instance
        self._inflight = inflight
        self._sink = sink
        self._backlog = backlog or NoBacklog()
        self._trusted_us = int(lease_seconds * SECOND_US / 2)
        self._trusted_until = 0
        self._is_held = instance.is_held and self._backlog.state != "none"
        self._saw = 0
        self._reason = "the first heartbeat is not acknowledged yet"

    def require_ready(self, received_at: int) -> None:
        """Raises UnavailableError unless the watermark minds an event received then."""
        if received_at > self._trusted_until and not self._is_held:
            raise UnavailableError(self._reason)

    @property
    def is_ready(self) -> bool:
        return self._is_held or self._is_heard

    @property
    def _is_heard(self) -> bool:
        return self._inflight.now() <= self._trusted_until

    async def run(self) -> None:
        """Hello, then a beat each second, every fifth when no request comes; until cancelled."""
        while True:
            await self.speak()
            await self._pause()

    async def speak(self) -> None:
        """A beat; hello at first, and after a silence that may have cost its place in W."""
        await self.beat("beat" if self._is_heard else "hello")

    async def say_goodbye(self) -> bool:
        """Whether every partition heard that nothing more will come from this instance.

        While something waits in the spool there is no goodbye, but a last beat that tells of it.
        """
        self._trusted_until = 0
        self._is_held = False
        if self._backlog.state == "pending":
            await self._send("beat")
            return False
        # Before it is said: a goodbye may be heard and never acknowledged.
        if not self._remember(live=False):
            return False
        return await self._send("goodbye") is not None

    async def beat(self, phase: Phase) -> bool:
        """Whether every partition has the heartbeat and this clock is right by it."""
        spool = self._backlog.state
        appended_at = await self._send(phase)
        if appended_at is None:
            return False
        behind = appended_at - self._inflight.now()
        if behind > CLOCK_BEHIND_US_MAX:
            self._trusted_until = 0
            self._is_held = False
            self._reason = f"the clock is {behind / SECOND_US:.1f} s behind that of Kafka"
            _log.error("clock_behind", seconds=behind / SECOND_US)
            return False
        self._trusted_until = self._inflight.now() + self._trusted_us
        self._is_held = self._remember(live=True, held=spool != "none") and spool != "none"
        self._reason = "no heartbeat was acknowledged for too long"
        return True

    def _remember(self, *, live: bool, held: bool = False) -> bool:
        try:
            self._instance.set_live(live, held=held)
        except OSError as error:
            _log.error("instance_not_kept", error=str(error), fix="look at the disk of its folder")
            return False
        return True

    async def _send(self, phase: Phase) -> int | None:
        low_watermark = self._inflight.low_watermark()
        oldest = self._backlog.oldest
        beat = Heartbeat(
            instance=self._instance.id,
            seq=self._instance.next_seq(),
            low_watermark=low_watermark if oldest is None else min(low_watermark, oldest),
            spool=self._backlog.state,
            phase=phase,
        )
        try:
            return await self._sink.broadcast(encode(beat), [HEADER])
        except UnavailableError as error:
            _log.debug("heartbeat_failed", phase=phase, reason=error.message)
            return None

    async def _pause(self) -> None:
        """A second, or up to five while nothing is accepted."""
        for _ in range(int(IDLE_BEAT_SECONDS / BEAT_SECONDS)):
            await asyncio.sleep(BEAT_SECONDS)
            if self._inflight.entered != self._saw or not self._is_heard:
                break
            if self._backlog.state == "pending":
                break
        self._saw = self._inflight.entered
