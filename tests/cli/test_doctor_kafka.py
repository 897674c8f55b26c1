"""`milepost doctor` and Kafka: faults made on a real broker, or judged by its figures."""

from __future__ import annotations

from uuid import uuid4

import pytest
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from services.cli.doctor import kafka
from services.cli.doctor.examine import UnreachableError
from services.cli.doctor.finding import Finding
from services.cli.doctor.topics import Topic, Wanted, judge_topic
from services.cli.topics import admin_of
from services.contracts.heartbeat import Heartbeat
from services.contracts.times import SECOND_US
from services.contracts.topics import Topics
from services.settings import KafkaSettings, Settings
from tests.journey_state.running import a_touchpoint, publish
from tests.waiting import until

NOW = 1_790_000_000 * SECOND_US
SPECS = {spec.name: spec for spec in Topics().specs(partitions=3, timeline_days=400)}
TOUCHPOINTS = SPECS[Topics().touchpoints]
GOOD = Topic(
    3,
    3,
    0,
    0,
    {"cleanup.policy": "delete", **TOUCHPOINTS.configs, "min.insync.replicas": "2"},
)
WANTED = Wanted(TOUCHPOINTS, brokers=3, event_bytes_max=32 << 10)


async def look(settings: KafkaSettings) -> dict[str, list[Finding]]:
    found: dict[str, list[Finding]] = {}
    for one in await kafka.look(Settings(kafka=settings)):
        found.setdefault(one.check, []).append(one)
    return found


async def test_topics_as_they_are_made_are_ok(kafka_settings: KafkaSettings) -> None:
    await publish(kafka_settings, [a_touchpoint("Order Completed", at=0, user="u1")])

    found = await look(kafka_settings)

    assert [one.status for one in found[kafka.TOPICS]] == ["ok"]
    assert [one.status for one in found[kafka.CLOCK]] == ["ok"]
    assert found[kafka.BROKERS][0].status == "warn"


async def test_topics_that_are_not_there_are_told(kafka_settings: KafkaSettings) -> None:
    other = kafka_settings.model_copy(update={"topic_prefix": f"none{uuid4().hex[:8]}"})

    found = await look(other)

    assert found[other.topics.customers][0].fix == "run `milepost topics`"
    assert found[kafka.CLOCK][0].status == "skip"


async def test_settings_of_topics_that_were_changed_are_told(kafka_settings: KafkaSettings) -> None:
    topics = kafka_settings.topics
    changes = {
        topics.touchpoints: {"retention.ms": "86400000", "max.message.bytes": "1000"},
        topics.customers: {"cleanup.policy": "delete"},
        topics.signals: {"message.timestamp.type": "CreateTime"},
    }
    async with admin_of(kafka_settings) as admin:
        await admin.alter_configs(
            [
                ConfigResource(ConfigResourceType.TOPIC, topic, {**change})
                for topic, change in changes.items()
            ]
        )

    async def told() -> dict[str, list[Finding]] | None:
        found = await look(kafka_settings)
        return found if changes.keys() <= found.keys() else None

    found = await until(told)

    said = {topic: " ".join(one.what for one in found[topic]) for topic in changes}
    assert "records are kept for 1 days, and 400 are needed" in said[topics.touchpoints]
    assert "max.message.bytes is 1000" in said[topics.touchpoints]
    assert "cleanup.policy is delete, and must be compact" in said[topics.customers]
    assert "message.timestamp.type is CreateTime" in said[topics.signals]
    assert all(one.fix for topic in changes for one in found[topic])


async def test_another_number_of_partitions_is_told(kafka_settings: KafkaSettings) -> None:
    found = await look(kafka_settings.model_copy(update={"partitions": 12}))

    (fault,) = found[kafka_settings.topics.touchpoints]
    assert "MILEPOST_KAFKA__PARTITIONS to 3" in fault.fix


@pytest.mark.parametrize("bootstrap", ["127.0.0.1:1", "no-port", ""])
async def test_a_kafka_that_does_not_answer_is_told(bootstrap: str) -> None:
    with pytest.raises(UnreachableError) as caught:
        await look(KafkaSettings(bootstrap=bootstrap))

    assert "host:port" in caught.value.fix or "MILEPOST_KAFKA__BOOTSTRAP" in caught.value.fix


def changed(**configs: str) -> Topic:
    return GOOD._replace(
        configs={**GOOD.configs, **{k.replace("_", "."): v for k, v in configs.items()}}
    )


@pytest.mark.parametrize(
    ("topic", "status", "said"),
    [
        (None, "fail", "not there"),
        (GOOD._replace(leaderless=1), "fail", "no leader"),
        (GOOD._replace(behind=2), "warn", "not in sync"),
        (GOOD._replace(copies=1), "fail", "1 copies on 3 brokers"),
        (changed(min_insync_replicas="1"), "fail", "min.insync.replicas is 1"),
        (changed(min_insync_replicas="3"), "warn", "one broker away stops it"),
        (changed(unclean_leader_election_enable="true"), "fail", "acknowledged can be lost"),
        (changed(cleanup_policy="compact,delete"), "fail", "is compacted"),
        (changed(retention_ms="-1"), "warn", "kept for ever"),
        (changed(retention_bytes="1000000"), "fail", "retention.bytes"),
    ],
)
def test_a_topic_that_loses_events_is_told(topic: Topic | None, status: str, said: str) -> None:
    (found,) = judge_topic(WANTED, topic)

    assert (found.status, said in found.what) == (status, True)
    assert found.fix


def test_a_good_topic_is_left_alone() -> None:
    assert list(judge_topic(WANTED, GOOD)) == []


def tail(age: float, apart: float = 0, **said: object) -> kafka.Tail:
    took = NOW - int(age * SECOND_US)
    beat = Heartbeat(instance="i1", seq=1, low_watermark=took + int(apart * SECOND_US), **said)  # type: ignore[arg-type]
    return kafka.Tail(took, beat)


@pytest.mark.parametrize(
    ("tails", "statuses"),
    [
        ([], ["skip", "skip"]),
        ([tail(1)], ["ok", "ok"]),
        ([tail(-5)], ["warn", "ok"]),
        ([tail(-60)], ["fail", "ok"]),
        ([tail(1, apart=-5)], ["ok", "warn"]),
        ([tail(1, apart=90)], ["ok", "fail"]),
        ([tail(1, apart=-90, spool="pending")], ["ok", "skip"]),
        ([tail(999)], ["skip", "ok"]),
        ([kafka.Tail(NOW, None)], ["ok", "skip"]),
    ],
)
def test_clocks_are_judged_by_the_newest_records(
    tails: list[kafka.Tail], statuses: list[str]
) -> None:
    found = kafka.judge_tails(tails, NOW)

    assert [one.status for one in found] == statuses
