"""A database whose timeline is cut while records come in, and what is known of each person."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from services.contracts.times import DAY_US, SECOND_US, read_time
from services.journey_state.customer import Customer, decode_state
from services.journey_state.firing import Firings
from services.journey_state.holdings import load_holdings
from services.journey_state.in_force import fold_under
from services.journey_state.journey import Journey, settle
from services.journey_state.retention import Retention
from services.journey_state.store import cuts, people
from services.journey_state.store.cuts import Cut
from services.journey_state.stored_past import load_pasts
from tests.journey_state.applying import GRACE_US, Applying
from tests.journey_state.running import START_US

DAY = DAY_US // SECOND_US
CUT_US = read_time("2026-10-01T00:00:00+00:00")
CUT = (CUT_US - START_US) / SECOND_US  # in seconds after START_US, some nine days
PIECES_MAX = 200


def firings() -> Firings:
    return Firings(grace_us=GRACE_US, recovery_us=0, clock=lambda: START_US)


class Cutting:
    """Cuts at CUT, with a new process for each piece."""

    def __init__(self, applying: Applying) -> None:
        self._applying = applying

    async def step(self) -> None:
        """One piece, by a worker that knows nothing but what stands in the database."""
        store = self._applying.store
        await Retention(store, firings(), timeline_us=20 * DAY_US).step()

    async def declare(self) -> None:
        """From now on what occurred before CUT is too late."""
        await self._applying.reach(38 * DAY)
        await self.step()
        await self._applying.reach(40 * DAY)
        await self.step()
        assert (await self.cut()).declared_at == CUT_US

    async def finish(self) -> None:
        """The cut is reached, and what stood before it is gone."""
        retention = Retention(self._applying.store, firings(), timeline_us=20 * DAY_US)
        for _ in range(PIECES_MAX):
            await retention.step()
            if (await self.cut()).phase == "idle":
                return
        raise AssertionError(await self.cut())

    async def until(self, phase: str) -> None:
        """The cut is in this phase."""
        for _ in range(PIECES_MAX):
            if (await self.cut()).phase == phase:
                return
            await self.step()
        raise AssertionError(await self.cut())

    async def cut(self) -> Cut:
        async with self._applying.store.connection() as connection:
            return await cuts.read_cut(connection)


async def people_of(applying: Applying) -> dict[tuple[str, str], dict[str, Any]]:
    """Stage, counters, history and signals of the owner of each identifier."""
    histories: dict[Any, list[Any]] = defaultdict(list)
    for row in await applying.execute(
        "SELECT customer_id, previous, stage, message_id FROM stage_history "
        "WHERE superseded_at IS NULL ORDER BY entered_at, message_id"
    ):
        histories[row[0]].append(row[1:])
    signals: dict[Any, list[Any]] = defaultdict(list)
    for row in await applying.execute(
        "SELECT customer_id, rule, scope, due_at, state FROM signals "
        "WHERE state <> 'retracted' ORDER BY due_at, rule, scope"
    ):
        signals[row[0]].append(row[1:])
    found = {}
    for kind, value, customer_id, state in await applying.execute(
        "SELECT kind, value, customer_id, state FROM identifiers JOIN customers USING (customer_id)"
    ):
        journey = decode_state(state).journey
        found[(kind, value)] = {
            "stage": journey.stage,
            "entered_at": journey.entered_at,
            "counts": journey.counts,
            "traits": journey.traits,
            "visited": journey.visited,
            "consent": journey.consent,
            "overlays": journey.overlays,
            "history": histories[customer_id],
            "signals": signals[customer_id],
        }
    return found


async def refolded(applying: Applying) -> tuple[list[Journey], list[Journey]]:
    """Each customer's journey as it is stored, and as a fold from the checkpoint gives it."""
    stored: list[Journey] = []
    computed: list[Journey] = []
    async with applying.store.transaction() as connection:
        cut = await cuts.read_cut(connection)
        ids = await cuts.customers_after(connection, None, 1000)
        rows = await people.lock_customers(connection, ids)
        customers = [
            Customer.found(row.customer_id, decode_state(row.state), row.definition_id)
            for row in rows
        ]
        journeys = await firings().journeys_for(connection, customers)
        holdings = await load_holdings(connection, ids)
        pasts = await load_pasts(connection, holdings, ids, cut.reached_at)
        for customer in customers:
            term = customer.under(journeys)
            known = pasts[customer.customer_id]
            past = fold_under(journeys, term, known.touchpoints, known.start)
            for found, journey in (
                (stored, customer.state.journey),
                (computed, past.folded.journey),
            ):
                at = START_US + 200 * DAY_US
                found.append(comparable(settle(term.definition, journey, at, GRACE_US)))
    return stored, computed


def comparable(journey: Journey) -> Journey:
    """The journey without what only says which touchpoints would make it be folded again."""
    journey.settled_to, journey.forgotten = 0, {}
    return journey


def shuffled_batches(chosen: Any, found: Sequence[Any]) -> list[list[Any]]:
    """All of them, some twice, in any order and in batches of any size."""
    mixed = [*found, *chosen.sample(list(found), len(found) // 4)]
    chosen.shuffle(mixed)
    batches = []
    while mixed:
        size = chosen.randint(1, 6)
        batches.append(mixed[:size])
        mixed = mixed[size:]
    return batches
