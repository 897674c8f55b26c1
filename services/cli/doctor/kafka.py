"""Kafka: reachable, its topics as they must be, its clock ours."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from services.cli.doctor.clocks import judge_clock
from services.cli.doctor.examine import UnreachableError
from services.cli.doctor.finding import Finding, ok, or_ok, skips, warn
from services.cli.doctor.topics import COPIES, Topic, Wanted, judge_topic
from services.cli.topics import TopicsError, admin_of, settings_of
from services.contracts import heartbeat
from services.contracts.times import SECOND_US

if TYPE_CHECKING:
    from aiokafka.admin import AIOKafkaAdminClient

    from services.contracts.topics import TopicSpec
    from services.settings import KafkaSettings, Settings

KAFKA = "kafka"
BROKERS = "kafka brokers"
TOPICS = "kafka topics"
CLOCK = "kafka clock"
INGEST_CLOCK = "ingest clock"
COVERS = (BROKERS, TOPICS, CLOCK, INGEST_CLOCK)
FIX = "check MILEPOST_KAFKA__BOOTSTRAP, and that Kafka runs and can be reached from here"
TAIL_MILLISECONDS_MAX = 3000
# One that takes connections and does not answer is told before the check is cut off.
REQUEST_MILLISECONDS_MAX = 4000
# Heartbeats come every 5 s at least while an ingest runs.
FRESH_US_MAX = 30 * SECOND_US


class Tail(NamedTuple):
    """The newest record of a partition: when Kafka took it, and the heartbeat that it may be."""

    append_time: int
    beat: heartbeat.Heartbeat | None


async def look(settings: Settings) -> list[Finding]:
    """What is to be said of the Kafka that the settings name."""
    kafka = settings.kafka
    if not kafka.bootstrap:
        raise UnreachableError("MILEPOST_KAFKA__BOOTSTRAP is not set", "set it to host:port")
    specs = kafka.topics.specs(
        partitions=kafka.partitions, timeline_days=settings.retention.timeline_days
    )
    try:
        async with admin_of(kafka, request_milliseconds_max=REQUEST_MILLISECONDS_MAX) as admin:
            brokers = len((await admin.describe_cluster())["brokers"])
            there = await _topics(admin, specs)
    except (TopicsError, OSError, ValueError) as error:
        raise UnreachableError(str(error).partition("\n")[0], FIX) from error
    wanted = [Wanted(spec, brokers, settings.ingest.event_bytes_max) for spec in specs]
    faults = [f for one in wanted for f in judge_topic(one, there.get(one.spec.name))]
    return [
        ok(KAFKA, f"{kafka.bootstrap} answers"),
        judge_brokers(brokers),
        *or_ok(faults, TOPICS, f"all {len(specs)} are as they must be"),
        *await _clocks(kafka, there),
    ]


def judge_brokers(count: int) -> Finding:
    """Fewer than three brokers cannot keep what was answered when one of them is lost."""
    if count < COPIES:
        what = f"{count} of {COPIES} brokers: a lost disk loses events that were answered 200"
        return warn(BROKERS, what, f"run {COPIES} brokers where that matters")
    return ok(BROKERS, f"{count}")


def judge_tails(tails: Sequence[Tail], now: int) -> list[Finding]:
    """Kafka's clock by its newest record, and that of each ingest by its newest heartbeat.

    A heartbeat says up to when all is durable: with nothing waiting, that is ingest's clock.
    """
    newest = max((tail.append_time for tail in tails), default=None)
    if newest is None or now - newest > FRESH_US_MAX:
        found = skips([CLOCK], "no record is new enough to tell by: does an ingest run?")
    else:
        found = judge_clock(CLOCK, "Kafka's", newest, (now - FRESH_US_MAX, now))
    told = {
        tail.beat.instance: judge_clock(
            INGEST_CLOCK,
            f"ingest {tail.beat.instance}'s",
            tail.beat.low_watermark,
            (tail.append_time, tail.append_time),
            "Kafka's",
        )
        for tail in sorted(tails, key=lambda tail: tail.append_time)
        if tail.beat and tail.beat.spool != "pending" and tail.beat.phase == "beat"
    }
    none = skips([INGEST_CLOCK], "no heartbeat is the newest record of a partition")
    return [*found, *([one for judged in told.values() for one in judged] or none)]


async def _clocks(kafka: KafkaSettings, there: dict[str, Topic]) -> list[Finding]:
    topic = kafka.topics.touchpoints
    if topic not in there:
        return skips((CLOCK, INGEST_CLOCK), f"needs the topic {topic}")
    try:
        tails = await _tails(kafka, topic, there[topic].partitions)
    except (KafkaError, OSError) as error:
        return [warn(CLOCK, f"{topic} cannot be read: {error}", "give the user the right to read")]
    return judge_tails(tails, time.time_ns() // 1000)


async def _topics(admin: AIOKafkaAdminClient, specs: Iterable[TopicSpec]) -> dict[str, Topic]:
    existing = set(await admin.list_topics())
    names = [spec.name for spec in specs if spec.name in existing]
    if not names:
        return {}
    described = {one["topic"]: one["partitions"] for one in await admin.describe_topics(names)}
    configs = await asyncio.gather(*(settings_of(admin, name) for name in names))
    return {
        name: _topic(described[name], effective)
        for name, (effective, _) in zip(names, configs, strict=True)
    }


def _topic(partitions: Sequence[dict[str, Any]], configs: dict[str, str]) -> Topic:
    return Topic(
        partitions=len(partitions),
        copies=min(len(one["replicas"]) for one in partitions),
        leaderless=sum(one["leader"] < 0 for one in partitions),
        behind=sum(len(one["isr"]) < len(one["replicas"]) for one in partitions),
        configs=configs,
    )


async def _tails(kafka: KafkaSettings, topic: str, count: int) -> list[Tail]:
    """The newest record of each partition that has one and gives it in time."""
    places = [TopicPartition(topic, number) for number in range(count)]
    consumer = AIOKafkaConsumer(
        **kafka.client_options(),
        enable_auto_commit=False,
        request_timeout_ms=REQUEST_MILLISECONDS_MAX,
    )
    await consumer.start()
    try:
        consumer.assign(places)
        ends = await consumer.end_offsets(places)
        starts = await consumer.beginning_offsets(places)
        filled = [place for place in places if ends[place] > starts[place]]
        for place in places:
            consumer.seek(place, max(starts[place], ends[place] - 1))
        return await _last_records(consumer, filled)
    finally:
        await consumer.stop()


async def _last_records(consumer: AIOKafkaConsumer, waited: list[TopicPartition]) -> list[Tail]:
    tails: dict[TopicPartition, Tail] = {}
    deadline = time.monotonic() + TAIL_MILLISECONDS_MAX / 1000
    while len(tails) < len(waited) and (left := deadline - time.monotonic()) > 0:
        for place, records in (await consumer.getmany(timeout_ms=int(left * 1000))).items():
            tails[place] = _tail(records[-1])
    return list(tails.values())


def _tail(record: Any) -> Tail:
    beat = None
    if heartbeat.is_heartbeat(record.headers):
        try:
            beat = heartbeat.decode(record.value)
        except msgspec.MsgspecError:
            beat = None
    return Tail(record.timestamp * 1000, beat)
