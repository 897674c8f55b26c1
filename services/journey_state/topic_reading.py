"""A topic read once, from an instant or its beginning to where it ended when this began."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition

from services.contracts.times import SECOND_US
from services.journey_state.event import Record

READ_MILLISECONDS = 1000
SILENT_SECONDS_MAX = 60.0


class TopicMissingError(Exception):
    """Kafka has no such topic."""


@dataclass(slots=True)
class Stretch:
    """What is to be read: partition to (first offset, offset behind the last one)."""

    client: AIOKafkaConsumer
    topic: str
    ranges: dict[int, tuple[int, int]]
    behind: list[int] = field(default_factory=list)  # partitions that begin later than asked for

    @property
    def records(self) -> int:
        return sum(max(0, hi - lo) for lo, hi in self.ranges.values())

    async def read(self) -> AsyncIterator[list[Record]]:
        """Batches of records. Raises TimeoutError when Kafka gives none for a minute."""
        left = {TopicPartition(self.topic, p): r for p, r in self.ranges.items() if r[0] < r[1]}
        self.client.assign(list(left))
        for tp, (lo, _) in left.items():
            self.client.seek(tp, lo)
        while left:
            async with asyncio.timeout(SILENT_SECONDS_MAX):
                found: Any = {}
                while not found:
                    found = await self.client.getmany(*left, timeout_ms=READ_MILLISECONDS)
            for tp, records in found.items():
                yield [_record(one) for one in records if one.offset < left[tp][1]]
            for tp in list(left):
                if await self.client.position(tp) >= left[tp][1]:
                    del left[tp]


@asynccontextmanager
async def stretch_of(
    client_options: Mapping[str, Any], topic: str, from_us: int | None
) -> AsyncIterator[Stretch]:
    """What the topic holds since an instant of its log; None: all. Raises TopicMissingError."""
    client = AIOKafkaConsumer(**client_options, enable_auto_commit=False)
    await client.start()
    try:
        yield await _stretch(client, topic, from_us)
    finally:
        await client.stop()


async def _stretch(client: AIOKafkaConsumer, topic: str, from_us: int | None) -> Stretch:
    if topic not in await client.topics():
        raise TopicMissingError(topic)
    # Asking for one partition makes the client learn of the topic's others.
    await client.end_offsets([TopicPartition(topic, 0)])
    partitions = sorted(client.partitions_for_topic(topic) or ())
    asked = [TopicPartition(topic, partition) for partition in partitions]
    begins = await client.beginning_offsets(asked)
    ends = await client.end_offsets(asked)
    starts = dict(begins)
    behind: list[int] = []
    if from_us is not None:
        since = {tp: max(0, from_us * 1000 // SECOND_US) for tp in asked}
        for tp, found in (await client.offsets_for_times(since)).items():
            starts[tp] = ends[tp] if found is None else found.offset
            if starts[tp] == begins[tp] > 0:
                behind.append(tp.partition)
    ranges = {tp.partition: (starts[tp], ends[tp]) for tp in asked}
    return Stretch(client, topic, ranges, behind)


def _record(found: Any) -> Record:
    headers = tuple(found.headers)
    return Record(
        found.partition, found.offset, found.timestamp * 1000, found.key, found.value, headers
    )
