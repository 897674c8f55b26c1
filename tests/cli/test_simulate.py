"""The simulator over real HTTP against a server that remembers what it was sent."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from services.cli.simulate.oracle import DEMO
from services.cli.simulate.play import Options, Play
from services.cli.simulate.sender import SendError
from services.cli.simulate.story import Cast
from services.cli.simulate.target import Target, TargetError, parse_keys, target
from services.cli.simulate.tempo import Tempo
from services.cli.simulate.wire import DIALECTS
from services.contracts.touchpoint import CHANNELS
from tests.cli.recorder import Recorder, serving

if TYPE_CHECKING:
    from pathlib import Path

KEYS = {channel: f"key-of-{channel}-123456" for channel in CHANNELS}


def options(oracle: Path | None = None, *, past: int = 25, live: int | None = 20) -> Options:
    """A play fast enough for a test: a life of hours in a second or two."""
    return Options(
        customers=live,
        events_per_second=400,
        days=5,
        seed=11,
        tempo=Tempo(speed=9000, day_seconds=0.1, gap_seconds_min=0.02),
        past_customers=past,
        past_tempo=Tempo(speed=30),
        timings=DEMO,
        oracle=oracle,
    )


async def play(recorder: Recorder, played: Options, stop: asyncio.Event | None = None) -> list[str]:
    lines: list[str] = []
    async with serving(recorder) as url:
        await Play(Target(url, KEYS), played, lines.append).run(stop or asyncio.Event())
    return lines


async def test_everyone_arrives_and_stands_in_the_oracle(tmp_path: Path) -> None:
    recorder, path = Recorder(), tmp_path / "oracle.json"
    await play(recorder, options(path))
    customers = json.loads(path.read_text())["customers"]
    sent = {event["messageId"] for _, event, _ in recorder.received}
    assert len(customers) == 45
    assert sum(one["events"] for one in customers) == len(sent)
    assert len(recorder.received) > len(sent)  # repeats
    assert {key for key, _, _ in recorder.received} == set(KEYS.values())
    assert recorder.paths >= {"/v1/events", "/v1/batch"}


async def test_history_comes_first_natively_and_without_a_clock(tmp_path: Path) -> None:
    recorder = Recorder()
    await play(recorder, options(tmp_path / "oracle.json", live=10))
    historical = [event.get("historical", False) for _, event, _ in recorder.received]
    assert historical == sorted(historical, reverse=True)
    assert all(
        (sent is None) == bool(event.get("historical")) for _, event, sent in recorder.received
    )


async def test_each_customer_s_past_arrives_in_order_but_for_stragglers() -> None:
    recorder = Recorder()
    await play(recorder, options(live=1))
    first_names: dict[str, str] = {}
    for _, event, _ in recorder.received:
        if event["userId"]:
            first_names.setdefault(event["userId"], event["type"])
    assert set(first_names.values()) == {"identify"}


async def test_what_is_refused_for_now_is_sent_again(tmp_path: Path) -> None:
    recorder, path = Recorder(refusals=7), tmp_path / "oracle.json"
    await play(recorder, options(path, live=5))
    customers = json.loads(path.read_text())["customers"]
    counted = Counter(event["messageId"] for _, event, _ in recorder.received)
    assert sum(one["events"] for one in customers) == len(counted)


async def test_what_is_rejected_does_not_count(tmp_path: Path) -> None:
    recorder, path = Recorder(rejected_event="Email Opened"), tmp_path / "oracle.json"
    await play(recorder, options(path, live=5))
    customers = json.loads(path.read_text())["customers"]
    sent = {event["messageId"] for _, event, _ in recorder.received}
    assert sum(one["events"] for one in customers) == len(sent)


async def test_a_refused_key_ends_the_play_with_its_reason() -> None:
    with pytest.raises(SendError, match=r"HTTP 401.*unknown write key"):
        await play(Recorder(status=401), options())


async def test_an_endless_play_stops_when_asked() -> None:
    recorder, stop = Recorder(), asyncio.Event()

    async def stop_after_some() -> None:
        while len(recorder.received) < 50:  # noqa: ASYNC110 - filled by a server, not by us
            await asyncio.sleep(0.01)
        stop.set()

    async with asyncio.timeout(60):
        await asyncio.gather(play(recorder, options(past=0, live=None), stop), stop_after_some())


def test_one_event_of_a_browser_goes_to_its_own_path() -> None:
    story = Cast(1, "x").live(0, 0, 0, Tempo())
    step = replace(story.deliveries[0], channel="website")
    request = DIALECTS["website"]("key", [step], 0)
    assert request.path == "/v1/identify"
    assert json.loads(request.body)["writeKey"] == "key"


def test_a_channel_without_a_key_is_named() -> None:
    with pytest.raises(TargetError, match="no write key for phone, offline"):
        target("http://127.0.0.1:1", [(c, KEYS[c]) for c in CHANNELS[:4]])


@pytest.mark.parametrize("pair", ["website", "shop=abc", "website="])
def test_a_key_option_of_another_form_is_refused(pair: str) -> None:
    with pytest.raises(TargetError, match="CHANNEL=KEY"):
        parse_keys([pair])
