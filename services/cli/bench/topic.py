"""What the touchpoint topic holds: the count that acknowledgements are checked against."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiokafka import AIOKafkaConsumer, TopicPartition

from services.cli.local.errors import LocalStackError
from services.settings import KafkaSettings

# Ingest writes one heartbeat a second into each partition; hello, goodbye and slack.
BEATS_SLACK = 10


class TopicCount:
    """Knows how many records have come since it was asked last."""

    def __init__(self, consumer: AIOKafkaConsumer, kafka: KafkaSettings) -> None:
        self._consumer = consumer
        self._partitions = [
            TopicPartition(kafka.topics.touchpoints, number) for number in range(kafka.partitions)
        ]
        self._seen = 0
        self._at = time.monotonic()

    async def grown(self) -> int:
        """Records since the last call, heartbeats among them."""
        ends = sum((await self._consumer.end_offsets(self._partitions)).values())
        grown, self._seen = ends - self._seen, ends
        return int(grown)

    async def require(self, accepted: int) -> None:
        """As many records have come as events were accepted, but for heartbeats.

        Raises LocalStackError otherwise: then the figures would be of something else.
        """
        seconds, self._at = time.monotonic() - self._at, time.monotonic()
        beats_max = len(self._partitions) * (seconds + BEATS_SLACK)
        grown = await self.grown()
        if not accepted <= grown <= accepted + beats_max:
            raise LocalStackError(
                f"{accepted} events were accepted and {grown} records are on the topic"
            )


@asynccontextmanager
async def counted(kafka: KafkaSettings) -> AsyncIterator[TopicCount]:
    """A count that begins now."""
    consumer = AIOKafkaConsumer(**kafka.client_options())
    await consumer.start()
    try:
        count = TopicCount(consumer, kafka)
        await count.grown()
        yield count
    finally:
        await consumer.stop()
