"""A consumer that stands still though there is work: the one state that only a restart ends."""

from __future__ import annotations

# Far longer than any transaction may take; Kafka and PostgreSQL answer meanwhile.
STALL_SECONDS_MAX = 120.0


class StalledError(Exception):
    """Records wait, the servers answer, and nothing is applied: the process should end."""


class StallWatch:
    """Compares what waits with what was applied, look by look."""

    def __init__(self, seconds_max: float = STALL_SECONDS_MAX) -> None:
        self._seconds_max = seconds_max
        self._applied = -1
        self._since = 0.0

    def look(self, *, waiting: int, applied: int, now: float) -> None:
        """`waiting` records, `applied` batches so far, `now` in seconds of any steady clock.

        Raises StalledError when records have waited for `seconds_max` without one more batch.
        """
        if waiting <= 0 or applied != self._applied:
            self._applied, self._since = applied, now
        elif now - self._since > self._seconds_max:
            raise StalledError(
                f"{waiting} records wait and none was applied for {now - self._since:.0f} s"
            )
