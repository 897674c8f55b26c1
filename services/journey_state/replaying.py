"""`milepost replay`: the topic read from an instant to its end, and state built again from it."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from functools import partial

from services.contracts.times import DAY_US, SECOND_US
from services.journey_state.assignment import IdentityBounds
from services.journey_state.event import Arrival, InvalidRecordError, Record, read
from services.journey_state.firing import Firings
from services.journey_state.rebuilding import CUSTOMERS_MAX, Rebuilder, Rebuilt
from services.journey_state.store import progress
from services.journey_state.store.pool import Store
from services.journey_state.telling_topics import Report, TellingTopics
from services.journey_state.told import Told
from services.journey_state.topic_reading import Stretch, stretch_of
from services.settings import Settings

BATCH_RECORDS_MAX = 500


async def replay(settings: Settings, store: Store, from_us: int, report: Report) -> Rebuilt:
    """State is what the topic since `from_us` and the timeline say; `report` tells how far it is.

    What workers have not processed yet is left to them. Raises TopicMissingError, Kafka's and
    PostgreSQL's errors; whatever was done until then stands, and it can be done again.
    """
    firings = Firings(
        grace_us=int(settings.abandonment.grace_seconds * SECOND_US),
        recovery_us=int(settings.watermark.recovery_seconds * SECOND_US),
        clock=lambda: time.time_ns() // 1000,
    )
    told = Told()
    rebuilder = Rebuilder(
        store,
        firings,
        bounds=IdentityBounds(settings.identity.identifiers_max, settings.identity.moves_max),
        dedupe_us=settings.dedupe.days * DAY_US,
        told=told,
    )
    report("identifiers", 0, 1)
    await rebuilder.restore_identifiers()
    report("identifiers", 1, 1)
    await _read_topic(settings, store, from_us, rebuilder.put_back, partial(report, "records"))
    await rebuilder.link_by_hand()
    facts = TellingTopics(settings.kafka, store, told, report)
    await facts.read()
    await rebuilder.put_back_customers()
    await facts.read_missing_signals(rebuilder.put_back_signals)
    # Only now is the timeline whole, and identity asks it.
    await rebuilder.arrange(partial(report, "owners"))
    if rebuilder.missing:
        each = partial(report, "identities")
        await _read_topic(settings, store, from_us, rebuilder.identify, each)
    customers = await rebuilder.customers_met()
    for start in range(0, len(customers), CUSTOMERS_MAX):
        await rebuilder.recompute(customers[start : start + CUSTOMERS_MAX])
        report("customers", min(start + CUSTOMERS_MAX, len(customers)), len(customers))
    return rebuilder.done


async def _leave_to_workers(store: Store, stretch: Stretch) -> None:
    async with store.connection() as connection:
        stands = await progress.read_offsets(connection, stretch.topic, list(stretch.ranges))
    for partition, (lo, hi) in stretch.ranges.items():
        stand = stands.get(partition)
        stretch.ranges[partition] = (lo, min(hi, 0 if stand is None else stand.next_offset))


async def _read_topic(
    settings: Settings,
    store: Store,
    from_us: int,
    take: Callable[[Sequence[Arrival]], Awaitable[None]],
    report: Callable[[int, int], None],
) -> None:
    topic = settings.kafka.topics.touchpoints
    async with stretch_of(settings.kafka.client_options(), topic, from_us) as stretch:
        await _leave_to_workers(store, stretch)
        done = 0
        async for records in stretch.read():
            arrivals = list(_arrivals(records))
            for start in range(0, len(arrivals), BATCH_RECORDS_MAX):
                await take(arrivals[start : start + BATCH_RECORDS_MAX])
            done += len(records)
            report(done, stretch.records)


def _arrivals(records: Iterable[Record]) -> Iterator[Arrival]:
    for record in records:
        try:
            found = read(record)
        except InvalidRecordError:
            continue  # a dead letter, if it ever was processed
        if isinstance(found, Arrival):
            yield found
