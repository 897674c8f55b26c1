"""Records of many requests into the spool, with one wait for the disk for all that wait."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import structlog

from services.ingest.errors import UnavailableError
from services.ingest.frames import FRAME_OVERHEAD_BYTES
from services.ingest.spool import Spool, StampedPayload

_log = structlog.get_logger(__name__)

COMMIT_BYTES_MAX = 4 << 20
PROBE_SECONDS = 1.0

T = TypeVar("T")


class _Group:
    """One request's records and its wait."""

    __slots__ = ("future", "records", "size")

    def __init__(self, records: list[StampedPayload], future: asyncio.Future[None]) -> None:
        self.records = records
        self.size = sum([len(payload) + FRAME_OVERHEAD_BYTES for _, payload in records])
        self.future = future


class GroupCommit:
    """Appends to the spool in a thread of its own; nobody's cancellation stops a write."""

    def __init__(self, spool: Spool, *, bytes_max: int, waiting_bytes_max: int) -> None:
        self._spool = spool
        self._bytes_max = bytes_max
        self._waiting_bytes_max = waiting_bytes_max
        self._loop = asyncio.get_running_loop()
        self._thread = ThreadPoolExecutor(1, "spool")
        self._wake = asyncio.Event()
        self._idle = asyncio.Event()
        self._waiting: deque[_Group] = deque()
        self._committing: list[_Group] = []
        self._waiting_bytes = 0
        self._full_at: int | None = None  # bytes held when something did not fit
        self._refusal = ""  # why nothing can be written now
        self.failures = 0
        self.records = 0

    @property
    def takes(self) -> bool:
        """Whether a record can be made durable now."""
        full = self._full_at is not None and self._spool.held.bytes >= self._full_at
        return not self._refusal and not full and self._bytes_max > 0

    @property
    def is_idle(self) -> bool:
        """Whether nothing waits for the disk."""
        return not self._waiting and not self._committing

    @property
    def oldest(self) -> int | None:
        """The least stamp of what waits for the disk."""
        stamps = [g.records[0][0] for groups in (self._committing, self._waiting) for g in groups]
        return min(stamps, default=None)

    async def append(self, records: list[StampedPayload]) -> None:
        """All are durable, behind all that were appended before. Raises UnavailableError."""
        group = _Group(records, self._loop.create_future())
        self._require_room(group.size)
        self._waiting.append(group)
        self._waiting_bytes += group.size
        self._idle.clear()
        self._wake.set()
        await group.future

    async def _run(self) -> None:
        while True:
            await self._wake.wait()
            self._committing = self._next_groups()
            records = [record for group in self._committing for record in group.records]
            try:
                await self.in_thread(lambda: self._spool.append(records))  # noqa: B023
            except Exception as error:  # noqa: BLE001  # whatever it is, requests must be answered
                await self._refuse_until_it_works(error)
            else:
                self._settle(None)
                self.records += len(records)

    async def in_thread(self, act: Callable[[], T]) -> T:
        """What `act` answers, done where the spool is used."""
        return await self._loop.run_in_executor(self._thread, act)

    async def settled(self) -> None:
        """Returns when nothing waits for the disk."""
        while not self.is_idle:
            await self._idle.wait()

    def start(self) -> None:
        """What waits is written, until `stop`."""
        self._task = self._loop.create_task(self._run())
        self._task.add_done_callback(report_end)

    async def stop(self) -> None:
        """What waited is written, nothing more is taken, and no file is open."""
        await self.settled()
        self._task.cancel()
        self._refusal = "ingest is stopping"
        await self.in_thread(self._spool.close)
        self._thread.shutdown(wait=False)

    def _require_room(self, size: int) -> None:
        if self._refusal:
            raise UnavailableError(self._refusal)
        if self._waiting_bytes + size > self._waiting_bytes_max:
            raise UnavailableError("too much is waiting for the disk already")
        held = self._spool.held.bytes
        if held + self._waiting_bytes + size > self._bytes_max:
            self._full_at = held
            raise UnavailableError(f"the spool is full: {held} of {self._bytes_max} bytes")
        self._full_at = None

    def _next_groups(self) -> list[_Group]:
        taken: list[_Group] = []
        size = 0
        while self._waiting and (not taken or size + self._waiting[0].size <= COMMIT_BYTES_MAX):
            taken.append(self._waiting.popleft())
            size += taken[-1].size
        if not self._waiting:
            self._wake.clear()
        return taken

    def _settle(self, error: UnavailableError | None) -> None:
        for group in self._committing:
            self._waiting_bytes -= group.size
            if group.future.done():
                continue
            if error is None:
                group.future.set_result(None)
            else:
                group.future.set_exception(UnavailableError(error.message))
        self._committing = []
        if self.is_idle:
            self._idle.set()

    async def _refuse_until_it_works(self, error: Exception) -> None:
        self.failures += 1
        self._refusal = f"the spool cannot be written: {error}"
        _log.error("spool_failed", error=str(error), fix="look at the disk; it is tried again")
        self._committing += self._waiting
        self._waiting.clear()
        self._wake.clear()
        self._settle(UnavailableError(self._refusal))
        while True:
            await asyncio.sleep(PROBE_SECONDS)
            try:
                await self.in_thread(self._spool.probe)
            except OSError as again:
                self._refusal = f"the spool cannot be written: {again}"
            else:
                break
        self._refusal = ""
        _log.info("spool_works_again")


def report_end(task: asyncio.Task[None]) -> None:
    """None of the loops ends by itself."""
    if not task.cancelled():
        _log.error("loop_ended", exc_info=task.exception())
