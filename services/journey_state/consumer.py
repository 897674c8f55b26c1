"""Partitions to batches to transactions: the loop that reads the touchpoint topic."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import KafkaError

from services.journey_state.connected import StaleReadError
from services.journey_state.event import Record
from services.journey_state.intake import Batch, Tally
from services.journey_state.metrics import WorkerMetrics
from services.journey_state.store import progress
from services.journey_state.store.pool import REFUSED, TRANSIENT, Store, blames_the_data
from services.journey_state.store.progress import FenceLostError
from services.settings import WorkerSettings

log = structlog.get_logger()

COMMIT_SECONDS = 1.0
COMMIT_SECONDS_MAX = 2.0
STOPPED_LOOK_SECONDS = 1.0
STALE_RETRIES_MAX = 8
BACKOFF_SECONDS_MAX = 5.0
PARTITION_FETCH_BYTES = 256 << 10
FETCH_BYTES_MAX = 4 << 20
LANES = 2

Process = Callable[[Batch, str | None], Awaitable[Tally]]


class Consumer:
    """Reads assigned partitions and hands batches to `process`, each exactly from its offset.

    The offset in PostgreSQL is the truth: a batch that does not start there is not applied, and
    after any failure reading goes on from there.
    """

    def __init__(
        self,
        client_options: Mapping[str, Any],
        topic: str,
        store: Store,
        process: Process,
        metrics: WorkerMetrics,
        settings: WorkerSettings,
    ) -> None:
        self._options = dict(client_options)
        self._topic = topic
        self._store = store
        self._process = process
        self._metrics = metrics
        self._settings = settings
        self._client: AIOKafkaConsumer | None = None
        self._cursors: dict[int, int] = {}
        self._stopped: set[int] = set()
        self._committed_at = 0.0
        self._looked_at = 0.0
        self.rounds = 0  # grows while the loop is alive
        self.applied = 0  # batches

    @property
    def partitions(self) -> int | None:
        """How many partitions the topic has; None before the first connection."""
        if self._client is None:
            return None
        found = self._client.partitions_for_topic(self._topic)
        return len(found) if found else None

    async def run(self, stopping: asyncio.Event) -> None:
        """Read until told to stop; the client is replaced after an error of Kafka's."""
        failures = 0
        while not stopping.is_set():
            self.rounds += 1
            try:
                await self._read_until(stopping)
                failures = 0
            except (KafkaError, OSError, *TRANSIENT) as error:
                failures += 1
                log.warning("consumer restarts", error=repr(error), failures=failures)
                await _pause(failures, stopping)
            finally:
                await self._close()

    def is_reading(self) -> bool:
        """Whether partitions are assigned and taken up; a spare worker has none and is not."""
        return bool(self._cursors)

    async def end_offsets(self) -> dict[int, int]:
        """The end of each partition's log."""
        client = self._client
        if client is None:
            return {}
        known = client.partitions_for_topic(self._topic) or set()
        ends = await client.end_offsets([TopicPartition(self._topic, p) for p in sorted(known)])
        return {tp.partition: offset for tp, offset in ends.items()}

    async def lag(self) -> dict[int, int]:
        """Records not yet processed in each partition that this consumer has."""
        ends = await self.end_offsets()
        return {p: ends[p] - cursor for p, cursor in self._cursors.items() if p in ends}

    async def _read_until(self, stopping: asyncio.Event) -> None:
        client = self._client = self._make_client()
        await client.start()
        client.subscribe([self._topic], listener=_Assignment(self._resume))
        while not stopping.is_set():
            self.rounds += 1
            found = await client.getmany(timeout_ms=self._settings.poll_milliseconds)
            if found:
                await self._take({tp.partition: records for tp, records in found.items()})
            await self._look_at_stopped()
            await self._commit()

    def _make_client(self) -> AIOKafkaConsumer:
        return AIOKafkaConsumer(
            **self._options,
            group_id=self._settings.group,
            enable_auto_commit=False,
            # The offset in PostgreSQL decides; what Kafka remembers is for dashboards.
            auto_offset_reset="earliest",
            max_partition_fetch_bytes=PARTITION_FETCH_BYTES,
            fetch_max_bytes=FETCH_BYTES_MAX,
            fetch_max_wait_ms=100,
            session_timeout_ms=self._settings.session_milliseconds,
            heartbeat_interval_ms=2_000,
            rebalance_timeout_ms=self._settings.session_milliseconds,
            max_poll_interval_ms=300_000,
            metadata_max_age_ms=30_000,
        )

    async def _take(self, found: dict[int, list[Any]]) -> None:
        """Apply what was read, some partitions beside others.

        While one lane waits for PostgreSQL the other computes. Each partition stays in its lane
        and in its order; customers with events in both are kept apart by their row locks, as
        between workers.
        """
        lanes = [{p: r for p, r in found.items() if p % LANES == lane} for lane in range(LANES)]
        ends = await asyncio.gather(
            *(self._take_lane(lane) for lane in lanes if lane), return_exceptions=True
        )
        for end in ends:
            if isinstance(end, BaseException):
                raise end

    async def _take_lane(self, found: dict[int, list[Any]]) -> None:
        """Apply a lane's part; whatever goes wrong, go on from the offsets in PostgreSQL."""
        try:
            for batch in self._batches(await self._expected(found)):
                await self._apply(batch)
                self.applied += 1
                for partition, (_, after) in batch.moves.items():
                    if partition not in self._stopped:
                        self._cursors[partition] = after
        except FenceLostError:
            self._metrics.fence_conflicts.inc()
            log.info("fence lost", partitions=sorted(found))
            await self._resume(found)
        except StaleReadError:
            log.warning("owners keep changing under a batch", partitions=sorted(found))
            await self._resume(found)
        except (*TRANSIENT, *REFUSED) as error:
            # It says nothing of the records: they are read again until it does its work.
            log.warning("database away, or refuses", error=repr(error))
            await asyncio.sleep(random.uniform(0.2, 1.0))  # noqa: S311 - jitter
            await self._resume(found)

    async def _expected(self, found: dict[int, list[Any]]) -> dict[int, list[Any]]:
        """Only records that start where the partition stands; others were fetched too early."""
        expected = {}
        astray = []
        for partition, records in found.items():
            cursor = self._cursors.get(partition)
            if cursor == records[0].offset:
                expected[partition] = records
            elif partition not in self._stopped:
                astray.append(partition)
        if astray:
            await self._resume(astray)
        return expected

    def _batches(self, found: dict[int, list[Any]]) -> Iterator[Batch]:
        """Chunks of at most `batch_records_max` records, contiguous in each partition."""
        records: list[Record] = []
        moves: dict[int, tuple[int, int]] = {}
        for partition, all_records in found.items():
            start = 0
            while start < len(all_records):
                part = all_records[start : start + self._settings.batch_records_max - len(records)]
                start += len(part)
                moves[partition] = (part[0].offset, part[-1].offset + 1)
                records += [_record(r) for r in part]
                if len(records) >= self._settings.batch_records_max:
                    yield Batch(records, moves)
                    records, moves = [], {}
        if records:
            yield Batch(records, moves)

    async def _apply(self, batch: Batch) -> None:
        for attempt in range(STALE_RETRIES_MAX):
            try:
                with self._metrics.batch_seconds.time():
                    tally = await self._process(batch, None)
                self._note(tally)
                return
            except StaleReadError:
                # Another worker changed an owner meanwhile; read again.
                await asyncio.sleep(random.uniform(0, 0.01 * 2**attempt))  # noqa: S311 - jitter
            except FenceLostError:
                raise
            except Exception as error:
                if not blames_the_data(error):
                    raise
                await self._isolate(batch, error)
                return
        raise StaleReadError

    async def _isolate(self, batch: Batch, error: Exception) -> None:
        """Halve a batch that cannot be applied until the one record is found, and set it aside."""
        if len(batch.records) == 1:
            record = batch.records[0]
            log.error(
                "record set aside",
                partition=record.partition,
                offset=record.offset,
                error=repr(error),
                exc_info=error,
            )
            self._note(await self._process(batch, repr(error)))
            return
        for half in _halves(batch):
            await self._apply(half)

    def _note(self, tally: Tally) -> None:
        """Count what became of a batch, and stand still where the brake is on."""
        self._metrics.count(tally)
        for partition, reason in tally.stopped.items():
            self._stand_still(partition, "partition stopped: too many records failed", reason)

    async def _resume(self, partitions: Iterable[int]) -> None:
        """Take up each partition at its offset in PostgreSQL."""
        client = self._client
        if client is None:
            return
        wanted = sorted(partitions)
        async with self._store.connection() as connection:
            await progress.begin_offsets(connection, self._topic, wanted)
            stands = await progress.read_offsets(connection, self._topic, wanted)
        assigned = client.assignment()
        for partition in wanted:
            tp = TopicPartition(self._topic, partition)
            self._cursors.pop(partition, None)
            if tp not in assigned:
                self._stopped.discard(partition)
                continue
            offset, braked = stands[partition]
            if braked:
                self._stand_still(partition, "partition stopped: its brake is on", None)
            elif await self._is_there(client, tp, offset):
                client.seek(tp, offset)
                self._cursors[partition] = offset

    async def _is_there(self, client: AIOKafkaConsumer, tp: TopicPartition, offset: int) -> bool:
        """Whether Kafka still holds the next record; if not, the partition stands still."""
        begins = (await client.beginning_offsets([tp]))[tp]
        ends = (await client.end_offsets([tp]))[tp]
        there = bool(begins <= offset <= ends)
        reason = None if there else f"next offset {offset}, but the log holds {begins} to {ends}"
        async with self._store.connection() as connection:
            await progress.note_stop(connection, self._topic, tp.partition, reason)
        if there:
            self._stopped.discard(tp.partition)
            client.resume(tp)
            return True
        text = "partition stopped: Kafka does not hold the next record"
        self._stand_still(tp.partition, text, reason)
        return False

    def _stand_still(self, partition: int, text: str, reason: str | None) -> None:
        """Read no more of the partition; say so once."""
        tp = TopicPartition(self._topic, partition)
        self._cursors.pop(partition, None)
        if self._client is not None and tp in self._client.assignment():
            self._client.pause(tp)
        if partition not in self._stopped:
            self._stopped.add(partition)
            log.error(text, partition=partition, reason=reason, hint="see docs/operations.md")

    async def _look_at_stopped(self) -> None:
        """Once a second: whether an operator has let a partition go on."""
        now = asyncio.get_running_loop().time()
        if self._stopped and now - self._looked_at >= STOPPED_LOOK_SECONDS:
            self._looked_at = now
            await self._resume(list(self._stopped))

    async def _commit(self) -> None:
        """Tell Kafka how far we are, once a second, for dashboards alone."""
        now = asyncio.get_running_loop().time()
        if self._client is None or now - self._committed_at < COMMIT_SECONDS:
            return
        self._committed_at = now
        assigned = self._client.assignment()
        offsets = {
            tp: self._cursors[tp.partition] for tp in assigned if tp.partition in self._cursors
        }
        try:
            async with asyncio.timeout(COMMIT_SECONDS_MAX):
                if offsets:
                    await self._client.commit(offsets)
        except (KafkaError, TimeoutError, ValueError) as error:
            log.debug("commit for dashboards failed", error=repr(error))

    async def _close(self) -> None:
        client, self._client = self._client, None
        self._cursors.clear()
        if client is None:
            return
        try:
            async with asyncio.timeout(5):
                await client.stop()
        except (KafkaError, TimeoutError, OSError) as error:
            log.debug("consumer did not stop cleanly", error=repr(error))


class _Assignment(ConsumerRebalanceListener):  # type: ignore[misc]
    """Takes up partitions as they are assigned. What is revoked needs nothing: the fence holds."""

    def __init__(self, resume: Callable[[Iterable[int]], Awaitable[None]]) -> None:
        self._resume = resume

    async def on_partitions_revoked(self, revoked: Sequence[TopicPartition]) -> None:
        log.debug("revoked", partitions=len(revoked))

    async def on_partitions_assigned(self, assigned: Sequence[TopicPartition]) -> None:
        log.info("assigned", partitions=sorted(tp.partition for tp in assigned))
        try:
            await self._resume([tp.partition for tp in assigned])
        except (KafkaError, *TRANSIENT) as error:
            # aiokafka would swallow it; a partition without a cursor is taken up by the loop.
            log.warning("assignment not taken up yet", error=repr(error))


def _record(found: Any) -> Record:
    return Record(
        found.partition, found.offset, found.timestamp * 1000, found.key, found.value, found.headers
    )


def _halves(batch: Batch) -> Iterator[Batch]:
    middle = len(batch.records) // 2
    for part in (batch.records[:middle], batch.records[middle:]):
        moves: dict[int, tuple[int, int]] = {}
        for record in part:
            low, _ = moves.get(record.partition, (record.offset, 0))
            moves[record.partition] = (low, record.offset + 1)
        yield Batch(part, moves)


async def _pause(failures: int, stopping: asyncio.Event) -> None:
    """Back off with jitter, but not longer than until the stop."""
    seconds = min(0.2 * 2**failures, BACKOFF_SECONDS_MAX) * random.uniform(0.5, 1)  # noqa: S311
    try:
        async with asyncio.timeout(seconds):
            await stopping.wait()
    except TimeoutError:
        return
