"""The worker role: consumer, deadlines and relay side by side, on one store."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from math import inf

import structlog
from uuid_utils import uuid7

from services.contracts.times import DAY_US, SECOND_US
from services.journey_state.active import activate
from services.journey_state.brake import BrakeLimits
from services.journey_state.computed_by import tell
from services.journey_state.consumer import Consumer
from services.journey_state.deadlines import Deadlines
from services.journey_state.definition import Definition
from services.journey_state.firing import Firings
from services.journey_state.health import Health, serve_health
from services.journey_state.in_force import CHECKPOINT_EVERY
from services.journey_state.intake import Batch, Intake, Spans, Tally
from services.journey_state.maintenance import Maintenance
from services.journey_state.metrics import WorkerMetrics
from services.journey_state.owners import IdentityBounds
from services.journey_state.relay import Relay
from services.journey_state.republishing import Republishing
from services.journey_state.retention import Retention
from services.journey_state.rolling import Rolling
from services.journey_state.signals import DEFINITION
from services.journey_state.stall import StallWatch
from services.journey_state.store import progress, rollups
from services.journey_state.store.pool import TRANSIENT, Store
from services.settings import Settings

log = structlog.get_logger()

CONNECT_RETRY_SECONDS = 0.5
LAG_SECONDS = 2.0
# The client asks on for 40 s, also when it is being closed, and a stop would wait for that.
LAG_ANSWER_SECONDS_MAX = 2.0
WATCH_SECONDS = 0.5
STAGES_SECONDS = 10.0


class Worker:
    """One worker process. Any number may run; partitions, shards and customers are shared out."""

    def __init__(
        self, settings: Settings, store: Store, *, checkpoint_every: int = CHECKPOINT_EVERY
    ) -> None:
        self.metrics = WorkerMetrics()
        self.health = Health(self.metrics.registry)
        self._settings = settings
        self._store = store
        self._stages_at = 0.0
        self._lag = inf  # until it is known
        topics = settings.kafka.topics
        self._topic = topics.touchpoints
        self._firings = firings = Firings(
            grace_us=int(settings.abandonment.grace_seconds * SECOND_US),
            recovery_us=int(settings.watermark.recovery_seconds * SECOND_US),
            clock=_now_us,
            checkpoint_every=checkpoint_every,
        )
        self._intake = Intake(
            store,
            topics.touchpoints,
            firings,
            bounds=IdentityBounds(settings.identity.identifiers_max, settings.identity.moves_max),
            spans=_spans(settings),
            new_id=lambda: uuid7().bytes,
        )
        self._deadlines = Deadlines(
            store,
            topics.touchpoints,
            firings,
            lease_seconds=settings.watermark.lease_seconds,
            batch_max=settings.worker.deadlines_batch_max,
        )
        self._republishing = Republishing(
            store,
            firings,
            applied=lambda: self.consumer.applied,
            done=self._count_recomputed,
            batch_max=settings.worker.recompute_batch_max,
        )
        self._rolling = Rolling(
            store, firings, lag=lambda: self._lag, applied=lambda: self.consumer.applied
        )
        self._maintenance = _maintenance(settings, store, firings)
        options = settings.kafka.client_options()
        self.relay = Relay(
            options, topics, store, self.metrics, batch_max=settings.worker.relay_batch_max
        )
        self.consumer = Consumer(
            options,
            topics.touchpoints,
            store,
            self._process,
            self.metrics,
            settings.worker,
        )
        self.health.ready = self.consumer.is_reading

    async def run(self, stopping: asyncio.Event) -> None:
        """Work until told to stop; a loop that dies ends the process, not just itself."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.consumer.run(stopping))
            tasks.create_task(self._watch_consumer(stopping))
            tasks.create_task(self.relay.run(stopping))
            tasks.create_task(self._tick(stopping))
            tasks.create_task(self._republishing.run(stopping))
            tasks.create_task(self._watch_lag(stopping))
            tasks.create_task(self._maintenance.run(stopping))
            tasks.create_task(self._rolling.run(stopping))

    async def _process(self, batch: Batch, condemned: str | None) -> Tally:
        tally = await self._intake.process(batch, condemned=condemned)
        if tally.messages:
            self.relay.wake()
        return tally

    def _count_recomputed(self, customers: int) -> None:
        self.metrics.refolds.labels(DEFINITION).inc(customers)
        self.relay.wake()

    async def _tick(self, stopping: asyncio.Event) -> None:
        """Raise W and fire what is due, again and again."""
        seconds = self._settings.worker.tick_milliseconds / 1000
        while not stopping.is_set():
            self.health.came_round("deadlines")
            try:
                await self._look()
            except TRANSIENT as error:
                log.warning("deadlines wait for the database", error=repr(error))
            await asyncio.sleep(seconds)

    async def _look(self) -> None:
        partitions = self.consumer.partitions
        if partitions is None:
            return
        found = await self._deadlines.raise_watermark(partitions)
        self.metrics.show_holds(found.held_by, _now_us())
        if found.at is None:
            return
        self.metrics.watermark_lag_seconds.set((_now_us() - found.at) / SECOND_US)
        while await self._deadlines.fire():
            self.relay.wake()

    async def _watch_consumer(self, stopping: asyncio.Event) -> None:
        """The consumer's loop is alive while its count of rounds grows."""
        rounds = -1
        while not stopping.is_set():
            if self.consumer.rounds != rounds:
                rounds = self.consumer.rounds
                self.health.came_round("consumer")
            await asyncio.sleep(WATCH_SECONDS)

    async def _watch_lag(self, stopping: asyncio.Event) -> None:
        """Gauges; and the process ends when work waits, the servers answer and nothing moves."""
        watch = StallWatch()
        while not stopping.is_set():
            await asyncio.sleep(LAG_SECONDS)
            try:
                async with asyncio.timeout(LAG_ANSWER_SECONDS_MAX):
                    lags = await self.consumer.lag()
                self._lag = sum(lags.values())
                for partition, lag in lags.items():
                    self.metrics.lag_records.labels(partition).set(lag)
                await self._read_gauges()
            except Exception as error:  # noqa: BLE001 - a gauge must not end the worker
                log.debug("gauges unknown", error=repr(error))
                continue
            waiting, now = sum(lags.values()), time.monotonic()
            watch.look(waiting=waiting, applied=self.consumer.applied, now=now)

    async def _read_gauges(self) -> None:
        now = time.monotonic()
        async with self._store.connection() as connection:
            self.metrics.show_backlog(await progress.read_backlog(connection))
            self.metrics.show_rollup(await rollups.read_standing(connection))
            self.metrics.count_expression_errors(self._firings.evaluation_errors())
            if now >= self._stages_at:
                # It reads every history: the more there are, the rarer.
                self.metrics.show_stages(await progress.count_stages(connection))
                took = time.monotonic() - now
                self._stages_at = now + max(STAGES_SECONDS, 50 * took)
                await progress.forget_instances(connection, self._topic)


async def serve(
    settings: Settings,
    definition: Definition | None,
    default: Definition,
    stopping: asyncio.Event,
) -> None:
    """The role `milepost worker`: returns after `stopping` is set and all is put down.

    `default` is put in force where there is none yet and `definition` is not given. Raises
    UnpublishedDefinitionError when `definition` is not the one in force.
    """
    store = await _connected(settings, stopping)
    if store is None:
        return
    try:
        await activate(store, definition, default)
        await tell(store, settings)
        worker = Worker(settings, store)
        async with serve_health(worker.health, settings.worker):
            await worker.run(stopping)
    finally:
        await _bounded(store.close, store.terminate)


def _maintenance(settings: Settings, store: Store, firings: Firings) -> Maintenance:
    return Maintenance(
        store,
        Retention(store, firings, timeline_us=settings.retention.timeline_days * DAY_US),
        dedupe_us=settings.dedupe.days * DAY_US,
        clock=_now_us,
    )


def _spans(settings: Settings) -> Spans:
    worker = settings.worker
    return Spans(
        gap_us=int(settings.watermark.gap_seconds * SECOND_US),
        dedupe_us=settings.dedupe.days * DAY_US,
        brake=BrakeLimits(
            share_max=worker.dead_letters_share_max,
            window_records=worker.dead_letters_window_records,
            run_records=worker.dead_letters_run_records,
        ),
    )


async def _connected(settings: Settings, stopping: asyncio.Event) -> Store | None:
    while not stopping.is_set():
        try:
            return await Store.connect(
                settings.database.url, connections_max=settings.database.pool_max
            )
        except TRANSIENT as error:
            log.warning("database not reachable yet", error=repr(error))
            await asyncio.sleep(CONNECT_RETRY_SECONDS)
    return None


async def _bounded(close: Callable[[], Awaitable[None]], terminate: Callable[[], None]) -> None:
    try:
        async with asyncio.timeout(3):
            await close()
    except TimeoutError:
        terminate()


def _now_us() -> int:
    return time.time_ns() // 1000
