"""An HTTP client that costs little: keep-alive connections, prebuilt bytes, counted answers."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Iterator
from typing import cast

from services.cli.bench.bodies import Request
from services.cli.local.errors import LocalStackError

ANSWER_SECONDS_MAX = 10.0
# How often an open loop looks at what is due.
TICK_SECONDS = 0.001
_LENGTH = b"content-length:"


class Connection(asyncio.Protocol):
    """Has at most one request under way; `answered` hears of each answer."""

    def __init__(self, answered: Callable[[Connection, bool], None]) -> None:
        self._answered = answered
        self._received = b""
        self._transport: asyncio.Transport | None = None
        self._waiting = False
        self.number = 0
        self.since = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def send(self, request: Request, since: float) -> None:
        """`since`: when the request was due, for its latency."""
        self.number, self.since = request.number, since
        if self._transport is None:
            raise LocalStackError("the server closed a connection", "Look at its log")
        self._waiting = True
        self._transport.write(request.payload)

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, found, body = self._received.partition(b"\r\n\r\n")
        if not found or len(body) < _length(head):
            return
        self._received = b""
        self._waiting = False
        self._answered(self, head[9:12] == b"200")

    def connection_lost(self, _exc: Exception | None) -> None:
        self._transport = None
        if self._waiting:
            self._answered(self, False)

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()


class Client:
    """`connections` connections to one server. `latencies` are in seconds, of answers with 200."""

    def __init__(self, requests: Iterator[Request]) -> None:
        self._requests = requests
        self._connections: list[Connection] = []
        self._idle: deque[Connection] = deque()
        self._next: Callable[[Connection], None] = self._idle.append
        self._all_idle = asyncio.Event()
        self.latencies: list[float] = []
        self.accepted_at: dict[int, float] = {}
        self.due_at: dict[int, float] = {}
        self.refused = 0

    async def connect(self, host: str, port: int, connections: int) -> None:
        loop = asyncio.get_running_loop()
        for _ in range(connections):
            _, connection = await loop.create_connection(
                lambda: Connection(self._on_answer), host, port
            )
            self._connections.append(connection)
            self._idle.append(connection)

    async def closed_loop(self, seconds: float) -> float:
        """Each connection sends as soon as it is answered; the seconds until the last answer."""
        start = time.perf_counter()

        def send_again(connection: Connection) -> None:
            now = time.perf_counter()
            if now - start < seconds:
                connection.send(next(self._requests), now)
            else:
                self._rest(connection)

        self._next = send_again
        waiting = list(self._idle)
        self._idle.clear()
        for connection in waiting:
            send_again(connection)
        await self._finish()
        return time.perf_counter() - start

    async def open_loop(self, seconds: float, requests_per_second: float) -> int:
        """Requests at an even rate, whatever the answers take; how many were sent.

        A request that no connection is free for waits, and its latency counts that.
        """
        start, sent = time.perf_counter(), 0
        total = int(seconds * requests_per_second)
        self._next = self._rest
        while sent < total:
            due = min(total, int((time.perf_counter() - start) * requests_per_second))
            while sent < due and self._idle:
                since = start + sent / requests_per_second
                request = next(self._requests)
                self.due_at[request.number] = since
                self._all_idle.clear()
                self._idle.popleft().send(request, since)
                sent += 1
            await asyncio.sleep(TICK_SECONDS)
        await self._finish()
        return sent

    def close(self) -> None:
        for connection in self._connections:
            connection.close()

    async def _finish(self) -> None:
        try:
            async with asyncio.timeout(ANSWER_SECONDS_MAX):
                while len(self._idle) < len(self._connections):
                    self._all_idle.clear()
                    await self._all_idle.wait()
        except TimeoutError:
            unanswered = len(self._connections) - len(self._idle)
            raise LocalStackError(
                f"{unanswered} requests were not answered within {ANSWER_SECONDS_MAX:.0f} s"
            ) from None

    def _on_answer(self, connection: Connection, taken: bool) -> None:
        now = time.perf_counter()
        if taken:
            self.latencies.append(now - connection.since)
            if connection.number in self.due_at:
                self.accepted_at[connection.number] = now
        else:
            self.refused += 1
        self._next(connection)

    def _rest(self, connection: Connection) -> None:
        self._idle.append(connection)
        if len(self._idle) == len(self._connections):
            self._all_idle.set()


def _length(head: bytes) -> int:
    _, found, rest = head.lower().partition(_LENGTH)
    if not found:
        raise ValueError(f"an answer without a length: {head[:200]!r}")
    return int(rest.partition(b"\r\n")[0])
