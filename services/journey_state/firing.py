"""The instant that a transaction judges deadlines at: W as stored, gaps, and the wall clock."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from services.journey_state.active import Catalog
from services.journey_state.conclusion import Conclusion
from services.journey_state.customer import Customer
from services.journey_state.in_force import CHECKPOINT_EVERY, Journeys, Term
from services.journey_state.publication import Edition, Outgoing
from services.journey_state.signalling import Firing
from services.journey_state.store import definitions, progress
from services.journey_state.store.pool import Connection
from services.journey_state.watermark import Gap, hold_for_gaps

Clock = Callable[[], int]  # microseconds since 1970


class Firings:
    """Makes the `Conclusion` of each transaction."""

    def __init__(
        self,
        *,
        grace_us: int,
        recovery_us: int,
        clock: Clock,
        checkpoint_every: int = CHECKPOINT_EVERY,
    ) -> None:
        self._grace_us = grace_us
        self._recovery_us = recovery_us
        self._clock = clock
        self._catalog = Catalog(grace_us, checkpoint_every)

    async def journeys_for(self, connection: Connection, customers: Iterable[Customer]) -> Journeys:
        """The definitions as far as these customers need them; `begin` may find a newer one.

        Raises NoDefinitionError.
        """
        newest = 0
        for customer in customers:
            newest = max(newest, customer.definition_id)
            for gone in customer.absorbed:
                newest = max(newest, gone.definition_id)
        return await self._catalog.at(connection, newest)

    async def in_force(self, connection: Connection) -> Term:
        """The definition in force. Raises NoDefinitionError."""
        standing = await definitions.read_standing(connection)
        return (await self._catalog.at(connection, standing.definition_id or 0)).current

    def evaluation_errors(self) -> dict[str, int]:
        """How often expressions ended in an error in this process, by their place in the file."""
        return self._catalog.evaluation_errors()

    async def begin(self, connection: Connection) -> Conclusion:
        """A conclusion at the stored watermark; before the first one nothing is due.

        It knows every definition in force up to that watermark. Raises NoDefinitionError.
        """
        standing = await definitions.read_standing(connection)
        journeys = await self._catalog.at(connection, standing.definition_id or 0)
        gaps = await progress.read_gaps(connection)
        at = standing.watermark or 0
        firing = Firing(at, self._grace_us, self._hold(gaps))
        return Conclusion(
            journeys, firing, Outgoing(journeys, Edition(self._clock(), at)), cut=standing.cut
        )

    def _hold(self, gaps: Sequence[Gap]) -> Callable[[int, int], int]:
        def hold(last_activity: int, fires_at: int) -> int:
            return hold_for_gaps(last_activity, fires_at, gaps, self._recovery_us)

        return hold
