"""Batches: order, bounds, and an answer for everyone who waits."""

from __future__ import annotations

import asyncio

import pytest

from services.contracts.touchpoint import partition_of
from services.ingest.accumulator import (
    NO_HEADERS,
    RECORD_OVERHEAD_BYTES,
    RETURN_SECONDS_MAX,
    Accumulator,
    Batch,
    Headers,
    Lane,
    Waiter,
)
from services.ingest.errors import UnavailableError
from services.ingest.sink import KafkaSink
from services.settings import KafkaSettings
from tests.ingest.serving import records_of
from tests.waiting import until

BATCH_RECORDS = 3


class Records:
    """A builder that is full after a few records."""

    def __init__(self) -> None:
        self.values: list[bytes | None] = []

    def append(
        self,
        *,
        timestamp: int | None,
        key: bytes | None,
        value: bytes | None,
        headers: Headers = NO_HEADERS,
    ) -> object:
        if len(self.values) == BATCH_RECORDS:
            return None
        self.values.append(value)
        return self


class Broker:
    """Takes rounds when it is let, and remembers what it was given."""

    def __init__(self, return_seconds_max: float = RETURN_SECONDS_MAX) -> None:
        self.rounds: list[list[Batch]] = []
        self.open = asyncio.Event()
        self.open.set()
        self.fails = False
        self.accumulator = Accumulator(
            Records, lambda lane: lane.partition % 2, self.deliver, return_seconds_max
        )
        self.accumulator.paused = False

    async def deliver(self, batches: list[Batch]) -> None:
        self.rounds.append(batches)
        await self.open.wait()
        for batch in batches:
            if self.fails:
                self.accumulator.fail(batch, "no")
            else:
                self.accumulator.settle(batch, 7)

    def send(self, lane: Lane, *values: bytes) -> Waiter:
        waiter = Waiter(asyncio.get_running_loop())
        for value in values:
            self.accumulator.append(lane, None, value, waiter)
        self.accumulator.gathered()
        return waiter

    def values(self, lane: Lane) -> list[bytes | None]:
        batches = [batch for one in self.rounds for batch in one if batch.lane is lane]
        found: list[bytes | None] = []
        for batch in batches:
            assert isinstance(batch.builder, Records)
            found += batch.builder.values
        return found


async def test_one_lanes_records_keep_their_order() -> None:
    broker, lane = Broker(), Lane("t", 0)
    numbers = [b"%d" % n for n in range(20)]
    waiters = [broker.send(lane, number) for number in numbers]
    for waiter in waiters:
        await waiter.future
    assert broker.values(lane) == numbers
    assert broker.accumulator.bytes == 0
    assert waiters[0].append_time_ms == 7


async def test_a_request_waits_for_all_of_its_batches() -> None:
    broker = Broker()
    broker.open.clear()
    lanes = [Lane("t", n) for n in range(4)]
    waiter = Waiter(asyncio.get_running_loop())
    for lane in lanes:
        broker.accumulator.append(lane, None, b"x", waiter)
    assert waiter.pending == 4
    broker.open.set()
    await waiter.future
    assert waiter.pending == 0


async def test_a_brokers_next_round_waits_for_the_one_before() -> None:
    broker, even, odd = Broker(), Lane("t", 0), Lane("t", 1)
    broker.open.clear()
    first = broker.send(even, b"1")
    await rounds(broker, 1)
    later = [broker.send(even, b"2"), broker.send(even, b"3")]
    other = broker.send(odd, b"4")
    await rounds(broker, 2)
    assert [batch.lane for batch in broker.rounds[1]] == [odd]
    broker.open.set()
    for waiter in (first, other, *later):
        await waiter.future
    assert broker.values(even) == [b"1", b"2", b"3"]
    assert len(broker.rounds) == 3


async def test_a_round_waits_for_those_whom_the_last_one_answered() -> None:
    broker, lane = Broker(return_seconds_max=60), Lane("t", 0)
    for waiter in [broker.send(lane, b"1"), broker.send(lane, b"2")]:
        await waiter.future
    first = broker.send(lane, b"3")
    for _ in range(20):
        await asyncio.sleep(0)
    assert len(broker.rounds) == 1
    second = broker.send(lane, b"4")
    await asyncio.gather(first.future, second.future)
    assert len(broker.rounds) == 2


async def test_a_round_does_not_wait_long_for_those_who_stay_away() -> None:
    broker, lane = Broker(return_seconds_max=0.001), Lane("t", 0)
    for waiter in [broker.send(lane, b"1"), broker.send(lane, b"2")]:
        await waiter.future
    await broker.send(lane, b"3").future
    assert broker.values(lane) == [b"1", b"2", b"3"]


async def test_a_lone_sender_is_never_waited_for() -> None:
    broker, lane = Broker(return_seconds_max=60), Lane("t", 0)
    for number in range(5):
        await broker.send(lane, b"%d" % number).future
    assert len(broker.rounds) == 5


async def test_records_go_to_the_lane_of_their_key_in_order_and_fill_several_batches() -> None:
    broker, lanes = Broker(), [Lane("t", 0), Lane("t", 2)]
    records = [(b"user_id:%d" % (n % 5), b"%d" % n) for n in range(20)]
    waiter = Waiter(asyncio.get_running_loop())
    broker.accumulator.extend(lanes, records, waiter)
    assert broker.accumulator.bytes == sum(RECORD_OVERHEAD_BYTES + len(v) for _, v in records)
    await waiter.future
    for number, lane in enumerate(lanes):
        own = [value for key, value in records if partition_of(key, 2) == number]
        assert broker.values(lane) == own
    assert broker.accumulator.bytes == 0


async def rounds(broker: Broker, count: int) -> None:
    """Returns when the broker was given so many."""

    async def given() -> bool:
        return len(broker.rounds) >= count

    await until(given)


async def test_a_failed_batch_answers_everyone_who_waits_for_it() -> None:
    broker, lane = Broker(), Lane("t", 0)
    broker.fails = True
    for waiter in [broker.send(lane, b"1"), broker.send(lane, b"2")]:
        with pytest.raises(UnavailableError):
            await waiter.future
    assert broker.accumulator.bytes == 0


async def test_a_cancelled_request_leaves_the_others_alone() -> None:
    broker, lane = Broker(), Lane("t", 0)
    gone, stays = broker.send(lane, b"1"), broker.send(lane, b"2")
    gone.future.cancel()
    await stays.future


async def test_what_waits_too_long_is_refused_from_the_front() -> None:
    broker, lane = Broker(), Lane("t", 0)
    broker.accumulator.paused = True
    waiters = [broker.send(lane, b"x") for _ in range(BATCH_RECORDS + 1)]
    (full,) = lane.full
    assert lane.open is not None
    lane.open.opened_at = full.opened_at + 1
    broker.accumulator.fail_waiting("too slow", full.opened_at + 0.5)
    for waiter in waiters[:-1]:
        with pytest.raises(UnavailableError, match="too slow"):
            await waiter.future
    broker.accumulator.paused = False
    broker.accumulator.schedule()
    await waiters[-1].future


async def test_aborted_rounds_answer_and_end() -> None:
    broker, lane = Broker(), Lane("t", 0)
    broker.open.clear()
    waiter = broker.send(lane, b"1")
    await rounds(broker, 1)
    assert broker.accumulator.oldest_in_flight() is not None
    await broker.accumulator.abort_rounds("replaced")
    with pytest.raises(UnavailableError, match="replaced"):
        await waiter.future
    assert broker.accumulator.oldest_in_flight() is None


async def test_what_waits_for_kafka_is_bounded(kafka_settings: KafkaSettings) -> None:
    sink = KafkaSink(kafka_settings, ack_seconds_max=4, inflight_bytes_max=10_000)
    sink.start()
    await sink.started()
    sends = [sink.send([(b"user_id:u", b"%05d" % n * 1000)]) for n in range(50)]
    answers = await asyncio.gather(*sends, return_exceptions=True)
    refused = [answer for answer in answers if answer is not None]
    assert all(isinstance(answer, UnavailableError) for answer in refused)
    assert 0 < len(refused) < 50
    await sink.send([(b"user_id:u", b"after")])
    await sink.stop(seconds_max=5)
    found = await records_of(kafka_settings, kafka_settings.topics.touchpoints)
    assert sum(len(records) for records in found.values()) == 51 - len(refused)
