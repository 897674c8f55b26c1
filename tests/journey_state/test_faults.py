"""Kills, rebalances and restarts: state equals the fold over what the topic holds."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import sys
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from operator import le
from typing import Any

import asyncpg
import pytest

from services.cli.local.kafka import EmbeddedKafka
from services.cli.local.postgres import EmbeddedPostgres
from services.contracts import touchpoint as wire
from services.contracts.touchpoint import Touchpoint
from services.journey_state.definition import shipped
from services.journey_state.event import read_touchpoint
from services.journey_state.journey import fold
from services.settings import KafkaSettings
from tests.journey_state.running import (
    a_touchpoint,
    a_worker,
    beat,
    publish,
    publish_raw,
    read_all,
    settings_for,
    until,
)

PROCESSED = "SELECT coalesce(sum(next_offset), 0)::bigint FROM consumer_offsets"
EVENTS = ("page", "Product Viewed", "Product Added", "Order Completed", "Invite Sent")


def shuffled_journeys(customers: int, events: int, seed: int) -> list[Touchpoint]:
    """Journeys of many users: late, in any order between users, some sent twice."""
    chosen = random.Random(seed)
    made = [
        a_touchpoint(
            chosen.choice(EVENTS),
            at=chosen.randrange(10_000),
            user=f"user-{chosen.randrange(customers)}",
            message_id=f"m{n}",
        )
        for n in range(events)
    ]
    made += chosen.sample(made, events // 10)
    chosen.shuffle(made)
    return made


@asynccontextmanager
async def worker_process(
    kafka: KafkaSettings, url: str
) -> AsyncIterator[asyncio.subprocess.Process]:
    """A worker as operators run it; killed at the end if it is still there."""
    env = {
        **os.environ,
        "MILEPOST_KAFKA__BOOTSTRAP": kafka.bootstrap,
        "MILEPOST_KAFKA__TOPIC_PREFIX": kafka.topic_prefix,
        "MILEPOST_KAFKA__PARTITIONS": str(kafka.partitions),
        "MILEPOST_DATABASE__URL": url,
        "MILEPOST_WORKER__GROUP": kafka.topic_prefix,
        "MILEPOST_WORKER__METRICS_PORT": "0",
        "MILEPOST_WORKER__SESSION_MILLISECONDS": "6000",
        "MILEPOST_WORKER__BATCH_RECORDS_MAX": "100",
        "MILEPOST_LOG__LEVEL": "warning",
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "services", "worker", env=env
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def one(url: str, query: str) -> Any:
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval(query)
    finally:
        await connection.close()


async def all_processed(url: str, kafka: KafkaSettings, records: int) -> None:
    """Every record is applied and every message is on its topic."""
    await until(
        partial(one, url, PROCESSED),
        partial(le, records),
    )
    await until(lambda: one(url, "SELECT count(*) FROM outbox"), lambda left: left == 0)


async def stages_in_database(url: str) -> dict[str, list[tuple[str, str]]]:
    """Each user's present history."""
    connection = await asyncpg.connect(url)
    rows = await connection.fetch(
        """
        SELECT i.value, h.stage, h.message_id FROM identifiers i
        JOIN stage_history h USING (customer_id)
        WHERE h.superseded_at IS NULL ORDER BY h.entered_at, h.message_id
        """
    )
    await connection.close()
    found: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for value, stage, message_id in rows:
        found[value].append((stage, message_id))
    return dict(found)


def stages_of(touchpoints: Sequence[Touchpoint]) -> dict[str, list[tuple[str, str]]]:
    """What the fold says of the same touchpoints, computed apart from the service."""
    by_user = defaultdict(list)
    for one_of_them in touchpoints:
        user = one_of_them.identifiers["user_id"]
        by_user[user].append(read_touchpoint(wire.encode(one_of_them)).touchpoint)
    folded = {user: fold(shipped(), events).history for user, events in by_user.items()}
    return {
        u: [(t.stage, t.message_id) for t in history] for u, history in folded.items() if history
    }


async def check_subscriber(
    kafka: KafkaSettings, expected: dict[str, list[tuple[str, str]]]
) -> None:
    """By the subscriber's rule each last stage is told, in versions without holes."""
    versions: dict[str, list[int]] = defaultdict(list)
    last: dict[str, str] = {}
    for value in await read_all(kafka, kafka.topics.stage_changes):
        customer = value["customer_id"]
        if versions[customer] and value["version"] <= versions[customer][-1]:
            continue
        versions[customer].append(value["version"])
        last[value["identifiers"][0]["value"]] = value["current"]
    assert last == {user: history[-1][0] for user, history in expected.items()}
    for seen in versions.values():
        assert seen == list(range(1, len(seen) + 1))


async def test_a_worker_killed_in_mid_batch_loses_nothing_and_does_nothing_twice(
    kafka_settings: KafkaSettings, database_url: str
) -> None:
    sent = shuffled_journeys(customers=60, events=1500, seed=7)
    await publish(kafka_settings, sent)
    for wanted in (150, 600):
        async with worker_process(kafka_settings, database_url) as process:
            await until(partial(one, database_url, PROCESSED), partial(le, wanted))
            process.send_signal(signal.SIGKILL)
    async with worker_process(kafka_settings, database_url):
        await all_processed(database_url, kafka_settings, len(sent))

    expected = stages_of(sent)
    assert await stages_in_database(database_url) == expected
    assert await one(database_url, "SELECT count(*) FROM timeline") == 1500
    await check_subscriber(kafka_settings, expected)


async def test_two_workers_share_partitions_and_a_third_takes_over(
    kafka_settings: KafkaSettings, database_url: str
) -> None:
    sent = shuffled_journeys(customers=40, events=900, seed=11)
    async with worker_process(kafka_settings, database_url) as first:
        await publish(kafka_settings, sent[:300])
        async with worker_process(kafka_settings, database_url):
            await publish(kafka_settings, sent[300:600])
            first.send_signal(signal.SIGTERM)
            await first.wait()
            await publish(kafka_settings, sent[600:])
            await all_processed(database_url, kafka_settings, len(sent))

    expected = stages_of(sent)
    assert await stages_in_database(database_url) == expected
    await check_subscriber(kafka_settings, expected)


async def test_postgres_restarts_and_the_worker_goes_on(
    kafka_settings: KafkaSettings, database_url: str, postgres_server: EmbeddedPostgres
) -> None:
    sent = shuffled_journeys(customers=30, events=600, seed=3)
    async with a_worker(settings_for(kafka_settings, database_url)):
        await publish(kafka_settings, sent[:300])
        await postgres_server.restart()
        await publish(kafka_settings, sent[300:])
        await all_processed(database_url, kafka_settings, len(sent))

    assert await stages_in_database(database_url) == stages_of(sent)


async def test_the_broker_is_killed_and_the_worker_goes_on(
    kafka_settings: KafkaSettings, database_url: str, kafka_server: EmbeddedKafka
) -> None:
    sent = shuffled_journeys(customers=30, events=600, seed=5)
    async with a_worker(settings_for(kafka_settings, database_url)):
        await publish(kafka_settings, sent[:300])
        await kafka_server.kill()
        await kafka_server.start()
        await publish(kafka_settings, sent[300:])
        await all_processed(database_url, kafka_settings, len(sent))

    expected = stages_of(sent)
    assert await stages_in_database(database_url) == expected
    await check_subscriber(kafka_settings, expected)


async def test_a_record_that_cannot_be_read_is_set_aside_and_stops_nobody(
    kafka_settings: KafkaSettings, database_url: str
) -> None:
    async with a_worker(settings_for(kafka_settings, database_url)):
        await publish_raw(kafka_settings, b"not json")
        await publish(kafka_settings, [a_touchpoint("Product Viewed", at=1, user="u1")])
        await all_processed(database_url, kafka_settings, 2)

    assert await one(database_url, "SELECT reason FROM dead_letters") == "undecodable"
    assert await one(database_url, "SELECT value FROM dead_letters") == b"not json"
    assert await one(database_url, "SELECT stage FROM stage_history") == "consideration"


async def test_a_backlog_raises_no_false_signal(
    kafka_settings: KafkaSettings, database_url: str
) -> None:
    cart = [
        a_touchpoint("Product Added", at=n, user=f"u{n}", properties={"cart_id": "c"})
        for n in range(1, 21)
    ]
    bought = [
        a_touchpoint("Order Completed", at=60 + n, user=f"u{n}", properties={"order_id": str(n)})
        for n in range(1, 21, 2)
    ]
    await beat(kafka_settings, 0)
    await publish(kafka_settings, [*cart, *bought])
    await beat(kafka_settings, 10_000)
    async with a_worker(settings_for(kafka_settings, database_url)):
        await until(
            lambda: one(database_url, "SELECT count(*) FROM signals WHERE rule = 'cart'"),
            lambda raised: raised >= 10,
        )
        await until(lambda: one(database_url, "SELECT count(*) FROM outbox"), lambda n: n == 0)
        told = await read_all(kafka_settings, kafka_settings.topics.signals)

    assert sorted(value["identifiers"][0]["value"] for value in told) == sorted(
        f"u{n}" for n in range(2, 21, 2)
    )


@pytest.mark.parametrize("seed", [1, 2])
async def test_the_last_stage_does_not_depend_on_how_events_were_batched(
    kafka_settings: KafkaSettings, database_url: str, seed: int
) -> None:
    sent = shuffled_journeys(customers=5, events=200, seed=seed)
    async with a_worker(settings_for(kafka_settings, database_url)):
        for start in range(0, len(sent), 37):
            await publish(kafka_settings, sent[start : start + 37])
        await all_processed(database_url, kafka_settings, len(sent))

    assert await stages_in_database(database_url) == stages_of(sent)


async def test_a_partition_whose_next_record_is_gone_stands_still_and_says_so(
    kafka_settings: KafkaSettings, database_url: str
) -> None:
    settings = settings_for(kafka_settings, database_url)
    async with a_worker(settings):
        await publish(kafka_settings, [a_touchpoint("page", at=1, user="u1")], partition=0)
        await all_processed(database_url, kafka_settings, 1)
    connection = await asyncpg.connect(database_url)
    await connection.execute("UPDATE consumer_offsets SET next_offset = 9 WHERE partition = 0")
    await connection.close()

    async with a_worker(settings):
        await publish(kafka_settings, [a_touchpoint("page", at=2, user="u2")], partition=0)
        await publish(kafka_settings, [a_touchpoint("page", at=3, user="u3")], partition=1)
        reason = await until(
            lambda: one(database_url, "SELECT stopped FROM consumer_offsets WHERE partition = 0"),
            bool,
        )
        await until(
            lambda: one(database_url, "SELECT next_offset FROM consumer_offsets WHERE partition=1"),
            lambda offset: offset == 1,
        )

    assert reason == "next offset 9, but the log holds 0 to 2"
    assert await one(database_url, "SELECT count(*) FROM timeline") == 2
