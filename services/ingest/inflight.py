"""Requests between their acceptance and their acknowledgement, and the low watermark they hold."""

from __future__ import annotations

import time
from collections.abc import Callable

Clock = Callable[[], int]


def utc_now() -> int:
    """Microseconds since 1970."""
    return time.time_ns() // 1000


class InFlight:
    """Stamps requests on entry; stamps and the low watermark never decrease, nor below `floor`."""

    def __init__(self, clock: Clock = utc_now, floor: int = 0) -> None:
        self._clock = clock
        self._last = floor
        self._next_ticket = 0
        self._received: dict[int, int] = {}
        self.entered = 0

    def now(self) -> int:
        """The clock, never going back."""
        now = self._clock()
        # Not `max`: a call costs more than the comparison, and each request asks thrice.
        if now > self._last:  # noqa: PLR1730
            self._last = now
        return self._last

    def enter(self) -> tuple[int, int]:
        """A ticket to leave by, and `received_at`, from now on held by the low watermark."""
        received_at = self.now()
        ticket = self._next_ticket
        self._next_ticket = ticket + 1
        self._received[ticket] = received_at
        self.entered += 1
        return ticket, received_at

    def leave(self, ticket: int) -> None:
        """The request was acknowledged, or refused for good."""
        self._received.pop(ticket, None)

    def low_watermark(self) -> int:
        """The oldest `received_at` that is in flight, else the clock."""
        now = self.now()
        # Entries stand in the order of their stamps.
        return next(iter(self._received.values()), now)

    def __len__(self) -> int:
        return len(self._received)
