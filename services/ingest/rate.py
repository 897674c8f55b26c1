"""How fast a source may send: a bucket of events per source, refilled all the time."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

from services.ingest.errors import RateLimitedError
from services.ingest.sources_file import Source

# A source that was quiet may send this many seconds' worth at once.
BURST_SECONDS = 10


class Rates:
    """The buckets of this process. A request is taken while its bucket holds an event.

    So a batch of any size gets through, and the source then waits until the bucket is filled again.
    """

    def __init__(
        self, per_second_max: int, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._per_second_max = per_second_max
        self._monotonic = monotonic
        self._buckets: dict[str, tuple[float, float]] = {}  # events left, and when
        self.refused = 0

    def require_room(self, source: Source, events: int) -> None:
        """The events are taken from the source's bucket. Raises RateLimitedError."""
        limit = source.events_per_second_max or self._per_second_max
        if not limit:
            return
        now = self._monotonic()
        full = float(limit * BURST_SECONDS)
        left, at = self._buckets.get(source.name, (full, now))
        left = min(full, left + (now - at) * limit)
        if left < 1:
            self.refused += 1
            self._buckets[source.name] = left, now
            raise RateLimitedError(
                f"the source may send {limit} events a second", math.ceil((1 - left) / limit)
            )
        self._buckets[source.name] = left - events, now
