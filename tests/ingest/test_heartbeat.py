"""Heartbeats: who says them, what they promise, when they let requests in."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.contracts.heartbeat import decode
from services.ingest.inflight import InFlight
from services.ingest.instance import FILE_NAME, Instance, InstanceError
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
