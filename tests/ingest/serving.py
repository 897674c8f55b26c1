"""A real ingest on a free port, and what it wrote to its topics."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import msgspec
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from services.contracts.heartbeat import is_heartbeat
from services.ingest.run import listen, serve
from services.settings import IngestSettings, KafkaSettings, Settings
from tests.ingest.memory import KEY, SOURCES
from tests.waiting import until


@dataclass
class Running:
    """An ingest that serves; `stop` ends it as SIGTERM would."""

    url: str
    client: httpx2.AsyncClient
    stopping: asyncio.Event
    task: asyncio.Task[None]

    async def is_ready(self) -> bool:
        return (await self.client.get("/readyz")).status_code == 200

    async def post(self, path: str, body: Any) -> httpx2.Response:
        return await self.client.post(path, json=body, headers={"X-Write-Key": KEY})

    async def stop(self) -> None:
        self.stopping.set()
        await self.task


def settings_of(kafka: KafkaSettings, folder: Path, **ingest: Any) -> Settings:
    """Settings with the sources of `memory` and a folder for the instance."""
    sources = folder / "sources.json"
    sources.write_bytes(msgspec.json.encode({"sources": SOURCES}))
    given = {"port": 0, "spool_dir": folder / "spool"} | ingest
    return Settings(kafka=kafka, sources_file=sources, ingest=IngestSettings(**given))


@asynccontextmanager
async def serving(settings: Settings, *, ready: bool = True) -> AsyncIterator[Running]:
    """The ingest, ready unless told not to wait; stopped at the end."""
    listener = listen(settings.ingest)
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    stopping = asyncio.Event()
    task = asyncio.create_task(serve(settings, stopping, listener))
    async with httpx2.AsyncClient(base_url=url, timeout=60) as client:
        running = Running(url, client, stopping, task)
        try:
            if ready:
                await until(running.is_ready)
            yield running
        finally:
            await running.stop()


async def records_of(kafka: KafkaSettings, topic: str) -> dict[int, list[Any]]:
    """Every record of the topic by partition, in the order of the log."""
    consumer = AIOKafkaConsumer(**kafka.client_options(), auto_offset_reset="earliest")
    await consumer.start()
    try:
        partitions = await until(lambda: _partitions(consumer, topic))
        consumer.assign(partitions)
        await consumer.seek_to_beginning()
        ends = await consumer.end_offsets(partitions)
        found: dict[int, list[Any]] = {one.partition: [] for one in partitions}
        while any([await consumer.position(one) < ends[one] for one in partitions]):
            for one, records in (await consumer.getmany(timeout_ms=200)).items():
                found[one.partition] += records
        return found
    finally:
        await consumer.stop()


async def _partitions(consumer: AIOKafkaConsumer, topic: str) -> list[TopicPartition]:
    await consumer._client.force_metadata_update()
    numbers = consumer.partitions_for_topic(topic) or set()
    return [TopicPartition(topic, number) for number in sorted(numbers)]


def events_in(records: list[Any]) -> list[Any]:
    """The records that are no heartbeats."""
    return [record for record in records if not is_heartbeat(record.headers)]


async def limit_messages(settings: Settings, bytes_max: int) -> None:
    """The touchpoint topic takes no batch over so many bytes."""
    admin = AIOKafkaAdminClient(**settings.kafka.client_options())
    await admin.start()
    try:
        await admin.alter_configs(
            [
                ConfigResource(
                    ConfigResourceType.TOPIC,
                    settings.kafka.topics.touchpoints,
                    configs={
                        "max.message.bytes": str(bytes_max),
                        "message.timestamp.type": "LogAppendTime",
                    },
                )
            ]
        )
    finally:
        await admin.close()
