"""`milepost tail` on a real Kafka."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from aiokafka import AIOKafkaProducer

from services.cli.endpoints import Endpoints, write_endpoints
from services.contracts import heartbeat, rejected, touchpoint
from services.contracts.cloudevent import kafka_headers
from services.contracts.rejected import RejectedEvent
from services.contracts.topics import Topics
from services.settings import KafkaSettings

SCRIPT = "import typer; from services.cli.tail import tail; typer.run(tail)"
CUSTOMER = "018f0000-0000-7000-8000-000000000001"
AT = "2026-11-21T12:00:00.000Z"

CHANGE: dict[str, Any] = {
    "customer_id": CUSTOMER,
    "version": 1,
    "published_at": AT,
    "previous": "awareness",
    "current": "consideration",
    "direction": "forward",
    "correction": False,
    "cause": {
        "kind": "touchpoint",
        "event": "Product Viewed",
        "channel": "app",
        "source": "shop-app",
        "rule": "consideration[0]",
    },
}
SIGNAL: dict[str, Any] = {
    "customer_id": CUSTOMER,
    "published_at": AT,
    "rule": "cart",
    "due_at": AT,
    "items": [{"name": f"Shoe\x1b[2J{n}", "quantity": str(n)} for n in range(1, 6)],
    "value": "99.90",
    "currency": "EUR",
    "reminder": None,
    "recovered": None,
    "cause": None,
}


@pytest_asyncio.fixture
async def producer(kafka_settings: KafkaSettings) -> AsyncIterator[AIOKafkaProducer]:
    producer = AIOKafkaProducer(**kafka_settings.client_options())
    await producer.start()
    yield producer
    await producer.stop()


class Running:
    """The command as its own process."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process

    async def line(self) -> str:
        assert self.process.stdout is not None
        async with asyncio.timeout(90):
            return (await self.process.stdout.readline()).decode().rstrip("\n")

    async def finish(self) -> tuple[int | None, list[str], str]:
        async with asyncio.timeout(90):
            out, err = await self.process.communicate()
        return self.process.returncode, out.decode().splitlines(), err.decode()


async def tail(*arguments: str, **environment: str) -> Running:
    plain = {name: value for name, value in os.environ.items() if "MILEPOST" not in name}
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        SCRIPT,
        *arguments,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**plain, **environment},
    )
    return Running(process)


def environment(kafka: KafkaSettings) -> dict[str, str]:
    return {
        "MILEPOST_KAFKA__BOOTSTRAP": kafka.bootstrap,
        "MILEPOST_KAFKA__TOPIC_PREFIX": kafka.topic_prefix,
    }


def headers(ce_type: str) -> list[tuple[str, bytes]]:
    return kafka_headers(ce_id="1", ce_type=ce_type, source="/test", time_us=0)


async def send(producer: AIOKafkaProducer, topic: str, value: dict[str, Any], ce_type: str) -> None:
    await producer.send_and_wait(
        topic, json.dumps(value).encode(), CUSTOMER.encode(), headers=headers(ce_type)
    )


async def test_touchpoints_are_shown_without_heartbeats(
    kafka_settings: KafkaSettings, topics: Topics, producer: AIOKafkaProducer
) -> None:
    beat = heartbeat.encode(heartbeat.Heartbeat(instance="i", seq=1, low_watermark=0))
    await producer.send_and_wait(topics.touchpoints, beat, headers=[heartbeat.HEADER])
    record = touchpoint.Touchpoint(
        message_id="m1",
        source="shop-app",
        channel="app",
        type="track",
        event="Product Viewed",
        occurred_at=AT,
        received_at=AT,
        identifiers={"user_id": "u1"},
    )
    key = touchpoint.record_key(record.identifiers)
    await producer.send_and_wait(topics.touchpoints, touchpoint.encode(record), key)
    await producer.send_and_wait(topics.touchpoints, b"{", b"bad")
    running = await tail(
        "touchpoints", "--from-beginning", "--limit", "2", **environment(kafka_settings)
    )
    code, lines, err = await running.finish()
    assert (code, err) == (0, "")
    assert f"{AT}  user_id:u1  app/shop-app  Product Viewed" in lines
    assert any(line.startswith("-  bad  unreadable record") for line in lines)


async def test_stage_changes_are_followed_from_now_on(
    kafka_settings: KafkaSettings, topics: Topics, producer: AIOKafkaProducer
) -> None:
    changed = "milepost.stage.changed.v1"
    await send(producer, topics.stage_changes, CHANGE | {"current": "before"}, changed)
    running = await tail(**environment(kafka_settings))
    following = asyncio.create_task(running.line())
    while not following.done():  # the first that is sent after the command is at the end
        await send(producer, topics.stage_changes, CHANGE, changed)
        await asyncio.wait([following], timeout=0.2)
    assert following.result() == (
        f"{AT}  {CUSTOMER}  awareness -> consideration  (forward)  "
        "Product Viewed  app/shop-app  rule consideration[0]"
    )
    running.process.send_signal(signal.SIGINT)
    code, _, err = await running.finish()
    assert (code, err) == (0, "")


async def test_signals_tell_what_was_left(
    kafka_settings: KafkaSettings, topics: Topics, producer: AIOKafkaProducer
) -> None:
    recovered = {"recovered": {"event": "Order Completed", "channel": "website"}}
    await send(producer, topics.signals, SIGNAL, "milepost.abandonment.raised.v1")
    await send(producer, topics.signals, SIGNAL | recovered, "milepost.abandonment.recovered.v1")
    running = await tail(
        "signals", "--from-beginning", "--limit", "2", **environment(kafka_settings)
    )
    code, lines, err = await running.finish()
    assert (code, err) == (0, "")
    shoe = "Shoe\N{REPLACEMENT CHARACTER}[2J"
    left = f"{shoe}1, 2 x {shoe}2, 3 x {shoe}3, and 2 more  99.90 EUR  due {AT}"
    assert lines == [
        f"{AT}  {CUSTOMER}  cart raised  {left}",
        f"{AT}  {CUSTOMER}  cart recovered  {left}  by Order Completed on website",
    ]


async def test_rejected_events_say_why_and_what_they_were(
    kafka_settings: KafkaSettings, topics: Topics, producer: AIOKafkaProducer
) -> None:
    original = b'{"event": "A\x1b[2J"}' + b"x" * 200
    event = RejectedEvent(
        original=original,
        size=len(original),
        source="shop",
        code="no_identifier",
        message="an event needs a userId",
        received_at=AT,
    )
    await producer.send_and_wait(topics.rejected, rejected.encode(event))
    running = await tail(
        "--rejected", "--from-beginning", "--limit", "1", **environment(kafka_settings)
    )
    code, lines, err = await running.finish()
    assert (code, err) == (0, "")
    begins = '{"event": "A\N{REPLACEMENT CHARACTER}[2J"}'
    shown = begins + "x" * (160 - len(begins)) + "..."
    assert lines == [f"{AT}  shop  no_identifier: an event needs a userId  {shown}"]


async def test_json_holds_the_whole_record(
    kafka_settings: KafkaSettings, topics: Topics, producer: AIOKafkaProducer, tmp_path: Path
) -> None:
    await send(producer, topics.signals, SIGNAL, "milepost.abandonment.raised.v1")
    found = Endpoints(
        pid=os.getpid(), ingest="", api="", kafka=kafka_settings.bootstrap, database="", sources=()
    )
    write_endpoints(tmp_path, found)
    running = await tail(
        "signals",
        "--from-beginning",
        "--limit=1",
        "--json",
        "--data",
        str(tmp_path),
        MILEPOST_KAFKA__TOPIC_PREFIX=kafka_settings.topic_prefix,
    )
    code, lines, err = await running.finish()
    assert (code, err) == (0, "")
    record = json.loads(lines[0])
    assert record["topic"] == topics.signals
    assert record["key"] == CUSTOMER
    assert record["headers"]["ce_type"] == "milepost.abandonment.raised.v1"
    assert record["value"] == SIGNAL


@pytest.mark.parametrize("kind", ["nothing", "unreachable", "missing", "usage"])
async def test_what_stands_in_the_way_is_one_clear_line(
    kafka_settings: KafkaSettings, tmp_path: Path, kind: str
) -> None:
    chosen = {
        "nothing": (3, "no Milepost runs over", ["--data", str(tmp_path)], {}),
        "unreachable": (
            3,
            "nothing answers there",
            [],
            {"MILEPOST_KAFKA__BOOTSTRAP": "127.0.0.1:1"},
        ),
        "missing": (1, "no topic absent.stage-changes.v1", [], {}),
        "usage": (2, "orders", ["orders"], {}),
    }
    code, complaint, arguments, changes = chosen[kind]
    settings = environment(kafka_settings) | changes
    if kind == "missing":
        settings["MILEPOST_KAFKA__TOPIC_PREFIX"] = "absent"
    running = await tail(*arguments, **settings)
    returned, lines, err = await running.finish()
    assert (returned, lines) == (code, [])
    assert complaint in err
    if kind != "usage":
        assert len(err.splitlines()) == 1, err
