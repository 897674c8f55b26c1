"""What one sender may take from the others: rates, connections, memory, keys for servers."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from services.ingest.body import BodyReader, Message
from services.ingest.errors import RateLimitedError, UnavailableError
from services.ingest.rate import BURST_SECONDS, Rates
from services.ingest.sources_file import Source
from services.settings import IngestSettings, KafkaSettings
from tests.ingest.memory import FREE_KEY, SERVER_KEY, SLOW_KEY, Desk, ready_desk
from tests.ingest.serving import Running, serving, settings_of

if TYPE_CHECKING:
    from pathlib import Path

EVENT = {"type": "track", "event": "A", "userId": "u1"}
SLOW = Source(name="slow", channel="app", key_sha256="", events_per_second_max=5)


def test_a_bucket_is_refilled_as_time_goes_by() -> None:
    now = 0.0
    rates = Rates(0, lambda: now)
    rates.require_room(SLOW, 5 * BURST_SECONDS)
    with pytest.raises(RateLimitedError):
        rates.require_room(SLOW, 1)
    now = 0.2
    rates.require_room(SLOW, 1)
    with pytest.raises(RateLimitedError):
        rates.require_room(SLOW, 1)


def test_a_batch_of_any_size_gets_through_and_is_paid_for_afterwards() -> None:
    now = 0.0
    rates = Rates(0, lambda: now)
    rates.require_room(SLOW, 5 * BURST_SECONDS + 50)
    with pytest.raises(RateLimitedError) as refused:
        rates.require_room(SLOW, 1)
    assert refused.value.retry_after_seconds == 11
    now = 10.3
    rates.require_room(SLOW, 1)


def test_one_source_does_not_use_up_what_another_may_send() -> None:
    rates = Rates(1, lambda: 0.0)
    other = Source(name="other", channel="app", key_sha256="")
    rates.require_room(SLOW, 100)
    rates.require_room(other, 1)


def test_there_is_no_limit_unless_one_is_set() -> None:
    rates = Rates(0, lambda: 0.0)
    for _ in range(3):
        rates.require_room(Source(name="other", channel="app", key_sha256=""), 10**9)
    assert rates.refused == 0


@pytest.mark.parametrize("path", ["/v1/events", "/v1/track", "/v1/batch"])
async def test_who_sends_too_fast_is_told_when_to_come_back(desk: Desk, path: str) -> None:
    body: dict[str, Any] = {"batch": [EVENT]} if path == "/v1/batch" else EVENT
    for _ in range(BURST_SECONDS):
        assert (await desk.post(path, body, SLOW_KEY)).status_code == 200
    answer = await desk.post(path, body, SLOW_KEY)
    assert (answer.status_code, answer.json()["code"]) == (429, "rate_limited")
    assert answer.headers["retry-after"] == "1"
    assert (await desk.post(path, body, FREE_KEY)).status_code == 200
    desk.seconds += 1
    assert (await desk.post(path, body, SLOW_KEY)).status_code == 200
    assert len(desk.sink.records) == BURST_SECONDS + 2


async def test_the_settings_limit_each_source(tmp_path: Path) -> None:
    desk = await ready_desk(tmp_path, IngestSettings(source_events_per_second_max=1))
    answers = [await desk.post("/v1/events", EVENT, FREE_KEY) for _ in range(BURST_SECONDS + 1)]
    assert [one.status_code for one in answers] == [200] * BURST_SECONDS + [429]


@pytest.mark.parametrize("headers", [{"Origin": "https://shop.example"}, {"Sec_Fetch_Site": "x"}])
@pytest.mark.parametrize(("path", "status"), [("/v1/events", 403), ("/v1/track", 400)])
async def test_a_key_for_servers_is_refused_to_browsers(
    desk: Desk, headers: dict[str, str], path: str, status: int
) -> None:
    answer = await desk.post(path, EVENT, SERVER_KEY, **headers)
    assert (answer.status_code, answer.json()["code"]) == (status, "server_only_key")
    assert (await desk.post(path, EVENT, SERVER_KEY)).status_code == 200


async def test_bodies_that_arrive_at_once_are_bounded_together() -> None:
    reader = BodyReader(bytes_max=100, seconds_max=30, all_bytes_max=100)
    goes_on = asyncio.Event()

    async def slowly() -> Message:
        await goes_on.wait()
        return {"type": "http.request", "body": b"", "more_body": False}

    def sending(size: int) -> asyncio.Task[bytes]:
        parts: list[Message] = [{"type": "http.request", "body": b"x" * size, "more_body": True}]

        async def receive() -> Message:
            return parts.pop() if parts else await slowly()

        return asyncio.create_task(reader.read(receive, b""))

    first = [sending(60), sending(30)]
    await asyncio.sleep(0)
    with pytest.raises(UnavailableError):
        await sending(20)
    goes_on.set()
    assert [len(body) for body in await asyncio.gather(*first)] == [60, 30]
    assert len(await sending(90)) == 90


async def test_too_many_connections_are_refused_and_others_go_on(
    kafka_settings: KafkaSettings, tmp_path: Path
) -> None:
    async with serving(settings_of(kafka_settings, tmp_path, connections_max=4)) as running:
        held = [await connection(running) for _ in range(3)]
        reader, writer = await connection(running)
        writer.write(b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n")
        assert b" 503 " in await reader.readline()
        for _, other in [*held, (reader, writer)]:
            other.close()
            await other.wait_closed()
        assert (await running.client.get("/livez")).status_code == 200


@pytest.mark.parametrize("begun", [b"", b"POST /v1/events HTTP/1.1\r\nHost:"])
async def test_a_connection_without_a_request_is_ended(
    kafka_settings: KafkaSettings, tmp_path: Path, begun: bytes
) -> None:
    async with serving(settings_of(kafka_settings, tmp_path, head_seconds_max=0.1)) as running:
        reader, writer = await connection(running)
        writer.write(begun)
        async with asyncio.timeout(30):
            assert await reader.read() == b""
        writer.close()
        assert (await running.client.get("/livez")).status_code == 200


async def connection(running: Running) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    host, _, port = running.url.removeprefix("http://").partition(":")
    return await asyncio.open_connection(host, int(port))
