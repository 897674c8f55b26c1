"""The map's roll-ups follow what has changed, a few customers at a time."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress

import msgspec
import structlog

from services.journey_state.active import NoDefinitionError
from services.journey_state.firing import Firings
from services.journey_state.in_force import Term
from services.journey_state.store import rollups
from services.journey_state.store.pool import REFUSED, TRANSIENT, Connection, Store

log = structlog.get_logger()

BATCH_MAX = 500  # customers of the walk, or notes of changes, in one transaction
BUSY_REST_TIMES = 4.0  # of the time that a batch took, while events come
QUIET_REST_TIMES = 0.2
IDLE_SECONDS = 1.0  # between two looks for changes
LAG_RECORDS_MAX = 1_000  # more than so many wait: events go first
SWEEP_SECONDS = 3600.0


class Rolling:
    """Of any number of workers one at a time; whoever is killed leaves nothing half done.

    Everybody is counted once, in the order of ids; then, and after a new definition again, those
    of whom triggers have noted that they changed. Answers are exact at every moment: whoever has
    changed and is not yet counted anew is looked up when the map is asked for.
    """

    def __init__(
        self,
        store: Store,
        firings: Firings,
        *,
        lag: Callable[[], float] = lambda: 0,
        applied: Callable[[], int] = lambda: 0,
    ) -> None:
        self._store = store
        self._firings = firings
        self._lag = lag
        self._applied = applied
        self._sweep_at = time.monotonic() + SWEEP_SECONDS

    async def run(self, stopping: asyncio.Event) -> None:
        """Work until told to stop.

        `lag` is of records that wait to be processed, `applied` counts the batches that were.
        """
        while not stopping.is_set():
            began, events, rest = time.monotonic(), self._applied(), IDLE_SECONDS
            try:
                if self._lag() <= LAG_RECORDS_MAX and await self.step():
                    busy = self._applied() != events
                    times = BUSY_REST_TIMES if busy else QUIET_REST_TIMES
                    rest = times * (time.monotonic() - began)
            except NoDefinitionError:
                pass
            except (*TRANSIENT, *REFUSED) as error:
                log.warning("the roll-up of the map waits", error=repr(error))
            with suppress(TimeoutError):
                async with asyncio.timeout(rest):
                    await stopping.wait()

    async def step(self) -> bool:
        """Count the next few customers; whether there may be more."""
        async with self._store.transaction() as connection:
            if not await rollups.take_turn(connection):
                return False
            term = await self._firings.in_force(connection)
            definition = _definition(term)
            state = await rollups.read_state(connection)
            if state.definition_id != term.definition_id:
                state = rollups.State(term.definition_id, None, complete=False)
            if not state.complete:
                await self._walk(connection, state, definition)
                return True
            if time.monotonic() >= self._sweep_at:
                await rollups.sweep(connection)
                self._sweep_at = time.monotonic() + SWEEP_SECONDS
            if not await rollups.has_changes(connection):
                return False
            changed = await rollups.take_changed(connection, BATCH_MAX)
            await rollups.roll(connection, changed, definition)
            return True

    @staticmethod
    async def _walk(
        connection: Connection, state: rollups.State, definition: rollups.Definition
    ) -> None:
        ids = await rollups.next_customers(connection, state.done_to, BATCH_MAX)
        await rollups.roll(connection, ids, definition)
        done_to = ids[-1] if ids else state.done_to
        await rollups.save_state(connection, state._replace(done_to=done_to, complete=not ids))
        if not ids:
            log.info("the map is rolled up", definition_id=definition.definition_id)


def _definition(term: Term) -> rollups.Definition:
    return rollups.Definition(
        term.definition_id,
        [stage.name for stage in term.definition.stages],
        msgspec.json.encode(term.definition.track_aliases).decode(),
    )
