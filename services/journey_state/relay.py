"""The outbox onto the topics: in order per customer, at least once, nothing skipped."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from services.contracts.cloudevent import kafka_headers
from services.contracts.topics import Topics
from services.contracts.touchpoint import partition_of
from services.journey_state.dead_letters import open_record
from services.journey_state.metrics import WorkerMetrics
from services.journey_state.publication import TOMBSTONE, TopicCode, customer_text, id_text
from services.journey_state.store import outcomes, queued
from services.journey_state.store.outcomes import OutboxRow
from services.journey_state.store.pool import TRANSIENT, Connection, Store

log = structlog.get_logger()

CE_SOURCE = "/milepost/journey_state"
SEND_SECONDS_MAX = 10.0
START_SECONDS_MAX = 10.0
STOP_SECONDS_MAX = 3.0
IDLE_SECONDS = 0.2
BACKOFF_SECONDS = 1.0


# A record as Kafka takes it: key, value, headers.
_Message: TypeAlias = tuple[bytes, bytes | None, list[tuple[str, bytes]]]


class MessageTooLargeError(Exception):
    """A message that no batch can hold; its size is bounded, so this is a fault of ours."""


class Relay:
    """Sends what the outbox holds. One transaction holds a shard, sends, and removes what went.

    The shard's row lock ends with the transaction or with the connection, so a relay that dies
    leaves nothing behind; what it had sent and not removed is sent again with the same `ce_id`.
    """

    def __init__(
        self,
        client_options: Mapping[str, Any],
        topics: Topics,
        store: Store,
        metrics: WorkerMetrics,
        *,
        batch_max: int,
    ) -> None:
        self._options = dict(client_options)
        self._store = store
        self._metrics = metrics
        self._batch_max = batch_max
        self._producer: AIOKafkaProducer | None = None
        self._waiting = asyncio.Event()
        self._topics = {
            TopicCode.STAGE_CHANGES: topics.stage_changes,
            TopicCode.SIGNALS: topics.signals,
            TopicCode.CUSTOMERS: topics.customers,
            TopicCode.TOUCHPOINTS: topics.touchpoints,
        }

    def wake(self) -> None:
        """There is something in the outbox: do not wait for the next look."""
        self._waiting.set()

    async def run(self, stopping: asyncio.Event) -> None:
        """Send until told to stop."""
        try:
            while not stopping.is_set():
                try:
                    sent = await self.send_waiting()
                except (KafkaError, *TRANSIENT) as error:
                    log.warning("relay starts anew", error=repr(error))
                    await self._drop_producer()
                    await asyncio.sleep(BACKOFF_SECONDS)
                    continue
                if not sent:
                    await self._rest()
        finally:
            await self._drop_producer()

    async def send_waiting(self) -> int:
        """Send one round of every shard that holds messages; gives how many went."""
        self._waiting.clear()
        async with self._store.connection() as connection:
            shards = await outcomes.waiting_shards(connection)
        if shards:
            # Before any lock is taken: while Kafka is away nobody shall wait for us.
            await self._started()
        sent = 0
        for shard in shards:
            sent += await self._send_shard(shard)
        return sent

    async def _send_shard(self, shard: int) -> int:
        async with self._store.transaction() as connection:
            if not await outcomes.claim_shard(connection, shard):
                return 0
            rows = await outcomes.read_outbox(connection, shard, self._batch_max)
            rows = await _not_withheld(connection, rows)
            if rows:
                await self._send([row for _, row in rows])
                await outcomes.remove_from_outbox(connection, [i for i, _ in rows])
            return len(rows)

    async def _send(self, rows: Sequence[OutboxRow]) -> None:
        """Every message acknowledged, each partition's in the order given; raises otherwise.

        Whole batches are handed over: aiokafka's `send` costs ten times as much per message.
        """
        producer = await self._started()
        async with asyncio.timeout(SEND_SECONDS_MAX):
            places = {}
            for code in {row.topic for row in rows}:
                topic = self._topics[TopicCode(code)]
                places[code] = topic, len(await producer.partitions_for(topic))
            shares: dict[tuple[str, int], list[_Message]] = defaultdict(list)
            for row in rows:
                message = self._message(row)
                topic, partitions = places[row.topic]
                shares[(topic, partition_of(message[0], partitions))].append(message)
            await asyncio.gather(*(self._send_share(producer, *at, r) for at, r in shares.items()))

    async def _send_share(
        self, producer: AIOKafkaProducer, topic: str, partition: int, messages: list[_Message]
    ) -> None:
        batch = producer.create_batch()
        for key, value, headers in messages:
            if batch.append(timestamp=None, key=key, value=value, headers=headers) is None:
                await (await producer.send_batch(batch, topic, partition=partition))
                batch = producer.create_batch()
                if batch.append(timestamp=None, key=key, value=value, headers=headers) is None:
                    raise MessageTooLargeError(f"a message of {len(value or b'')} bytes")
        await (await producer.send_batch(batch, topic, partition=partition))

    def _message(self, row: OutboxRow) -> _Message:
        if row.topic == TopicCode.TOUCHPOINTS:
            key, value = open_record(row.value or b"")
            return key, value, []
        subject = customer_text(row.customer_id)
        return subject.encode(), row.value, self._headers(row, subject)

    def _headers(self, row: OutboxRow, subject: str) -> list[tuple[str, bytes]]:
        if row.ce_type == TOMBSTONE:
            return []
        headers = kafka_headers(
            ce_id=id_text(row.ce_id),
            ce_type=row.ce_type,
            source=CE_SOURCE,
            time_us=row.created_at,
            subject=subject,
        )
        # A trace of its own begins with each message, named by its id: stable when sent again.
        trace = row.ce_id.hex()
        headers.append(("traceparent", f"00-{trace}-{trace[16:]}-00".encode()))
        return headers

    async def _started(self) -> AIOKafkaProducer:
        if self._producer is None:
            producer = AIOKafkaProducer(
                **self._options,
                acks="all",
                enable_idempotence=True,
                max_batch_size=1 << 20,
                max_request_size=8 << 20,
                linger_ms=2,
            )
            async with asyncio.timeout(START_SECONDS_MAX):
                await producer.start()
            self._producer = producer
        return self._producer

    async def _drop_producer(self) -> None:
        """After an error a producer may never send again: a new one is cheaper than to guess."""
        producer, self._producer = self._producer, None
        if producer is None:
            return
        try:
            async with asyncio.timeout(STOP_SECONDS_MAX):
                await producer.stop()
        except (KafkaError, TimeoutError, OSError) as error:
            log.debug("relay's producer did not stop cleanly", error=repr(error))

    async def _rest(self) -> None:
        try:
            async with asyncio.timeout(IDLE_SECONDS):
                await self._waiting.wait()
        except TimeoutError:
            return


async def _not_withheld(
    connection: Connection, rows: list[tuple[int, OutboxRow]]
) -> list[tuple[int, OutboxRow]]:
    """The rows without signals' records that a withdrawal has just taken out (semantics 8.2).

    A withdrawal that comes from now on waits until these are handed over.
    """
    asked = [outbox_id for outbox_id, row in rows if row.topic == TopicCode.SIGNALS]
    if not asked:
        return rows
    there = await queued.hand_over(connection, asked)
    return [one for one in rows if one[1].topic != TopicCode.SIGNALS or one[0] in there]
