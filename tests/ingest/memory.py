"""A collector without servers: a sink that keeps what it is given, a clock that stands."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import msgspec

from services.contracts.rejected import RejectedEvent
from services.contracts.rejected import decode as decode_rejected
from services.contracts.times import read_time
from services.contracts.touchpoint import Touchpoint, decode
from services.ingest.accept import Limits, Parts
from services.ingest.accumulator import Headers
from services.ingest.body import BodyReader, Receive
from services.ingest.collect import Collector, Scope, Send
from services.ingest.errors import UnavailableError
from services.ingest.heartbeat import Pulse
from services.ingest.inflight import InFlight
from services.ingest.instance import Instance
from services.ingest.metrics import Metrics
from services.ingest.protocols.dialect import Head
from services.ingest.rate import Rates
from services.ingest.sink import Record, RejectedRecord
from services.ingest.sources import Sources
from services.ingest.sources_file import hash_of
from services.ingest.write_key import read_query
from services.settings import IngestSettings, TimeSettings

NOW = read_time("2026-11-21T20:00:00Z")
KEY = "web-shop-write-key-0001"
MAIL_KEY = "mail-write-key-00000001"
FREE_KEY = "free-write-key-00000001"
LINK_SECRET = "a secret that signs the links of mails"
SLOW_KEY = "slow-write-key-00000001"
SERVER_KEY = "server-write-key-000001"
STRICT_KEY = "strict-write-key-000001"
PRIVATE_KEY = "private-write-key-00001"
SOURCES = [
    {
        "name": "web-shop",
        "channel": "website",
        "key_sha256": hash_of(KEY),
        "origins": ["https://shop.example"],
    },
    {
        "name": "mails",
        "channel": "email",
        "key_sha256": hash_of(MAIL_KEY),
        "link_secret": LINK_SECRET,
    },
    {
        "name": "free",
        "channel": "app",
        "key_sha256": hash_of(FREE_KEY),
        "allow_channel_override": True,
    },
    {
        "name": "slow",
        "channel": "app",
        "key_sha256": hash_of(SLOW_KEY),
        "events_per_second_max": 1,
    },
    {
        "name": "servers",
        "channel": "app",
        "key_sha256": hash_of(SERVER_KEY),
        "server_only": True,
        "origins": ["https://shop.example"],
    },
    {
        "name": "strict",
        "channel": "app",
        "key_sha256": hash_of(STRICT_KEY),
        "consent_required": True,
    },
    {
        "name": "private",
        "channel": "website",
        "key_sha256": hash_of(PRIVATE_KEY),
        "honor_gpc": True,
        "honor_dnt": True,
        "keep_full_ip": True,
        "keep_properties": ["product_id", "name"],
        "keep_traits": ["plan"],
    },
]


def head(headers: Mapping[bytes, bytes] | None = None, path: str = "", query: bytes = b"") -> Head:
    """A request's head that arrives at `NOW`."""
    return Head(path, None, dict(headers or {}), read_query(query), NOW)


class MemorySink:
    """Keeps records, or refuses them while `reason` says why."""

    def __init__(self) -> None:
        self.records: list[Record] = []
        self.rejected: list[RejectedRecord] = []
        self.beats: list[bytes] = []
        self.reason = ""
        self.append_time = NOW
        self.meanwhile: Callable[[], None] = lambda: None  # what happens before the answer

    async def send(
        self, touchpoints: Sequence[Record], rejected: Sequence[RejectedRecord] = ()
    ) -> None:
        if self.reason:
            raise UnavailableError(self.reason)
        self.meanwhile()
        self.records += touchpoints
        self.rejected += rejected

    async def broadcast(self, value: bytes, headers: Headers) -> int:
        if self.reason:
            raise UnavailableError(self.reason)
        self.beats.append(value)
        return self.append_time

    @property
    def touchpoints(self) -> list[Touchpoint]:
        return [decode(value) for _, value in self.records]

    @property
    def refused(self) -> list[RejectedEvent]:
        return [decode_rejected(record.value) for record in self.rejected]


class Desk:
    """A collector and what it works with; `post` speaks HTTP to it."""

    def __init__(
        self,
        folder: Path,
        ingest: IngestSettings | None = None,
        sources: Sequence[object] = SOURCES,
    ) -> None:
        ingest = ingest or IngestSettings()
        self.now = NOW
        self.sink = MemorySink()
        self.instance = Instance(None)
        self.inflight = InFlight(lambda: self.now)
        self.pulse = Pulse(self.instance, self.inflight, self.sink, lease_seconds=120)
        path = folder / "sources.json"
        path.write_bytes(msgspec.json.encode({"sources": sources}))
        self.reader = BodyReader(
            ingest.body_bytes_max, ingest.body_seconds_max, ingest.reading_bytes_max
        )
        self.seconds = 0.0
        self.metrics = Metrics()
        self.parts = Parts(
            sources=Sources(path),
            sink=self.sink,
            pulse=self.pulse,
            inflight=self.inflight,
            reader=self.reader,
            metrics=self.metrics,
            limits=Limits.of(ingest, TimeSettings()),
            rates=Rates(ingest.source_events_per_second_max, lambda: self.seconds),
        )
        self.collector = Collector(self.parts, not_found)

    async def post(
        self, path: str, body: Any = b"", key: str = KEY, **headers: str
    ) -> httpx2.Response:
        """The answer to a POST; `headers` have _ for -."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        if key:
            named["X-Write-Key"] = key
        content = body if isinstance(body, bytes) else msgspec.json.encode(body)
        return await self.request("POST", path, named, content)

    async def request(
        self, method: str, path: str, headers: Mapping[str, str], content: bytes = b""
    ) -> httpx2.Response:
        transport = httpx2.ASGITransport(self.collector)
        async with httpx2.AsyncClient(transport=transport, base_url="http://ingest") as client:
            return await client.request(method, path, headers=dict(headers), content=content)

    async def kept(self, body: Any, path: str = "/v1/events", key: str = KEY) -> list[Touchpoint]:
        """What is published of a body, which must be taken."""
        answer = await self.post(path, body, key)
        assert answer.status_code == 200, answer.text
        return self.sink.touchpoints

    async def faults(self, body: Any, key: str = KEY) -> list[str | None]:
        """The code of each event of a native body, None where it is accepted."""
        answer = await self.post("/v1/events", body, key)
        assert answer.status_code == 200, answer.text
        return [result["code"] for result in answer.json()["results"]]


async def not_found(scope: Scope, receive: Receive, send: Send) -> None:
    """What stands behind the collector here."""
    await send({"type": "http.response.start", "status": 404, "headers": []})
    await send({"type": "http.response.body", "body": b""})


async def ready_desk(folder: Path, ingest: IngestSettings | None = None) -> Desk:
    """A desk whose hello is acknowledged."""
    desk = Desk(folder, ingest)
    await desk.pulse.beat("hello")
    return desk


@contextmanager
def temporary_folder() -> Iterator[Path]:
    """A folder for properties, which pytest's fixtures do not fit."""
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)
