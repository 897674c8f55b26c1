"""State built again from the topic equals the state before, and nothing is told twice (4.6)."""

from __future__ import annotations

import asyncio
import os
import random
import sys
from typing import Any

import asyncpg

from services.contracts.times import format_time
from services.journey_state.customer import decode_state, encode_state
from services.journey_state.journey import Journey
from services.journey_state.rebuilding import Rebuilt
from services.journey_state.replaying import replay
from services.journey_state.store.pool import Store
from services.settings import KafkaSettings, Settings
from tests.journey_state.running import (
    START_US,
    a_touchpoint,
    a_worker,
    beat,
    publish,
    publish_raw,
    read_all,
    settings_for,
    until,
)

# What a rebuild promises, and the publication facts that it keeps.
COMPARED = {
    "identifiers": "SELECT kind, value, customer_id, since FROM identifiers ORDER BY 1, 2",
    "periods": "SELECT identifier_key, from_at, from_message_id, customer_id"
    " FROM ownership_periods ORDER BY 1, 2, 3",
    "history": "SELECT customer_id, previous, stage, entered_at, direction, rule, message_id,"
    " event, channel, source FROM stage_history WHERE superseded_at IS NULL ORDER BY 1, 4, 7",
    "signals": "SELECT signal_id, customer_id, rule, due_at, state, published FROM signals"
    " ORDER BY 1",
    "timeline": "SELECT identifier_key, occurred_at, message_id, source, received_at, body"
    " FROM timeline ORDER BY 1, 2, 3",
    "dedupe": "SELECT message_key, received_at, identifier_key, occurred_at FROM dedupe ORDER BY 1",
    "timers": "SELECT customer_id FROM timers ORDER BY 1",
    "links": "SELECT identifier_key, linked_key FROM identifier_links ORDER BY 1, 2",
    "merged": "SELECT customer_id, merged_into FROM customers ORDER BY 1",
}


async def run(url: str, *statements: str) -> None:
    connection = await asyncpg.connect(url)
    for statement in statements:
        await connection.execute(statement)
    await connection.close()


async def rows_of(url: str, query: str) -> list[tuple[Any, ...]]:
    connection = await asyncpg.connect(url)
    rows = await connection.fetch(query)
    await connection.close()
    return [tuple(row) for row in rows]


async def states_of(url: str) -> dict[bytes, Any]:
    """Each customer's journey, but for what only says how far it was looked at."""
    rows = await rows_of(url, "SELECT customer_id, state FROM customers WHERE merged_into IS NULL")
    found = {}
    for customer_id, encoded in rows:
        state = decode_state(encoded)
        journey = state.journey
        found[customer_id.bytes] = (
            state.identifiers,
            state.published_stage,
            (journey.stage, journey.entered_at, journey.counts, journey.traits, journey.overlays),
            sorted((one.rule, one.due) for one in journey.episodes),
            {identity: one.state for identity, one in state.signals.items()},
        )
    return found


async def everything(url: str) -> dict[str, Any]:
    found: dict[str, Any] = {name: await rows_of(url, query) for name, query in COMPARED.items()}
    return {**found, "states": await states_of(url)}


async def told(kafka: KafkaSettings) -> list[list[Any]]:
    topics = kafka.topics
    return [
        await read_all(kafka, topic)
        for topic in (topics.stage_changes, topics.signals, topics.customers)
    ]


async def quiet(settings: Settings, records: int) -> None:
    """Every record is processed, every deadline fired, every message sent."""
    url = settings.database.url
    await until(
        lambda: rows_of(url, "SELECT coalesce(sum(next_offset), 0)::int FROM consumer_offsets"),
        lambda rows: rows[0][0] >= records,
    )
    await until(
        lambda: rows_of(
            url,
            "SELECT (SELECT count(*) FROM outbox) +"
            " (SELECT count(*) FROM timers, watermark WHERE wake_at <= at)",
        ),
        lambda rows: rows[0][0] == 0,
    )


async def a_system(kafka: KafkaSettings, url: str) -> Settings:
    """Shoppers with carts left alone and returned to, merges, repeats, a bad record."""
    settings = settings_for(kafka, url)
    chosen = random.Random(4)
    names = ("page", "Product Viewed", "Product Added", "Order Completed", "Invite Sent")
    sent = [
        a_touchpoint(
            chosen.choice(names),
            at=chosen.randrange(20_000),
            user=f"u{chosen.randrange(12)}",
            message_id=f"m{n}",
        )
        for n in range(150)
    ]
    sent += [
        a_touchpoint("Product Viewed", at=n, identifiers={"anonymous_id": f"a{n}"})
        for n in range(6)
    ]
    sent += [
        a_touchpoint("identify", at=30 + n, user=f"u{n}", type="identify",
                     identifiers={"anonymous_id": f"a{n}"})
        for n in range(4)
    ]  # fmt: skip
    sent += [  # somebody else's from then on
        a_touchpoint("identify", at=15_000, user="u5", type="identify",
                     identifiers={"anonymous_id": "a0"}),
        a_touchpoint("Product Viewed", at=15_500, identifiers={"anonymous_id": "a0"}),
    ]  # fmt: skip
    async with a_worker(settings):
        await beat(kafka, 0)
        await publish(kafka, sent + sent[:20])
        await publish_raw(kafka, b"not json")
        await beat(kafka, 40_000)
        await quiet(settings, len(sent) + 20 + 1 + 6)
    return settings


async def built_again(settings: Settings) -> Rebuilt:
    store = await Store.connect(settings.database.url)
    done = await replay(settings, store, START_US, lambda *_: None)
    await store.close()
    return done


async def the_verb(settings: Settings) -> tuple[int | None, str]:
    """How `milepost replay` ends as a process of its own, and what it says."""
    given = {
        "MILEPOST_DATABASE__URL": settings.database.url,
        "MILEPOST_KAFKA__BOOTSTRAP": settings.kafka.bootstrap,
        "MILEPOST_KAFKA__TOPIC_PREFIX": settings.kafka.topic_prefix,
    }
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "services", "replay", "--from", format_time(START_US)),
        env={**os.environ, **given},
        stdout=asyncio.subprocess.PIPE,
    )
    said, _ = await process.communicate()
    return process.returncode, said.decode()


async def zero_journeys(url: str) -> None:
    connection = await asyncpg.connect(url)
    for customer_id, encoded in await connection.fetch("SELECT customer_id, state FROM customers"):
        state = decode_state(encoded)
        state.journey = Journey()
        await connection.execute(
            "UPDATE customers SET state = $2 WHERE customer_id = $1",
            customer_id,
            encode_state(state),
        )
    await connection.close()


DAMAGES = {
    "some": [
        "DELETE FROM dedupe WHERE left(message_key::text, 1) < '8'",
        "DELETE FROM timeline WHERE message_id LIKE '%2%'",
        "DELETE FROM identifiers WHERE value LIKE '%1%'",
        "DELETE FROM stage_history WHERE history_id % 3 = 0",
    ],
    "identity": ["DELETE FROM identifier_links", "DELETE FROM ownership_periods"],
    "derived": ["DELETE FROM signals", "DELETE FROM timers", "DELETE FROM dedupe"],
    "most": ["DELETE FROM timeline", "DELETE FROM stage_history", "DELETE FROM timers"],
}


async def test_a_replay_brings_back_what_was_lost_and_tells_nothing_twice(
    kafka_settings: KafkaSettings, database_url: str
) -> None:
    """One system: first whole, then damaged in one way after the other while a worker runs."""
    settings = await a_system(kafka_settings, database_url)
    before, topics = await everything(database_url), await told(kafka_settings)
    assert len(before["signals"]) > 5
    assert (len(before["links"]), len(before["periods"])) == (10, 2)

    done = await built_again(settings)
    async with a_worker(settings):
        await quiet(settings, 0)
        assert (done.touchpoints, done.identifiers, done.messages) == (0, 0, 0)
        assert (done.customers, done.failed) == (len(before["states"]), [])
        assert await everything(database_url) == before
        for name, statements in DAMAGES.items():
            await run(database_url, *statements)
            await built_again(settings)
            await quiet(settings, 0)
            after = await everything(database_url)
            assert [part for part, rows in after.items() if rows != before[part]] == [], name
        assert await told(kafka_settings) == topics

    # Journeys are emptied while nobody looks at them; the snapshots tell of it, and no more.
    await zero_journeys(database_url)
    await built_again(settings)
    async with a_worker(settings):
        await quiet(settings, 0)
    after = await everything(database_url)
    assert [part for part, rows in after.items() if rows != before[part]] == []
    assert (await told(kafka_settings))[:2] == topics[:2]


async def test_a_touchpoint_that_was_never_told_of_is_told_after_a_replay(
    kafka_settings: KafkaSettings, database_url: str
) -> None:
    settings = settings_for(kafka_settings, database_url)
    sent = [
        a_touchpoint("Product Viewed", at=1, user="u1"),
        a_touchpoint("Order Completed", at=2, user="u1", properties={"order_id": "1"}),
    ]
    async with a_worker(settings):
        await publish(kafka_settings, sent[:1])
        await quiet(settings, 1)
    await publish(kafka_settings, sent[1:])
    # The worker is made to believe that it has processed the order.
    await run(
        database_url,
        "UPDATE consumer_offsets SET next_offset = 2 WHERE next_offset = 1",
    )
    code, said = await the_verb(settings)
    async with a_worker(settings):
        await quiet(settings, 2)
    stages, _, _ = await told(kafka_settings)

    assert code == 0, said
    assert "touchpoints put back\t1\ncustomers computed again\t1\n" in said
    assert [value["current"] for value in stages] == ["consideration", "purchase"]
    assert stages[1]["correction"] is True
