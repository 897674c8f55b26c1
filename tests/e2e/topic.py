"""Output topics as a subscriber reads them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec
from aiokafka import AIOKafkaConsumer, TopicPartition

from services.contracts.heartbeat import is_heartbeat

if TYPE_CHECKING:
    from collections.abc import Iterable

    from services.settings import KafkaSettings


@dataclass(frozen=True)
class Record:
    """One record; `value` is None for a tombstone, `key` empty where there is none."""

    key: str
    headers: dict[str, str]
    value: Any
    raw: bytes | None


async def read(kafka: KafkaSettings, topic: str) -> list[Record]:
    """All that a topic holds now but heartbeats, each partition in its order."""
    consumer = AIOKafkaConsumer(**kafka.client_options(), auto_offset_reset="earliest")
    await consumer.start()
    found: list[Record] = []
    try:
        partitions = [TopicPartition(topic, n) for n in range(kafka.partitions)]
        consumer.assign(partitions)
        ends = await consumer.end_offsets(partitions)
        for partition in partitions:
            while await consumer.position(partition) < ends[partition]:
                fetched = await consumer.getmany(partition, timeout_ms=200)
                found += [
                    _record(one)
                    for one in fetched.get(partition, [])
                    if one.offset < ends[partition] and not is_heartbeat(one.headers)
                ]
    finally:
        await consumer.stop()
    return found


def _record(one: Any) -> Record:
    headers = {name: value.decode() for name, value in one.headers}
    value = None if one.value is None else msgspec.json.decode(one.value)
    return Record((one.key or b"").decode(), headers, value, one.value)


def of_customers(records: Iterable[Record], *customer_ids: str) -> list[Record]:
    return [record for record in records if record.key in customer_ids]


def by_subscriber_rule(records: Iterable[Record]) -> list[Record]:
    """Those that a subscriber heeds: a version not above the last one of its key is a repeat."""
    last: dict[str, int] = {}
    heeded = []
    for record in records:
        if record.value is not None:
            if record.value["version"] <= last.get(record.key, 0):
                continue
            last[record.key] = record.value["version"]
        heeded.append(record)
    return heeded
