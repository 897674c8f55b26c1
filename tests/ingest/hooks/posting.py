"""Providers' calls to a collector in memory: what comes of them, and which are refused."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
import msgspec
import pytest

from services.contracts.times import SECOND_US
from services.contracts.touchpoint import Touchpoint
from services.ingest.collect import Collector
from services.ingest.hooks.amazon import Amazon
from services.ingest.hooks.receiver import HookReceiver
from services.ingest.sources_file import hash_of
from tests.ingest.memory import NOW, Desk, not_found

NOW_SECONDS = NOW // SECOND_US
KEY = "hook-source-write-key-01"
NAME = "theirs"
PUBLIC_URL = "https://events.example"
URL = f"{PUBLIC_URL}/v1/hooks/{NAME}"

Headers = dict[str, str]
Sign = Callable[[bytes, int, str], Headers]


def basic(key: str = KEY) -> Headers:
    """What a provider sends that was given the key as a Basic password."""
    return {"Authorization": "Basic " + base64.b64encode(f"any:{key}".encode()).decode()}


def key_of(_: bytes, __: int, secret: str) -> Headers:
    """Signs by our own key."""
    return basic(secret)


@dataclass(frozen=True)
class Example:
    """One item as the provider documents it, and the touchpoint it becomes."""

    item: Any
    event: str
    id: str
    at: str
    identifiers: Mapping[str, str]
    properties: Mapping[str, Any] = field(default_factory=dict)
    context: Mapping[str, Any] = field(default_factory=dict)
    bot: bool = False


@dataclass
class Hook:
    """A source of one provider behind a collector whose clock stands at `memory.NOW`."""

    desk: Desk

    async def post(
        self, body: bytes, headers: Mapping[str, str] | None = None, query: str = ""
    ) -> httpx2.Response:
        return await self.desk.request("POST", f"/v1/hooks/{NAME}{query}", headers or {}, body)

    async def get(self, query: str) -> httpx2.Response:
        return await self.desk.request("GET", f"/v1/hooks/{NAME}{query}", {})

    @property
    def touchpoints(self) -> list[Touchpoint]:
        return self.desk.sink.touchpoints

    def counted(self, outcome: str) -> int:
        """How many events came to this outcome."""
        for line in self.desk.metrics.exposition().decode().splitlines():
            if f'outcome="{outcome}"' in line and line.startswith("milepost_ingest_events_total"):
                return int(float(line.split()[-1]))
        return 0


async def hook_of(
    folder: Path,
    provider: str,
    *secrets: str,
    channel: str = "email",
    amazon: Amazon | None = None,
    **webhook: Any,
) -> Hook:
    """A source of the provider with these secrets, ready."""
    source = {
        "name": NAME,
        "channel": channel,
        "provider": provider,
        "key_sha256": hash_of(KEY),
        "webhook": {"secrets": [{"value": one} for one in secrets], **webhook},
    }
    desk = Desk(folder, sources=[source])
    receiver = HookReceiver(desk.parts, PUBLIC_URL, amazon)
    desk.collector = Collector(desk.parts, not_found, receiver)
    await desk.pulse.beat("hello")
    return Hook(desk)


def check(found: Touchpoint, example: Example) -> None:
    """The touchpoint is the example's."""
    assert found.event == example.event
    assert (found.type, found.source, found.clock) == ("track", NAME, "none")
    assert found.message_id == example.id
    assert found.occurred_at == example.at
    assert found.identifiers == dict(example.identifiers)
    properties = msgspec.json.decode(found.properties)
    assert properties == dict(example.properties)
    assert msgspec.json.decode(found.context) == dict(example.context)
    assert found.bot is example.bot


async def check_signatures(hook: Hook, body: bytes, sign: Sign, secret: str) -> None:
    """A good signature is taken; a wrong one, one over another body, and none are refused."""
    for headers in (sign(body, NOW_SECONDS, "wrong" + secret), {}):
        answer = await hook.post(body, headers)
        assert answer.status_code == 401, answer.text
        assert answer.json()["code"] in (
            *("invalid_signature", "missing_signature"),
            *("invalid_key", "missing_key"),
        )
    assert hook.counted("unverified") == 2
    assert not hook.touchpoints
    assert (await hook.post(body, sign(body, NOW_SECONDS, secret))).status_code == 200
    assert hook.touchpoints


async def check_stale(hook: Hook, body: bytes, headers: Mapping[str, str], status: int) -> None:
    """Signed well, and too long ago."""
    answer = await hook.post(body, headers)
    assert (answer.status_code, answer.json()["code"]) == (status, "stale_signature")
    assert not hook.touchpoints


def examples(given: list[Example]) -> pytest.MarkDecorator:
    """A test runs for each example, by the name of its event."""
    return pytest.mark.parametrize("example", given, ids=lambda one: one.event)
