"""The embedded broker: real starts, stops, kills and leftovers."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from services.cli.local import aot
from services.cli.local.errors import LocalStackError
from services.cli.local.jars import KafkaJars, KafkaLock, cache_dir
from services.cli.local.java import find_java
from services.cli.local.kafka import EmbeddedKafka
from services.cli.topics import ensure_topics
from services.settings import KafkaSettings
from tests.local.killed import is_gone, kill_the_parent_of

if TYPE_CHECKING:
    from pathlib import Path


async def test_records_and_port_outlive_a_kill_and_a_restart(data_dir: Path) -> None:
    kafka = EmbeddedKafka(data_dir)
    try:
        bootstrap = await kafka.start()
        settings = KafkaSettings(bootstrap=bootstrap, partitions=1)
        await ensure_topics(settings)
        await write(settings, b"before the kill")

        await kafka.kill()
        assert kafka.exit_code == -9
        assert await kafka.start() == bootstrap
        await write(settings, b"before the stop")

        assert await kafka.restart() == bootstrap
        assert await read(settings, 2) == [b"before the kill", b"before the stop"]
    finally:
        await kafka.stop()
    assert not (data_dir / "process.json").exists()


async def test_an_orphan_of_a_killed_run_is_ended_by_the_next(data_dir: Path) -> None:
    orphan = kill_the_parent_of("kafka", data_dir)
    assert not await is_gone(orphan)

    kafka = EmbeddedKafka(data_dir)
    try:
        await kafka.start()

        assert await is_gone(orphan)
        assert kafka.pid != orphan.pid
    finally:
        await kafka.stop()


async def test_a_folder_in_use_is_one_clear_line(kafka_server: EmbeddedKafka) -> None:
    second = EmbeddedKafka(kafka_server.data_dir)

    with pytest.raises(LocalStackError, match=r"in use by process \d+\. Stop that run"):
        await second.start()

    assert kafka_server.exit_code is None


async def test_a_folder_of_a_newer_kafka_is_refused(data_dir: Path) -> None:
    (data_dir / "kafka-version").write_text("99.1.0")
    kafka = EmbeddedKafka(data_dir)

    with pytest.raises(LocalStackError, match=r"made by Kafka 99\.1\.0"):
        await kafka.start()

    assert kafka.pid is None
    assert not (data_dir / "process.json").exists()


async def test_a_start_needs_no_network_and_no_good_class_cache(
    kafka_server: EmbeddedKafka, data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The jars are there; the class cache beside them is damaged."""
    jars = next(cache_dir().glob(f"kafka-{KafkaLock.read().kafka}"))
    cache = data_dir / "cache" / jars.name
    shutil.copytree(jars, cache, ignore=lambda _, names: {"aot", "partial"} & set(names))
    damaged = aot.cache_file(find_java(), KafkaJars(cache, "", ()))
    damaged.parent.mkdir()
    damaged.write_bytes(b"no cache at all" * 1000)
    monkeypatch.setenv("MILEPOST_CACHE_DIR", str(cache.parent))
    monkeypatch.setenv("MILEPOST_JAR_REPOSITORY", "http://127.0.0.1:9")
    kafka = EmbeddedKafka(data_dir / "kafka")
    try:
        assert await kafka.start()
    finally:
        await kafka.stop()


async def write(settings: KafkaSettings, value: bytes) -> None:
    producer = AIOKafkaProducer(**settings.client_options(), acks="all")
    await producer.start()
    try:
        await producer.send_and_wait(settings.topics.touchpoints, value)
    finally:
        await producer.stop()


async def read(settings: KafkaSettings, records: int) -> list[bytes | None]:
    consumer = AIOKafkaConsumer(
        settings.topics.touchpoints, **settings.client_options(), auto_offset_reset="earliest"
    )
    await consumer.start()
    try:
        return [(await consumer.getone()).value for _ in range(records)]
    finally:
        await consumer.stop()
