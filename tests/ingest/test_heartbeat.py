"""Heartbeats: who says them, what they promise, when they let requests in."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.contracts.heartbeat import Spool, decode
from services.ingest.heartbeat import Pulse
from services.ingest.inflight import InFlight
from services.ingest.instance import FILE_NAME, Instance, InstanceError
from services.ingest.spool_folder import unserved
from tests.ingest.memory import NOW, Desk


def test_an_id_stays_with_its_folder_and_counts_on(tmp_path: Path) -> None:
    first = Instance(tmp_path / "spool")
    beats = [first.next_seq(), first.next_seq()]
    assert not first.is_live
    first.set_live(True)
    first.close()
    second = Instance(tmp_path / "spool")
    assert second.id == first.id
    assert second.is_live
    assert second.next_seq() > beats[1] > beats[0]
    second.close()


def test_without_a_folder_every_start_is_another_instance() -> None:
    assert Instance(None).id != Instance(None).id


def test_a_folder_serves_one_process(tmp_path: Path) -> None:
    first = Instance(tmp_path)
    with pytest.raises(InstanceError, match="another ingest"):
        Instance(tmp_path)
    first.close()


def test_a_damaged_folder_is_explained(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_text("{")
    with pytest.raises(InstanceError, match="remove it"):
        Instance(tmp_path)


async def test_a_beat_tells_the_oldest_request(desk: Desk) -> None:
    ticket, received_at = desk.inflight.enter()
    desk.now += 5_000_000
    other, _ = desk.inflight.enter()
    await desk.pulse.beat("beat")
    desk.inflight.leave(ticket)
    await desk.pulse.beat("beat")
    desk.inflight.leave(other)
    desk.now += 1
    await desk.pulse.beat("beat")
    hello, *beats = [decode(value) for value in desk.sink.beats]
    assert (hello.phase, hello.low_watermark) == ("hello", NOW)
    assert [beat.low_watermark for beat in beats] == [received_at, NOW + 5_000_000, NOW + 5_000_001]
    assert len({beat.seq for beat in (hello, *beats)}) == 4
    assert {beat.spool for beat in beats} == {"none"}


async def test_a_clock_behind_kafka_takes_no_events(desk: Desk) -> None:
    desk.sink.append_time = desk.now + 2_000_001
    assert not await desk.pulse.beat("hello")
    assert not desk.pulse.is_ready
    desk.now += 1
    assert await desk.pulse.beat("hello")
    assert desk.pulse.is_ready


async def test_after_a_long_silence_it_says_hello_again(desk: Desk) -> None:
    await desk.pulse.speak()
    desk.now += 61_000_000
    assert not desk.pulse.is_ready
    await desk.pulse.speak()
    await desk.pulse.speak()
    assert [decode(beat).phase for beat in desk.sink.beats] == ["hello", "beat", "hello", "beat"]


async def test_an_event_acknowledged_after_a_long_standstill_is_refused(desk: Desk) -> None:
    def stand_still() -> None:
        desk.now += 61_000_000

    desk.sink.meanwhile = stand_still
    answer = await desk.post("/v1/events", {"type": "page", "userId": "u1"})
    assert (answer.status_code, len(desk.sink.records)) == (503, 1)


async def test_after_goodbye_nothing_is_taken(desk: Desk) -> None:
    desk.instance.set_live(True)
    assert await desk.pulse.say_goodbye()
    assert not desk.pulse.is_ready
    assert not desk.instance.is_live
    assert decode(desk.sink.beats[-1]).phase == "goodbye"


def test_folders_that_no_worker_serves_any_more_are_found(tmp_path: Path) -> None:
    for number in range(3):
        worker = Instance(tmp_path / f"worker-{number}")
        worker.set_live(number != 1)
        worker.close()
    assert unserved(tmp_path, 3) == []
    assert unserved(tmp_path, 1) == [tmp_path / "worker-2"]
    alone = Instance(tmp_path)
    alone.set_live(True)
    assert unserved(tmp_path, 0) == [tmp_path / "worker-0", tmp_path / "worker-2"]
    assert unserved(tmp_path, 3) == [tmp_path]
    alone.close()
    assert unserved(None, 2) == unserved(tmp_path / "missing", 2) == []


class Waiting:
    """A spool's state as heartbeats tell it."""

    def __init__(self, state: Spool = "empty", oldest: int | None = None) -> None:
        self.state = state
        self.oldest = oldest


def pulse_of(desk: Desk, folder: Path, backlog: Waiting) -> tuple[Pulse, Instance]:
    """That of an ingest that has just started over the folder."""
    instance = Instance(folder)
    return Pulse(instance, desk.inflight, desk.sink, 120, backlog), instance


def is_ready(pulse: Pulse) -> bool:
    return pulse.is_ready


async def test_a_restart_while_kafka_is_away_takes_events_if_the_watermark_waits_for_it(
    desk: Desk, tmp_path: Path
) -> None:
    first, instance = pulse_of(desk, tmp_path, Waiting())
    desk.sink.reason = "Kafka is away"
    await first.speak()
    assert not is_ready(first)
    desk.sink.reason = ""
    await first.speak()
    assert is_ready(first)
    instance.close()
    desk.sink.reason = "Kafka is away"
    second, instance = pulse_of(desk, tmp_path, Waiting("pending", NOW))
    assert second.is_ready
    second.require_ready(desk.now)
    desk.sink.reason = ""
    await second.speak()
    assert decode(desk.sink.beats[-1]).phase == "hello"
    instance.close()


async def test_a_hello_that_told_of_no_spool_is_waited_for_by_nobody(
    desk: Desk, tmp_path: Path
) -> None:
    first, instance = pulse_of(desk, tmp_path, Waiting("none"))
    await first.speak()
    instance.close()
    second, instance = pulse_of(desk, tmp_path, Waiting())
    assert instance.is_live
    assert not second.is_ready
    instance.close()


async def test_with_a_spool_silence_costs_nothing_and_ends_with_a_hello(
    desk: Desk, tmp_path: Path
) -> None:
    waiting = Waiting()
    pulse, instance = pulse_of(desk, tmp_path, waiting)
    await pulse.speak()
    desk.sink.reason = "Kafka is away"
    desk.now += 3_600_000_000
    waiting.state, waiting.oldest = "pending", NOW + 1
    await pulse.speak()
    pulse.require_ready(desk.now)
    desk.sink.reason = ""
    await pulse.speak()
    beat = decode(desk.sink.beats[-1])
    assert (beat.phase, beat.spool, beat.low_watermark) == ("hello", "pending", NOW + 1)
    instance.close()


async def test_with_a_spool_too_a_clock_behind_kafka_takes_no_events(
    desk: Desk, tmp_path: Path
) -> None:
    pulse, instance = pulse_of(desk, tmp_path, Waiting())
    await pulse.speak()
    desk.sink.append_time = desk.now + 2_000_001
    await pulse.speak()
    assert not is_ready(pulse)
    desk.now += 1
    await pulse.speak()
    assert is_ready(pulse)
    instance.close()


async def test_a_stop_with_a_spool_that_is_not_empty_is_no_goodbye(
    desk: Desk, tmp_path: Path
) -> None:
    pulse, instance = pulse_of(desk, tmp_path, Waiting("pending", NOW - 1))
    await pulse.speak()
    assert not await pulse.say_goodbye()
    beat = decode(desk.sink.beats[-1])
    assert (beat.phase, beat.spool, beat.low_watermark) == ("beat", "pending", NOW - 1)
    assert instance.is_held
    instance.close()


async def test_a_goodbye_that_may_have_been_heard_is_remembered(desk: Desk, tmp_path: Path) -> None:
    pulse, instance = pulse_of(desk, tmp_path, Waiting())
    await pulse.speak()
    desk.sink.reason = "the answer is lost"
    assert not await pulse.say_goodbye()
    instance.close()
    again, instance = pulse_of(desk, tmp_path, Waiting())
    assert not again.is_ready
    instance.close()


steps = st.lists(st.integers(-5, 5) | st.sampled_from(["enter", "leave", "look"]))


@given(steps)
def test_no_stamp_is_below_a_low_watermark_said_before(moves: list[int | str]) -> None:
    now = NOW
    inflight = InFlight(lambda: now)
    open_tickets: list[tuple[int, int]] = []
    said = 0
    for move in moves:
        if isinstance(move, int):
            now += move
        elif move == "enter":
            ticket, received_at = inflight.enter()
            assert received_at >= said
            open_tickets.append((ticket, received_at))
        elif move == "leave" and open_tickets:
            inflight.leave(open_tickets.pop(len(open_tickets) // 2)[0])
        elif move == "look":
            low = inflight.low_watermark()
            assert low >= said
            assert all(received_at >= low for _, received_at in open_tickets)
            said = low
