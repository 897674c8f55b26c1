"""A new definition while only some customers are under it yet."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from functools import partial
from random import Random
from typing import Any

import msgspec
import pytest

from services.contracts.times import SECOND_US
from services.contracts.touchpoint import Touchpoint
from services.journey_state.active import publish
from services.journey_state.connected import StaleReadError
from services.journey_state.customer import decode_state
from services.journey_state.definition import load
from services.journey_state.episodes import signal_id
from services.journey_state.recompute import BROUGHT_FORWARD_MAX
from services.journey_state.republishing import Republishing
from services.journey_state.store import progress
from services.journey_state.store.outcomes import read_signals
from tests.journey_state.running import START_US, a_touchpoint
from tests.journey_state.taking_in import TakingIn, firings_of, taking_in
from tests.journey_state.test_faults import one

VISITOR = {"anonymous_id": "a1"}
OTHER = load(
    """
journey: shop
stages: [{name: awareness, enter: [{event: page}]}]
abandonment:
  - {name: basket, opens: {event: Product Added}, closes: {event: Order Completed}, after: 10m}
"""
)
BUSY = load(
    """
journey: shop
once: {Order Completed: properties.order_id}
stages:
  - {name: look, enter: [{event: page, from: [none]}, {event: Product Viewed}]}
  - {name: cart, enter: [{event: Product Added}]}
  - {name: buy, enter: [{event: Order Completed, when: 'count("Order Completed") < 3'}]}
abandonment:
  - {name: basket, opens: {event: Product Added}, closes: {event: Order Completed}, after: 10m,
     remind: [10m], recover_within: 1h}
  - {name: looked, stage: look, after: 15m, recover_within: 30m}
"""
)
USERS = 2 * BROUGHT_FORWARD_MAX


async def put_in_force(taking: TakingIn) -> None:
    """OTHER is in force and noticed, and nobody computed under it yet."""
    async with taking.store.transaction() as connection:
        await publish(connection, OTHER)
    await taking.raise_watermark(101)


def turns(taking: TakingIn) -> Republishing:
    return Republishing(taking.store, firings_of(), done=lambda _: None, batch_max=1)


async def test_a_signal_of_the_new_definition_survives_a_merge_into_someone_under_the_old(
    database_url: str,
) -> None:
    ask = partial(one, database_url)
    async with taking_in(database_url) as taking:
        await taking.take(a_touchpoint("page", at=1, type="page", identifiers=VISITOR))
        await taking.take(a_touchpoint("page", at=2, type="page", user="u1"))
        await taking.raise_watermark(100)
        await put_in_force(taking)
        await turns(taking).step()  # the visitor, who came first
        await taking.take(a_touchpoint("Product Added", at=200, identifiers=VISITOR))
        await taking.raise_watermark(1_000)
        assert await ask("SELECT state FROM signals WHERE rule = 'basket'") == "raised"

        await taking.take(
            a_touchpoint("identify", at=900, type="identify", user="u1", identifiers=VISITOR)
        )

        assert await ask("SELECT state FROM signals WHERE rule = 'basket'") == "raised"
        assert await ask("SELECT count(*) FROM outbox WHERE ce_type LIKE '%retracted%'") == 0
        assert await ask("SELECT definition_id FROM customers WHERE merged_into IS NULL") == 2


async def test_what_was_due_before_a_customers_turn_is_raised_at_its_turn(
    database_url: str,
) -> None:
    ask = partial(one, database_url)
    async with taking_in(database_url) as taking:
        await taking.take(a_touchpoint("Product Added", at=50, user="u1"))
        await taking.raise_watermark(100)
        await put_in_force(taking)
        # By the old definition due at 1,850 s, by the new one at 650 s.
        await taking.raise_watermark(2_000)
        assert await ask("SELECT count(*) FROM signals") == 0
        await turns(taking).step()
        assert await ask("SELECT rule FROM signals") == "basket"
        assert await ask("SELECT state FROM signals") == "raised"
        message = msgspec.json.decode(
            await ask("SELECT value FROM outbox WHERE ce_type LIKE '%raised%'")
        )
    assert (message["origin"], message["definition"]) == ("definition", OTHER.version)


async def test_an_event_brings_its_customers_turn_forward(database_url: str) -> None:
    ask = partial(one, database_url)
    async with taking_in(database_url) as taking:
        await taking.take(a_touchpoint("Product Viewed", at=1, user="u1"))
        await taking.take(a_touchpoint("Product Viewed", at=2, user="u2"))
        await taking.raise_watermark(100)
        await put_in_force(taking)
        await taking.take(a_touchpoint("Product Added", at=110, user="u2"))
        told = [
            msgspec.json.decode(row[0])
            for row in await _fetch(
                taking, "SELECT value FROM outbox WHERE topic = 1 ORDER BY outbox_id"
            )
        ]
        assert await ask("SELECT count(*) FROM customers WHERE definition_id = 2") == 1
        # Nothing else computes u2 again, and its new deadline is met in its time.
        await taking.raise_watermark(800)
        assert await ask("SELECT rule FROM signals") == "basket"
    last = told[-1]
    assert (last["current"], last["definition"]) == ("none", OTHER.version)
    assert (last["correction"], last["cause"]["kind"]) == (True, "definition")


async def test_what_the_old_definition_owed_is_no_signal_of_the_new_one(database_url: str) -> None:
    ask = partial(one, database_url)
    async with taking_in(database_url) as taking:
        await taking.take(a_touchpoint("Product Added", at=50, user="u1"))
        await taking.raise_watermark(100)
        # W has passed its due plus grace, and nobody has looked at it yet.
        async with taking.store.transaction() as connection:
            await progress.raise_watermark(connection, START_US + 2_000 * SECOND_US)
            await publish(connection, OTHER)
        await turns(taking).step()
        message = msgspec.json.decode(
            await ask("SELECT value FROM outbox WHERE ce_type LIKE '%raised%'")
        )
    assert message["rule"] == "cart"
    assert message["origin"] in ("live", "backlog")


@pytest.mark.parametrize(("at", "definition_id"), [(60, 2), (40, 1)])
async def test_what_a_late_event_changes_is_not_laid_at_the_new_definition(
    database_url: str, at: int, definition_id: int
) -> None:
    """Whether it stands behind all that is known, or among it: then its past is folded anyway."""
    ask = partial(one, database_url)
    async with taking_in(database_url) as taking:
        await taking.take(a_touchpoint("Product Added", at=30, user="u1"))
        await taking.take(a_touchpoint("page", at=50, user="u1"))
        await taking.raise_watermark(2_000)
        assert await ask("SELECT state FROM signals WHERE rule = 'cart'") == "raised"
        async with taking.store.transaction() as connection:
            await publish(connection, OTHER)
        await taking.raise_watermark(2_001)
        late = a_touchpoint("Order Completed", at=at, user="u1", received=2_002, message_id="late")
        await taking.take(late)
        message = msgspec.json.decode(
            await ask("SELECT value FROM outbox WHERE ce_type LIKE '%retracted%'")
        )
        assert await ask("SELECT max(definition_id) FROM customers") == definition_id
    assert message["cause"] == {"kind": "late_event", "message_id": "late"}


async def test_a_batch_brings_some_turns_forward_and_leaves_the_others(database_url: str) -> None:
    ask = partial(one, database_url)
    async with taking_in(database_url) as taking:
        await taking.take(*(a_touchpoint("page", at=n, user=f"u{n}") for n in range(USERS)))
        await taking.raise_watermark(100)
        await put_in_force(taking)
        await taking.take(*(a_touchpoint("page", at=200 + n, user=f"u{n}") for n in range(USERS)))
        by_the_new = await ask("SELECT count(*) FROM customers WHERE definition_id = 2")
    assert by_the_new == BROUGHT_FORWARD_MAX


async def test_who_cannot_be_computed_by_the_new_definition_goes_on_under_the_old(
    database_url: str,
) -> None:
    ask = partial(one, database_url)
    async with taking_in(database_url) as taking:
        await taking.take(
            a_touchpoint("page", at=1, user="u1"), a_touchpoint("page", at=1, user="u2")
        )
        await taking.raise_watermark(100)
        await put_in_force(taking)
        await ask("UPDATE timeline SET body = 'x' WHERE message_id LIKE '%u1%'")
        events = [a_touchpoint("Product Viewed", at=200, user=user) for user in ("u1", "u2")]
        with pytest.raises(StaleReadError):
            await taking.take(*events)
        await taking.take(*events)
        assert await ask("SELECT count(*) FROM stage_history WHERE stage = 'consideration'") == 2
        assert await ask("SELECT count(*) FROM customers WHERE definition_id = 1") == 2


async def _fetch(taking: TakingIn, statement: str) -> list[Any]:
    async with taking.store.connection() as connection:
        return list(await connection.fetch(statement))


def visits(seed: int, *, begin: int, end: int) -> list[Touchpoint]:
    """What some people did between two times in seconds, in the order of arrival."""
    chosen = Random(seed)
    names = ("page", "Product Viewed", "Product Added", "Order Completed")
    found = []
    for n in range(200):
        when = chosen.randint(begin, end)
        found.append(
            a_touchpoint(
                chosen.choice(names),
                at=when,
                received=when + chosen.choice((0, 0, 5, 400)),
                user=f"u{chosen.randrange(USERS)}",
                message_id=f"m{begin}-{n}",
                properties={"order_id": str(chosen.randrange(80))},
            )
        )
    return sorted(found, key=lambda t: t.received_at)


async def lived(url: str, seed: int, *, at_once: bool) -> dict[str, Any]:
    """What is known of each user in the end, with everybody's turn before or after all else."""
    async with taking_in(url) as taking:
        for batch in _batches(visits(seed, begin=0, end=3_000)):
            await taking.take(*batch)
        await taking.raise_watermark(3_000)
        if at_once:
            await taking.publish(BUSY)
        else:
            async with taking.store.transaction() as connection:
                await publish(connection, BUSY)
        later = _batches(visits(seed, begin=2_000, end=6_000))
        for n, batch in enumerate(later, 1):
            await taking.take(*batch)
            await taking.raise_watermark(3_000 + 3_000 * n / len(later))
        await taking.publish(BUSY)
        return await known(taking)


def _batches(found: Sequence[Touchpoint]) -> list[Sequence[Touchpoint]]:
    return [found[start : start + 100] for start in range(0, len(found), 100)]


async def known(taking: TakingIn) -> dict[str, Any]:
    """Of each user: state, history and signals, without what says which records were sent."""
    history = defaultdict(list)
    for row in await _fetch(
        taking,
        "SELECT customer_id, previous, stage, direction, rule, message_id FROM stage_history "
        "WHERE superseded_at IS NULL ORDER BY entered_at, message_id",
    ):
        history[row[0]].append(tuple(row[1:]))
    found = {}
    for customer_id, definition_id, state in await _fetch(
        taking, "SELECT customer_id, definition_id, state FROM customers"
    ):
        async with taking.store.connection() as connection:
            signals = await read_signals(connection, [customer_id])
        person = decode_state(state)
        found[person.identifiers[0].value] = {
            "definition": definition_id,
            "stage": person.journey.stage,
            "counts": person.journey.counts,
            "history": history[customer_id],
            "to_come": sorted(map(signal_id, person.episodes)),
            "signals": sorted(
                (s.rule, s.due_at, s.state, s.definition_id)
                for s in signals
                if s.state != "retracted"
            ),
        }
    return found


async def test_it_does_not_matter_when_a_customers_turn_comes(
    database_url: str, module_database_url: str
) -> None:
    first = await lived(database_url, 7, at_once=True)
    last = await lived(module_database_url, 7, at_once=False)
    assert first == last
    rules = {signal[0] for person in first.values() for signal in person["signals"]}
    assert rules >= {"cart", "basket", "looked"}
