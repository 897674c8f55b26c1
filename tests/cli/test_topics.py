"""The topics verb on a real broker."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from services.cli.topics import TopicsError, admin_of, ensure_topics, settings_of
from tests.waiting import until

if TYPE_CHECKING:
    from services.settings import KafkaSettings


async def test_second_call_does_nothing(kafka_settings: KafkaSettings) -> None:
    assert await ensure_topics(kafka_settings) == []


async def test_topics_stamp_the_time_of_arrival_and_keep_the_timeline(
    kafka_settings: KafkaSettings,
) -> None:
    topics = kafka_settings.topics

    touchpoints = await read(kafka_settings, topics.touchpoints)
    customers = await read(kafka_settings, topics.customers)

    assert touchpoints["message.timestamp.type"] == "LogAppendTime"
    assert touchpoints["retention.ms"] == str(400 * 86_400_000)
    assert customers["cleanup.policy"] == "compact"


async def test_a_changed_setting_is_set_back_and_others_are_kept(
    kafka_settings: KafkaSettings,
) -> None:
    topic = kafka_settings.topics.signals
    changed = {"retention.ms": "1000", "segment.ms": "3600000"}
    async with admin_of(kafka_settings) as admin:
        await admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic, changed)])
    await until(lambda: has(kafka_settings, topic, changed))

    done = await ensure_topics(kafka_settings)

    assert any("retention.ms" in line for line in done)
    wanted = {"retention.ms": str(30 * 86_400_000), "message.timestamp.type": "LogAppendTime"}
    await until(lambda: has(kafka_settings, topic, {**wanted, "segment.ms": "3600000"}))


async def test_another_number_of_partitions_is_an_error(kafka_settings: KafkaSettings) -> None:
    other = kafka_settings.model_copy(update={"partitions": kafka_settings.partitions + 1})

    with pytest.raises(TopicsError, match=r"3 partitions.*4 are asked for.*KAFKA__PARTITIONS"):
        await ensure_topics(other)


async def test_a_broker_that_is_away_is_an_error(kafka_settings: KafkaSettings) -> None:
    away = kafka_settings.model_copy(update={"bootstrap": "127.0.0.1:1"})

    with pytest.raises(TopicsError, match="nothing answers there"):
        await ensure_topics(away)


async def read(settings: KafkaSettings, topic: str) -> dict[str, str]:
    async with admin_of(settings) as admin:
        effective, _ = await settings_of(admin, topic)
    return effective


async def has(settings: KafkaSettings, topic: str, wanted: dict[str, str]) -> bool:
    """Whether the broker has heard of a change, which goes through the controller."""
    return wanted.items() <= (await read(settings, topic)).items()
