"""SDKs for Node, of which only the host is another: what they send, and that they come again."""

from __future__ import annotations

import asyncio
import contextlib
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from services.settings import KafkaSettings, Settings
from tests.e2e.topic import read
from tests.ingest.memory import KEY
from tests.ingest.processes import free_port
from tests.ingest.serving import Running, serving, settings_of
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

PROGRAM = Path(__file__).with_name("send.mjs")
VIEWS = 30
SENT_SECONDS_MAX = 270
each_sdk = pytest.mark.parametrize("sdk", ["segment", "rudderstack"])


@dataclass(frozen=True)
class Visit:
    """A program that sends with an SDK, and whom it tells of."""

    user: str
    process: asyncio.subprocess.Process

    async def ended(self) -> None:
        """It has sent all that it had, and was told of no failure."""
        async with asyncio.timeout(SENT_SECONDS_MAX):
            _, erred = await self.process.communicate()
        # What an SDK logs of a try that failed is no failure: it tells of those at the end.
        assert self.process.returncode == 0, erred.decode()


@contextlib.asynccontextmanager
async def visit(packages: Path, sdk: str, url: str) -> AsyncIterator[Visit]:
    """A visit that is under way."""
    user = f"u-{uuid4().hex[:12]}"
    process = await asyncio.create_subprocess_exec(
        "node", PROGRAM, sdk, url, KEY, user, str(VIEWS),
        cwd=packages, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
    )  # fmt: skip
    try:
        yield Visit(user, process)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def told_of(kafka: KafkaSettings, user: str) -> list[dict[str, Any]]:
    """The touchpoints of a visit on the topic, the first copy of each message."""
    values = [record.value for record in await read(kafka, kafka.topics.touchpoints)]
    own = [one for one in values if user in "".join(one["identifiers"].values())]
    return list({one["message_id"]: one for one in reversed(own)}.values())


def require_whole(seen: list[dict[str, Any]], user: str) -> None:
    """Every call of the visit, once."""
    views = [one["properties"]["product_id"] for one in seen if one["type"] == "track"]
    assert sorted(views, key=int) == [str(number) for number in range(VIEWS)]
    others = {one["type"]: one for one in seen if one["type"] != "track"}
    assert len(seen) == VIEWS + 2
    assert others["page"]["properties"] == {"path": "/", "name": "Home"}
    assert others["page"]["identifiers"] == {"anonymous_id": f"{user}-anonymous"}
    assert others["identify"]["identifiers"] == {
        "user_id": user,
        "anonymous_id": f"{user}-anonymous",
        "email": f"{user}@example.org",
    }


async def refusals(running: Running) -> int:
    """How many requests it has answered."""
    text = (await running.client.get("/metrics")).text
    found = re.search(r"^milepost_ingest_request_seconds_count (\d+)", text, re.MULTILINE)
    return int(found[1]) if found else 0


@each_sdk
async def test_its_calls_are_touchpoints(
    packages: Path, kafka_settings: KafkaSettings, tmp_path: Path, sdk: str
) -> None:
    async with serving(settings_of(kafka_settings, tmp_path)) as running:
        async with visit(packages, sdk, running.url) as one:
            await one.ended()
        seen = await told_of(kafka_settings, one.user)
    require_whole(seen, one.user)
    assert {one["clock"] for one in seen} == {"ok"}
    assert all(one["context"]["library"]["name"] for one in seen)


@each_sdk
async def test_what_was_answered_503_comes_again(
    packages: Path, kafka_settings: KafkaSettings, tmp_path: Path, sdk: str
) -> None:
    """The broker is away at first: another ingest on the same port stands for the same one."""
    port = free_port()
    usual = settings_of(kafka_settings, tmp_path, port=port, spool_dir=None)
    nobody = kafka_settings.model_copy(update={"bootstrap": f"127.0.0.1:{free_port()}"})
    away = Settings(kafka=nobody, sources_file=usual.sources_file, ingest=usual.ingest)
    async with contextlib.AsyncExitStack() as kept:
        async with serving(away, ready=False) as running:
            one = await kept.enter_async_context(visit(packages, sdk, running.url))
            await until(lambda: refusals(running), seconds_max=30)
        async with serving(usual):
            await one.ended()
            seen = await told_of(kafka_settings, one.user)
    require_whole(seen, one.user)


@each_sdk
async def test_what_was_answered_429_comes_again(
    packages: Path, kafka_settings: KafkaSettings, tmp_path: Path, sdk: str
) -> None:
    settings = settings_of(kafka_settings, tmp_path, source_events_per_second_max=2)
    async with serving(settings) as running:
        async with visit(packages, sdk, running.url) as one:
            await one.ended()
        text = (await running.client.get("/metrics")).text
        seen = await told_of(kafka_settings, one.user)
    limited = re.search(r"^milepost_ingest_rate_limited_total ([0-9.]+)", text, re.MULTILINE)
    assert limited is not None
    assert float(limited[1]) > 0
    require_whole(seen, one.user)
