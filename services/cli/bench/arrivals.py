"""Stage changes as a subscriber sees them: when each arrived, and which event caused it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import msgspec
from aiokafka import AIOKafkaConsumer

from services.cli.bench.bodies import number_of
from services.settings import KafkaSettings


class _Cause(msgspec.Struct):
    message_id: str


class _StageChange(msgspec.Struct):
    cause: _Cause


_decode = msgspec.json.Decoder(_StageChange).decode


class Arrivals:
    """`at` holds the first arrival (`time.perf_counter`) by the number of the request."""

    def __init__(self, consumer: AIOKafkaConsumer) -> None:
        self._consumer = consumer
        self.at: dict[int, float] = {}

    async def follow(self) -> None:
        """Reads until cancelled."""
        while True:
            found = await self._consumer.getmany(timeout_ms=1000)
            now = time.perf_counter()
            for records in found.values():
                for record in records:
                    self.at.setdefault(number_of(_decode(record.value).cause.message_id), now)


@asynccontextmanager
async def arrivals(kafka: KafkaSettings) -> AsyncIterator[Arrivals]:
    """Arrivals from now on, for as long as the block lasts."""
    consumer = AIOKafkaConsumer(
        kafka.topics.stage_changes, **kafka.client_options(), fetch_max_wait_ms=10
    )
    await consumer.start()
    found = Arrivals(consumer)
    following = asyncio.create_task(found.follow())
    try:
        yield found
    finally:
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)
        await consumer.stop()
