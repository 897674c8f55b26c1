"""A new definition's consequences: each customer computed again, in the background."""

from __future__ import annotations

import asyncio
import time
import traceback
from collections.abc import Callable
from contextlib import suppress

import structlog

from services.journey_state import recompute
from services.journey_state.active import NoDefinitionError
from services.journey_state.customer import Customer, Refold, decode_state
from services.journey_state.firing import Firings
from services.journey_state.publication import id_text
from services.journey_state.signals import DEFINITION
from services.journey_state.store import definitions, people
from services.journey_state.store.pool import TRANSIENT, Connection, Store

log = structlog.get_logger()

BUSY_REST_TIMES = 4.0  # of the time that a batch took, while events come: they go first
QUIET_REST_TIMES = 0.1
IDLE_SECONDS = 0.5  # between two looks for customers to compute again
FAILED_SECONDS = 60.0  # until those are tried again that could not be computed

_FIRST = (0, bytes(16))


class Republishing:
    """Brings customers under the definition in force, a few at a time.

    Each customer's row says what it was computed by, so whoever is killed leaves nothing half
    done and nothing to be remembered. Several workers share the customers by row locks.
    """

    def __init__(
        self,
        store: Store,
        firings: Firings,
        *,
        done: Callable[[int], None],
        batch_max: int,
        applied: Callable[[], int] = lambda: 0,
    ) -> None:
        self._store = store
        self._firings = firings
        self._applied = applied
        self._done = done
        self._batch_max = batch_max
        self._limit = batch_max
        self._after = self._last_tried = _FIRST
        self._failed = 0

    async def run(self, stopping: asyncio.Event) -> None:
        """Work until told to stop.

        `applied` counts the batches of events applied so far; `done` is told how many customers
        each batch here had.
        """
        while not stopping.is_set():
            began, events = time.monotonic(), self._applied()
            rest = IDLE_SECONDS
            try:
                if await self.step():
                    busy = self._applied() != events
                    times = BUSY_REST_TIMES if busy else QUIET_REST_TIMES
                    rest = times * (time.monotonic() - began)
                elif self._failed:
                    rest, self._failed = FAILED_SECONDS, 0
            except NoDefinitionError:
                pass
            except TRANSIENT as error:
                log.warning("recomputation waits for the database", error=repr(error))
            except Exception as error:  # noqa: BLE001 - one customer must not stop the others
                rest = self._narrow(error)
            with suppress(TimeoutError):
                async with asyncio.timeout(rest):
                    await stopping.wait()

    async def step(self) -> bool:
        """Compute the next few customers again; whether there were any."""
        async with self._store.transaction() as connection:
            behind = await definitions.customers_behind(connection, self._after, self._limit)
            if not behind:
                self._after, self._limit = _FIRST, self._batch_max
                return False
            self._last_tried = behind[-1]
            await self._recompute(connection, [customer_id for _, customer_id in behind])
        self._after = behind[-1]
        self._done(len(behind))
        return True

    async def _recompute(self, connection: Connection, customer_ids: list[bytes]) -> None:
        # W is read behind the locks: nobody has judged these customers at a later one.
        conclusion = await self._firings.begin(connection)
        customers = []
        for row in await people.lock_customers(connection, customer_ids):
            definition_id = conclusion.journeys.current.definition_id
            customer = Customer.found(row.customer_id, decode_state(row.state), definition_id)
            customer.refold = Refold(DEFINITION, None)
            customers.append(customer)
        changes = await recompute.refold(connection, conclusion.journeys, customers)
        await conclusion.conclude(connection, customers, changes)

    def _narrow(self, error: Exception) -> float:
        """After a failure that is no server's: one by one up to whom it is about, and past them."""
        if self._limit > 1:
            self._limit = 1
            return 0.0
        self._after, self._limit = self._last_tried, self._batch_max
        self._failed += 1
        log.error(
            "a customer cannot be computed again",
            customer_id=id_text(self._after[1]),
            # As text: a traceback with its variables would tell of the person.
            traceback="".join(traceback.format_exception(error)),
        )
        return IDLE_SECONDS
