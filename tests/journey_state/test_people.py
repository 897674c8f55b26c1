"""Identity in the store: links that come in order, and what subscribers hear of them."""

from __future__ import annotations

import random
from collections import defaultdict
from typing import Any

import asyncpg

from services.contracts import touchpoint as wire
from services.contracts.touchpoint import Touchpoint
from services.journey_state.definition import shipped
from services.journey_state.event import read_touchpoint
from services.journey_state.identity import fact_of
from services.journey_state.journey import fold
from services.journey_state.ownership import fold as fold_identities
from services.settings import KafkaSettings
from tests.journey_state.running import (
    a_touchpoint,
    a_worker,
    beat,
    publish,
    read_all,
    settings_for,
    until,
)
from tests.journey_state.test_faults import all_processed, one


async def histories(url: str) -> dict[tuple[str, str], list[str]]:
    """The present history of each identifier's customer, by message id."""
    connection = await asyncpg.connect(url)
    rows = await connection.fetch(
        """
        SELECT i.kind, i.value, h.message_id FROM identifiers i
        LEFT JOIN stage_history h ON h.customer_id = i.customer_id AND h.superseded_at IS NULL
        ORDER BY h.entered_at, h.message_id
        """
    )
    await connection.close()
    found: dict[tuple[str, str], list[str]] = defaultdict(list)
    for kind, value, message_id in rows:
        found[(kind, value)] += [message_id] if message_id else []
    return dict(found)


async def test_a_visitor_who_signs_in_brings_the_past_along(
    kafka_settings: KafkaSettings, database_url: str
) -> None:
    visitor = {"anonymous_id": "a1"}
    async with a_worker(settings_for(kafka_settings, database_url)):
        await publish(
            kafka_settings,
            [
                a_touchpoint("page", at=1, type="page", identifiers=visitor),
                a_touchpoint("Product Viewed", at=2, identifiers=visitor),
            ],
        )
        await until(
            lambda: one(database_url, "SELECT count(*) FROM stage_history"), lambda n: n == 2
        )
        before = await one(database_url, "SELECT customer_id FROM identifiers")
        await publish(
            kafka_settings,
            [
                a_touchpoint("identify", at=3, user="u1", type="identify", identifiers=visitor),
                a_touchpoint("Order Completed", at=4, user="u1"),
            ],
        )
        await all_processed(database_url, kafka_settings, 4)
        changes = await read_all(kafka_settings, kafka_settings.topics.stage_changes)
        states = await read_all(kafka_settings, kafka_settings.topics.customers)

    assert await one(database_url, "SELECT count(DISTINCT customer_id) FROM identifiers") == 1
    owner = await one(database_url, "SELECT DISTINCT customer_id FROM identifiers")
    assert owner != before
    assert (
        await one(database_url, f"SELECT merged_into FROM customers WHERE customer_id = '{before}'")
        == owner
    )
    corrections = [c for c in changes if c["correction"]]
    assert [h["stage"] for h in corrections[-1]["history"]][:2] == ["awareness", "consideration"]
    assert corrections[0]["cause"]["kind"] == "merge"
    merged = [s for s in states if s and "from" in s]
    assert [(m["from"], m["to"]) for m in merged] == [(str(before), str(owner))]
    assert states.count(None) == 1
    last = [s for s in states if s and s["customer_id"] == str(owner)][-1]
    assert last["stage"] == "purchase"
    assert {i["kind"] for i in last["identifiers"]} == {"user_id", "anonymous_id"}


async def test_a_cart_filled_before_signing_in_is_closed_by_the_order_after(
    kafka_settings: KafkaSettings, database_url: str
) -> None:
    visitor = {"anonymous_id": "a1"}
    cart = {"cart_id": "c1"}
    async with a_worker(settings_for(kafka_settings, database_url)):
        await beat(kafka_settings, 0)
        await publish(
            kafka_settings,
            [a_touchpoint("Product Added", at=1, identifiers=visitor, properties=cart)],
        )
        await until(lambda: one(database_url, "SELECT count(*) FROM timers"), lambda n: n == 1)
        await publish(
            kafka_settings,
            [
                a_touchpoint("identify", at=5, user="u1", type="identify", identifiers=visitor),
                a_touchpoint("Order Completed", at=6, user="u1", properties={"order_id": "o"}),
            ],
        )
        await beat(kafka_settings, 9_000)
        await until(
            lambda: one(database_url, "SELECT at > to_timestamp(1790008000) FROM watermark"), bool
        )
        await until(
            lambda: one(
                database_url,
                "SELECT count(*) FROM timers WHERE wake_at <= (SELECT at FROM watermark)",
            ),
            lambda n: n == 0,
        )

    assert await one(database_url, "SELECT count(*) FROM signals WHERE rule = 'cart'") == 0


async def test_a_signal_survives_a_merge_and_its_recovery_names_the_new_customer(
    kafka_settings: KafkaSettings, database_url: str
) -> None:
    visitor = {"anonymous_id": "a1"}
    async with a_worker(settings_for(kafka_settings, database_url)):
        await beat(kafka_settings, 0)
        await publish(kafka_settings, [a_touchpoint("Product Added", at=1, identifiers=visitor)])
        await beat(kafka_settings, 2_000)
        await until(lambda: one(database_url, "SELECT count(*) FROM signals"), lambda n: n == 1)
        before = await one(database_url, "SELECT customer_id FROM signals")
        both = a_touchpoint("Order Completed", at=2_100, user="u1", identifiers=visitor)
        await publish(kafka_settings, [both])
        await until(
            lambda: one(database_url, "SELECT state FROM signals"), lambda s: s == "recovered"
        )
        await until(lambda: one(database_url, "SELECT count(*) FROM outbox"), lambda n: n == 0)
        told = await read_all(kafka_settings, kafka_settings.topics.signals)

    told.sort(key=lambda value: value["published_at"])
    assert told[0]["customer_id"] == str(before)
    assert told[1]["customer_id"] != str(before)
    assert told[1]["raised_as"] == str(before)
    assert told[1]["recovered"]["after_seconds"] == 2_100 - 1_801
    assert told[1]["signal_id"] == told[0]["signal_id"]


async def test_an_alias_joins_two_known_users_and_the_named_one_survives(
    kafka_settings: KafkaSettings, database_url: str
) -> None:
    async with a_worker(settings_for(kafka_settings, database_url)):
        await publish(
            kafka_settings,
            [
                a_touchpoint("Product Viewed", at=1, user="old"),
                a_touchpoint("page", at=2, type="page", user="new"),
            ],
        )
        await all_processed(database_url, kafka_settings, 2)
        new = await one(database_url, "SELECT customer_id FROM identifiers WHERE value = 'new'")
        await publish(
            kafka_settings,
            [a_touchpoint("alias", at=3, type="alias", user="new", previous_id="old")],
        )
        await all_processed(database_url, kafka_settings, 3)

    assert await one(database_url, "SELECT count(DISTINCT customer_id) FROM identifiers") == 1
    assert await one(database_url, "SELECT DISTINCT customer_id FROM identifiers") == new


def visits(seed: int, count: int) -> list[Touchpoint]:
    """People on a few devices, some shared, signing in and out; in the order."""
    chosen = random.Random(seed)
    made = []
    for n in range(count):
        identifiers: dict[str, Any] = {}
        if chosen.random() < 0.7:
            identifiers["anonymous_id"] = f"a{chosen.randrange(12)}"
        if chosen.random() < 0.4 or not identifiers:
            identifiers["user_id"] = f"u{chosen.randrange(6)}"
        if chosen.random() < 0.1:
            identifiers["email"] = f"e{chosen.randrange(6)}@example.com"
        event = chosen.choice(["page", "Product Viewed", "Product Added", "Order Completed"])
        made.append(a_touchpoint(event, at=n, identifiers=identifiers, message_id=f"m{n:04}"))
    return made


async def test_links_in_order_give_what_the_pure_folds_give(
    kafka_settings: KafkaSettings, database_url: str
) -> None:
    sent = visits(seed=4, count=250)
    async with a_worker(settings_for(kafka_settings, database_url)):
        for start in range(0, len(sent), 25):
            # One partition: across several only time would keep the order.
            await publish(kafka_settings, sent[start : start + 25], partition=0)
            await all_processed(database_url, kafka_settings, min(start + 25, len(sent)))

    events = [read_touchpoint(wire.encode(one_of_them)).touchpoint for one_of_them in sent]
    owned = fold_identities([fact_of(event) for event in events])
    by_owner = defaultdict(list)
    for event in events:
        by_owner[owned.touchpoints[event.place]].append(event)
    expected = {}
    for identifier, periods in owned.periods.items():
        history = fold(shipped(), by_owner[periods[-1][1]]).history
        expected[identifier] = [t.message_id for t in history]
    assert await histories(database_url) == expected


def people_with_devices(people: int, events: int, seed: int) -> list[Touchpoint]:
    """Everyone on devices of their own, signed in or not; some sent twice, in any order."""
    chosen = random.Random(seed)
    made = []
    for n in range(events):
        person = chosen.randrange(people)
        device = {"anonymous_id": f"a{person}-{chosen.randrange(3)}"}
        identifiers = chosen.choice(
            [device, {**device, "user_id": f"u{person}"}, {"user_id": f"u{person}"}]
        )
        event = chosen.choice(["page", "Product Viewed", "Product Added", "Order Completed"])
        at = chosen.randrange(5_000)
        made.append(a_touchpoint(event, at=at, identifiers=identifiers, message_id=f"m{n:05}"))
    made += chosen.sample(made, events // 20)
    chosen.shuffle(made)
    return made


async def test_two_workers_join_the_same_people_at_the_same_time(
    kafka_settings: KafkaSettings, database_url: str
) -> None:
    sent = people_with_devices(people=25, events=1200, seed=9)
    settings = settings_for(kafka_settings, database_url)
    async with a_worker(settings) as first, a_worker(settings) as second:

        async def both_read() -> bool:
            return first.consumer.is_reading() and second.consumer.is_reading()

        await until(both_read, bool)
        for start in range(0, len(sent), 200):
            await publish(kafka_settings, sent[start : start + 200])
        await all_processed(database_url, kafka_settings, len(sent))

    by_person = defaultdict(list)
    linked = {i for t in sent if len(t.identifiers) == 2 for i in t.identifiers.items()}
    for one_of_them in sent:
        event = read_touchpoint(wire.encode(one_of_them)).touchpoint
        name = next(iter(one_of_them.identifiers.values()))
        signed_in = [i for i in one_of_them.identifiers.items() if i in linked]
        by_person[name[1:].split("-")[0] if signed_in else name].append(event)
    expected = {
        person: [t.message_id for t in fold(shipped(), events).history]
        for person, events in by_person.items()
    }
    found = await histories(database_url)
    for (kind, value), history in found.items():
        person = value[1:].split("-")[0] if (kind, value) in linked else value
        assert history == expected[person], (kind, value)
