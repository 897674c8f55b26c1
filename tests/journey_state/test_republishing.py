"""A new definition over existing data: recomputed in the background, told as corrections."""

from __future__ import annotations

import signal
from collections import defaultdict
from collections.abc import Sequence
from functools import partial
from operator import le
from typing import Any

import pytest

from services.contracts import touchpoint as wire
from services.contracts.touchpoint import Touchpoint
from services.journey_state.active import activate, publish
from services.journey_state.definition import Definition, load, shipped
from services.journey_state.event import read_touchpoint
from services.journey_state.journey import fold
from services.journey_state.store.pool import Store
from services.settings import KafkaSettings
from tests.journey_state.running import (
    a_touchpoint,
    a_worker,
    beat,
    read_all,
    settings_for,
    until,
)
from tests.journey_state.running import publish as send
from tests.journey_state.test_faults import (
    all_processed,
    one,
    shuffled_journeys,
    stages_in_database,
    worker_process,
)

BEHIND = """
SELECT count(*) FROM customers
WHERE merged_into IS NULL AND definition_id < (SELECT max(definition_id) FROM definitions)
"""


# Views alone lead to purchase, carts are abandoned after two hours.
OTHER = load(
    """
journey: shop
stages:
  - name: awareness
    enter: [{event: page}]
  - name: purchase
    enter: [{event: [Product Viewed, Order Completed]}]
abandonment:
  - {name: cart, opens: {event: Product Added}, closes: {event: Order Completed}, after: 2h}
"""
)


async def put_in_force(url: str, definition: Definition) -> int:
    store = await Store.connect(url, connections_max=1)
    try:
        async with store.transaction() as connection:
            return (await publish(connection, definition)).definition_id
    finally:
        await store.close()


def histories_of(
    definition: Definition, touchpoints: Sequence[Touchpoint]
) -> dict[str, list[tuple[str, str]]]:
    """The history of each user by the fold, computed apart from the service."""
    by_user = defaultdict(list)
    for each in touchpoints:
        event = read_touchpoint(wire.encode(each)).touchpoint
        by_user[each.identifiers["user_id"]].append(event)
    folded = {user: fold(definition, events).history for user, events in by_user.items()}
    return {u: [(t.stage, t.message_id) for t in past] for u, past in folded.items() if past}


async def told(kafka: KafkaSettings, topic: str) -> dict[str, list[dict[str, Any]]]:
    """What a subscriber learns of each customer, in order; versions have no hole."""
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for value in await read_all(kafka, topic):
        mine = found[value["customer_id"]]
        if not mine or value["version"] > mine[-1]["version"]:
            mine.append(value)
    for values in found.values():
        assert [v["version"] for v in values] == list(range(1, len(values) + 1))
    return found


async def test_a_worker_killed_in_the_middle_of_a_recomputation_leaves_nothing_half_done(
    kafka_settings: KafkaSettings, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MILEPOST_WORKER__RECOMPUTE_BATCH_MAX", "2")
    sent = shuffled_journeys(customers=200, events=800, seed=17)
    await send(kafka_settings, sent)
    async with worker_process(kafka_settings, database_url) as process:
        await all_processed(database_url, kafka_settings, len(sent))
        await put_in_force(database_url, OTHER)
        left = await until(partial(one, database_url, BEHIND), lambda n: n < 170)
        process.send_signal(signal.SIGKILL)
    assert left > 0
    more = [a_touchpoint("page", at=20_000 + n, user=f"user-{n}") for n in range(0, 200, 3)]
    await send(kafka_settings, more)
    async with worker_process(kafka_settings, database_url):
        await until(partial(one, database_url, BEHIND), lambda n: n == 0)
        await all_processed(database_url, kafka_settings, len(sent) + len(more))

    expected = histories_of(OTHER, [*sent, *more])
    assert await stages_in_database(database_url) == expected
    last = {}
    changes = await told(kafka_settings, kafka_settings.topics.stage_changes)
    for values in changes.values():
        versions = [v["definition"] for v in values]
        assert versions == sorted(versions, key=[shipped().version, OTHER.version].index)
        ids = [v["cause"]["kind"] for v in values if v["definition"] == OTHER.version]
        assert ids.count("definition") <= 1
        for value in values:
            if value["cause"]["kind"] == "definition":
                assert value["correction"]
        last[values[-1]["identifiers"][0]["value"]] = values[-1]["current"]
    in_a_stage = {user: stage for user, stage in last.items() if stage != "none"}
    assert in_a_stage == {user: past[-1][0] for user, past in expected.items()}


async def test_a_signal_stays_with_the_definition_that_was_in_force_when_it_was_due(
    kafka_settings: KafkaSettings, database_url: str
) -> None:
    async with a_worker(settings_for(kafka_settings, database_url), shipped()):
        await beat(kafka_settings, 0)
        await send(kafka_settings, [a_touchpoint("Product Added", at=1, user="u1")])
        await beat(kafka_settings, 1_900)
        await until(partial(one, database_url, "SELECT count(*) FROM signals"), partial(le, 1))
        await send(kafka_settings, [a_touchpoint("Product Added", at=1_890, user="u2")])
        await all_processed(database_url, kafka_settings, 2 + 2 * kafka_settings.partitions)
        await put_in_force(database_url, OTHER)
        await until(partial(one, database_url, BEHIND), lambda n: n == 0)
        # By the old definition u2's cart would be due at 3,690 s, by the new one at 9,090 s.
        await beat(kafka_settings, 4_000)
        await send(kafka_settings, [a_touchpoint("Order Completed", at=4_001, user="u1")])
        await until(
            partial(one, database_url, "SELECT count(*) FROM signals WHERE state = 'recovered'"),
            partial(le, 1),
        )
        assert await one(database_url, "SELECT count(*) FROM signals") == 1
        await beat(kafka_settings, 9_200)
        await until(partial(one, database_url, "SELECT count(*) FROM signals"), partial(le, 2))
        await until(partial(one, database_url, "SELECT count(*) FROM outbox"), lambda n: n == 0)
        messages = await told(kafka_settings, kafka_settings.topics.signals)

    found = {values[0]["identifiers"][0]["value"]: values for values in messages.values()}
    assert [v["definition"] for v in found["u1"]] == [shipped().version] * 2
    assert [v["definition"] for v in found["u2"]] == [OTHER.version]
    assert found["u1"][1]["recovered"]["event"] == "Order Completed"


async def test_a_customer_whose_stages_do_not_differ_is_not_told_of(
    kafka_settings: KafkaSettings, database_url: str
) -> None:
    same = load(shipped().text + "\n# the same in other words\n")
    async with a_worker(settings_for(kafka_settings, database_url), shipped()):
        await send(kafka_settings, [a_touchpoint("Product Viewed", at=1, user="u1")])
        await all_processed(database_url, kafka_settings, 1)
        await put_in_force(database_url, same)
        await until(partial(one, database_url, BEHIND), lambda n: n == 0)
        await send(kafka_settings, [a_touchpoint("Order Completed", at=2, user="u1")])
        await all_processed(database_url, kafka_settings, 2)
        changes = await told(kafka_settings, kafka_settings.topics.stage_changes)

    (values,) = changes.values()
    assert [(v["current"], v["definition"]) for v in values] == [
        ("consideration", shipped().version),
        ("purchase", same.version),
    ]


async def test_a_customer_that_cannot_be_computed_again_stops_nobody_else(
    kafka_settings: KafkaSettings, database_url: str
) -> None:
    async with a_worker(settings_for(kafka_settings, database_url), shipped()):
        visits = [a_touchpoint("Product Viewed", at=n, user=f"u{n}") for n in range(1, 6)]
        await send(kafka_settings, visits)
        await all_processed(database_url, kafka_settings, len(visits))
        await one(
            database_url,
            "UPDATE timeline SET body = 'x' WHERE identifier_key = "
            "(SELECT identifier_key FROM identifiers WHERE value = 'u3')",
        )
        await put_in_force(database_url, OTHER)
        await until(partial(one, database_url, BEHIND), lambda n: n == 1)
        await until(partial(one, database_url, "SELECT count(*) FROM outbox"), lambda n: n == 0)

    stages = await stages_in_database(database_url)
    assert {user: past[-1][0] for user, past in stages.items()} == {
        user: "consideration" if user == "u3" else "purchase" for user in stages
    }


async def test_what_is_in_force_already_is_not_published_again(database_url: str) -> None:
    store = await Store.connect(database_url, connections_max=1)
    await activate(store, None, shipped())
    async with store.transaction() as connection:
        again = await publish(connection, shipped())
        other = await publish(connection, OTHER)
        back = await publish(connection, shipped())
    await store.close()

    assert (again.new, other.new, back.new) == (False, True, True)
    assert again.definition_id < other.definition_id < back.definition_id
