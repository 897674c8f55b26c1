"""How far the topics go: the ends of their logs, for lag and counts on the query side."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

log = structlog.get_logger()

ANSWER_SECONDS_MAX = 3.0


class LogEnds:
    """Asks Kafka where logs end. Connects when first asked, and anew after an error."""

    def __init__(self, client_options: Mapping[str, Any]) -> None:
        self._options = dict(client_options)
        self._client: AIOKafkaConsumer | None = None
        self._lock = asyncio.Lock()

    def of(self, topic: str) -> Callable[[], Awaitable[dict[int, int]]]:
        """A question that answers with the end of each partition's log of a topic.

        It raises ConnectionError when Kafka does not answer in time.
        """

        async def ends() -> dict[int, int]:
            async with self._lock:
                try:
                    async with asyncio.timeout(ANSWER_SECONDS_MAX):
                        return await self._ends(topic)
                except (KafkaError, TimeoutError, OSError) as error:
                    await self.close()
                    raise ConnectionError(f"Kafka does not answer: {error!r}") from error

        return ends

    async def close(self) -> None:
        """After this no connection is left."""
        client, self._client = self._client, None
        if client is None:
            return
        try:
            async with asyncio.timeout(1):
                await client.stop()
        except (KafkaError, TimeoutError, OSError) as error:
            log.debug("client did not stop cleanly", error=repr(error))

    async def _ends(self, topic: str) -> dict[int, int]:
        if self._client is None:
            client = AIOKafkaConsumer(**self._options)
            self._client = client
            await client.start()
        client = self._client
        if not client.partitions_for_topic(topic):
            # Asking for one partition makes the client learn of the topic's others.
            await client.end_offsets([TopicPartition(topic, 0)])
        partitions = client.partitions_for_topic(topic) or set()
        asked = [TopicPartition(topic, partition) for partition in sorted(partitions)]
        found = await client.end_offsets(asked) if asked else {}
        return {tp.partition: offset for tp, offset in found.items()}
