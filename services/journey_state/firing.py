"""The instant that a transaction judges deadlines at: W as stored, gaps, and the wall clock."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from services.journey_state.conclusion import Conclusion, Journeys
from services.journey_state.publication import Edition, Outgoing
from services.journey_state.signalling import Firing
from services.journey_state.store import progress
from services.journey_state.store.pool import Connection
from services.journey_state.watermark import Gap, hold_for_gaps

Clock = Callable[[], int]  # microseconds since 1970


class Firings:
    """Makes the `Conclusion` of each transaction."""

    def __init__(self, *, grace_us: int, recovery_us: int, clock: Clock) -> None:
        self._grace_us = grace_us
        self._recovery_us = recovery_us
        self._clock = clock

    async def begin(self, connection: Connection, journeys: Journeys) -> Conclusion:
        """A conclusion at the stored watermark; before the first one nothing is due."""
        watermark = await progress.read_watermark(connection) or 0
        gaps = await progress.read_gaps(connection)
        edition = Edition(
            journeys.definition.journey, journeys.definition.version, self._clock(), watermark
        )
        firing = Firing(watermark, self._grace_us, self._hold(gaps))
        return Conclusion(journeys, firing, Outgoing(edition))

    def _hold(self, gaps: Sequence[Gap]) -> Callable[[int, int], int]:
        def hold(last_activity: int, fires_at: int) -> int:
            return hold_for_gaps(last_activity, fires_at, gaps, self._recovery_us)

        return hold
