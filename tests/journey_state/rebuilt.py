"""A system with everything that a rebuild must bring back, and all of it as values."""

from __future__ import annotations

import contextlib
import random
from collections.abc import Awaitable, Callable
from typing import Any

from msgspec import to_builtins

from services.contracts.times import DAY_US, SECOND_US
from services.contracts.touchpoint import Touchpoint
from services.journey_state.active import publish as put_in_force
from services.journey_state.connected import StaleReadError
from services.journey_state.customer import decode_state
from services.journey_state.definition import load, shipped
from services.journey_state.definition.shipped import DEFAULT
from services.journey_state.linking import Outcome, link, unlink
from services.journey_state.operator import Act, Operator
from services.journey_state.retention import Retention
from services.journey_state.store import cuts
from services.journey_state.store.pool import Store
from services.settings import KafkaSettings, Settings
from tests.journey_state.cutting import CUT_US, firings
from tests.journey_state.running import (
    START_US,
    a_touchpoint,
    a_worker,
    beat,
    publish,
    settings_for,
    until,
)
from tests.journey_state.test_replay import quiet, rows_of

DAY = DAY_US // SECOND_US
NAMES = ("page", "Product Viewed", "Product Added", "Order Completed", "Support Requested")
OTHER = load(shipped(DEFAULT).text.replace("after: 30m", "after: 45m"))

# All that is said of customers, but for what only says how far they were looked at.
TABLES = {
    "customers": "SELECT customer_id, merged_into, CASE WHEN merged_into IS NULL THEN"
    " definition_id END FROM customers ORDER BY 1",
    # But `since`: of the row it depends on what came first, and states say it too.
    "identifiers": "SELECT identifier_key, kind, value, customer_id, moves, shared,"
    " unlinked, named FROM identifiers ORDER BY 1",
    "identifier_links": "SELECT * FROM identifier_links ORDER BY 1, 2",
    "operator_links": "SELECT * FROM operator_links ORDER BY 1",
    "ownership_periods": "SELECT * FROM ownership_periods ORDER BY 1, 2, 3, 4",
    "conflicts": "SELECT * FROM conflicts ORDER BY 1, 2, 3, 4",
    "stage_history": "SELECT customer_id, previous, stage, entered_at, direction, rule, message_id,"
    " event, channel, source FROM stage_history WHERE superseded_at IS NULL ORDER BY 1, 4, 7",
    "signals": "SELECT signal_id, customer_id, rule, scope, due_at, state, published, suppressed,"
    " revision, reminded, raised_as, definition_id FROM signals ORDER BY 1",
    "timeline": "SELECT identifier_key, occurred_at, message_id, source, received_at, body,"
    " too_late FROM timeline ORDER BY 1, 2, 3",
    "dedupe": "SELECT * FROM dedupe, watermark"
    " WHERE received_at >= at - interval '7 days' ORDER BY 1",
    "timers": "SELECT customer_id FROM timers ORDER BY 1",
    "outbox": "SELECT count(*) FROM outbox",
}


def customer(encoded: bytes) -> dict[str, Any]:
    """What a customer's state says, publication facts among it."""
    state = decode_state(encoded)
    journey = state.journey
    return {
        "identifiers": sorted((o.kind, o.value, max(o.since, CUT_US)) for o in state.identifiers),
        "versions": (state.stage_version, state.signal_version, state.state_version),
        "told": (state.published_stage, state.told_overlays),
        "stage": (journey.stage, journey.entered_at),
        "counters": (journey.counts, journey.traits, to_builtins(journey.consent)),
        "overlays": to_builtins(journey.overlays),
        "episodes": sorted((one.rule, str(one.scope), one.due) for one in state.episodes),
        "signals": {i: s.state for i, s in {**state.past_signals, **state.signals}.items()},
        "identity": (state.lost, state.capped),
    }


async def everything(url: str) -> dict[str, Any]:
    """All that a rebuild promises, by table; of customers merged away who they are now."""
    found: dict[str, Any] = {name: await rows_of(url, query) for name, query in TABLES.items()}
    rows = await rows_of(url, "SELECT customer_id, state FROM customers WHERE merged_into IS NULL")
    return {**found, "states": {customer_id: customer(state) for customer_id, state in rows}}


async def a_rich_system(kafka: KafkaSettings, url: str) -> Settings:
    """Shoppers before and after a retention cut, under two definitions, and whom people linked."""
    settings = settings_for(kafka, url)
    sent = 0
    async with a_worker(settings):
        store = await Store.connect(url, connections_max=2)
        for part in (_before_the_cut(), _after_the_cut()):
            await beat(kafka, sent and 9 * DAY)
            await publish(kafka, part)
            sent += len(part) + kafka.partitions
            await quiet(settings, sent)
        for day in (38, 40):
            await beat(kafka, day * DAY)
            sent += kafka.partitions
            await quiet(settings, sent)
            await Retention(store, firings(), timeline_us=20 * DAY_US).step()
        await _cut(store)
        async with store.transaction() as connection:
            await put_in_force(connection, OTHER)
        await _by_hand(settings)
        last = _of_late()
        await publish(kafka, last)
        await beat(kafka, 43 * DAY)
        await quiet(settings, sent + len(last) + kafka.partitions)
        await _all_under_the_new_definition(settings)
        await store.close()
    return settings


def _shopping(chosen: random.Random, start: float, end: float, count: int) -> list[Touchpoint]:
    return [
        a_touchpoint(
            chosen.choice(NAMES),
            at=round(chosen.uniform(start, end)),
            user=f"u{chosen.randrange(8)}",
            message_id=f"m{start}-{n}",
            properties={"cart_id": chosen.choice("xy")},
        )
        for n in range(count)
    ]


def _named(at: float, user: str | None, *ids: str, **more: Any) -> Touchpoint:
    identifiers = {"email" if "@" in one else "anonymous_id": one for one in ids}
    more.setdefault("type", "identify")
    return a_touchpoint("identify", at=at, user=user, identifiers=identifiers, **more)


def _before_the_cut() -> list[Touchpoint]:
    shared = [_named(DAY + n, f"u{n % 2}", "tablet") for n in range(3)]
    return [*_shopping(random.Random(1), 0, 8 * DAY, 50), *shared]


def _after_the_cut() -> list[Touchpoint]:
    visitors = [
        a_touchpoint("Product Added", at=(20 + n) * DAY, identifiers={"anonymous_id": f"a{n}"})
        for n in range(6)
    ]
    return [
        *_shopping(random.Random(2), 10 * DAY, 37 * DAY, 60),
        *visitors,
        *(_named((30 + n) * DAY, f"u{n}", f"a{n}") for n in range(3)),  # each one is a customer
        _named(34 * DAY, "u5", "a0"),  # a shared device moves
        a_touchpoint("Product Viewed", at=35 * DAY, identifiers={"anonymous_id": "a0"}),
        _named(35 * DAY + 9, "u7", "a0"),
    ]


def _of_late() -> list[Touchpoint]:
    return [
        # Two users are one, and one more that nobody ever was.
        a_touchpoint("alias", at=41 * DAY, user="u3", type="alias", previous_id="u4"),
        a_touchpoint("alias", at=41 * DAY, user="u6", type="alias", previous_id="never"),
        _named(22 * DAY, None, "a3", "late@x.org"),  # two anonymous ones are one: a late merge
        _named(23 * DAY, "u1", "a4"),  # and part of one was a user's before it was linked by hand
        *_shopping(random.Random(3), 41 * DAY, 42 * DAY, 30),
        a_touchpoint("Product Added", at=42 * DAY, user="u1"),
        a_touchpoint("page", at=3 * DAY, user="u2", type="page"),  # too late
    ]


async def _cut(store: Store) -> None:
    retention = Retention(store, firings(), timeline_us=20 * DAY_US)
    while True:
        await retention.step()
        async with store.connection() as connection:
            cut = await cuts.read_cut(connection)
        if cut.reached_at is not None and cut.phase == "idle":
            return


async def _by_hand(settings: Settings) -> None:
    """An operator joins and parts."""
    operator = Operator(settings, lambda: START_US + 41 * DAY_US)
    a1, a4, a5 = (("anonymous_id", name) for name in ("a1", "a4", "a5"))
    kiosk = ("anonymous_id", "kiosk")
    acts: list[Callable[[Act], Awaitable[Outcome]]] = [
        lambda act: link(act, a5, kiosk),
        lambda act: link(act, ("user_id", "u2"), a4),
        lambda act: unlink(act, a1),
    ]
    while acts:
        with contextlib.suppress(StaleReadError):  # the worker has one of them in hand
            async with operator.acting() as act:
                await acts[0](act)
            acts.pop(0)
    await operator.close()


async def _all_under_the_new_definition(settings: Settings) -> None:
    await until(
        lambda: rows_of(
            settings.database.url,
            "SELECT count(*) FROM customers WHERE merged_into IS NULL"
            " AND definition_id < (SELECT max(definition_id) FROM definitions)",
        ),
        lambda rows: rows[0][0] == 0,
    )
    await quiet(settings, 0)
