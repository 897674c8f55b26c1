"""Records onto the touchpoint topic as fast as the client allows: whole batches, made by hand."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any

from aiokafka import AIOKafkaProducer

from services.cli.bench.traffic import Wire
from services.settings import KafkaSettings

BATCH_BYTES_MAX = 128 << 10
WAITING_MAX = 64


class Filler:
    """Fills a builder per partition and sends it when it is full."""

    def __init__(self, kafka: KafkaSettings) -> None:
        self._topic = kafka.topics.touchpoints
        self._producer = AIOKafkaProducer(
            **kafka.client_options(),
            acks="all",
            enable_idempotence=True,
            max_batch_size=BATCH_BYTES_MAX,
            max_request_size=4 << 20,
        )
        self._open: dict[int, Any] = {}
        self._waiting: set[asyncio.Future[Any]] = set()

    async def fill(self, records: Iterable[Wire]) -> int:
        """All records are acknowledged; how many they were."""
        await self._producer.start()
        try:
            count = 0
            for record in records:
                await self._append(record)
                count += 1
            for partition, builder in self._open.items():
                await self._send(partition, builder)
            await asyncio.gather(*self._waiting)
        finally:
            await self._producer.stop()
        return count

    async def _append(self, record: Wire) -> None:
        builder = self._open.get(record.partition)
        if builder is None:
            builder = self._open[record.partition] = self._producer.create_batch()
        if not self._take(builder, record):
            await self._send(record.partition, builder)
            builder = self._open[record.partition] = self._producer.create_batch()
            self._take(builder, record)

    @staticmethod
    def _take(builder: Any, record: Wire) -> bool:
        taken = builder.append(
            key=record.key, value=record.value, timestamp=None, headers=list(record.headers)
        )
        return taken is not None

    async def _send(self, partition: int, builder: Any) -> None:
        future = await self._producer.send_batch(builder, self._topic, partition=partition)
        self._waiting.add(future)
        if len(self._waiting) >= WAITING_MAX:
            done, self._waiting = await asyncio.wait(
                self._waiting, return_when=asyncio.FIRST_COMPLETED
            )
            for one in done:
                one.result()
