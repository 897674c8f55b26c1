"""What an operator changes by hand: each act is one transaction, like those of a worker."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from services.contracts.times import SECOND_US
from services.journey_state.active import NoDefinitionError
from services.journey_state.computed_by import as_the_workers
from services.journey_state.conclusion import Conclusion
from services.journey_state.database import DatabaseAwayError
from services.journey_state.firing import Firings
from services.journey_state.in_force import Journeys
from services.journey_state.owners import IdentityBounds
from services.journey_state.store.pool import SCHEMA_MISSING, TRANSIENT, Connection, Store
from services.settings import Settings

CONNECTIONS_MAX = 2


@dataclass(frozen=True, slots=True)
class Act:
    """An open transaction and what it takes to compute and to publish in it."""

    connection: Connection
    journeys: Journeys
    conclusion: Conclusion
    bounds: IdentityBounds


class Operator:
    """Opens transactions for acts of operators. It connects when first asked."""

    def __init__(self, settings: Settings, clock: Callable[[], int]) -> None:
        self._settings = settings
        self._clock = clock
        self._store: Store | None = None
        self._connecting = asyncio.Lock()
        self._computed_by = settings  # what `_firings` was made of
        self._firings = self._firings_of(settings)

    @asynccontextmanager
    async def acting(self) -> AsyncIterator[Act]:
        """One transaction: all of the act or nothing. Raises DatabaseAwayError.

        What is queued in the outbox is sent by whatever worker runs.
        """
        try:
            async with self.writing() as connection:
                settings = await as_the_workers(connection, self._settings)
                if settings != self._computed_by:
                    self._computed_by, self._firings = settings, self._firings_of(settings)
                conclusion = await self._firings.begin(connection)
                identity = settings.identity
                bounds = IdentityBounds(identity.identifiers_max, identity.moves_max)
                yield Act(connection, conclusion.journeys, conclusion, bounds)
        except NoDefinitionError:
            reason = "no journey definition is in force yet; start a worker"
            raise DatabaseAwayError(reason) from None

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[Connection]:
        """One transaction that computes nothing of customers. Raises DatabaseAwayError."""
        try:
            store = await self._connected()
            async with store.transaction() as connection:
                yield connection
        except SCHEMA_MISSING as error:
            reason = "the schema is missing or too old: run `milepost migrate`"
            raise DatabaseAwayError(reason) from error
        except TRANSIENT as error:
            raise DatabaseAwayError(str(error) or type(error).__name__) from error

    async def close(self) -> None:
        """After this no connection is left."""
        store, self._store = self._store, None
        if store is not None:
            await store.close()

    def _firings_of(self, settings: Settings) -> Firings:
        return Firings(
            grace_us=round(settings.abandonment.grace_seconds * SECOND_US),
            recovery_us=round(settings.watermark.recovery_seconds * SECOND_US),
            clock=self._clock,
        )

    async def _connected(self) -> Store:
        async with self._connecting:
            if self._store is None:
                url = self._settings.database.url
                self._store = await Store.connect(url, connections_max=CONNECTIONS_MAX)
            return self._store
