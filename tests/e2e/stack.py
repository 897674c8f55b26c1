"""The whole system as a user starts it, and the ways to ask, wait for and hurt its parts."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import asyncpg
import httpx2
import msgspec
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from services.cli.endpoints import Endpoints, EndpointsError, read_endpoints
from services.cli.local.child import ChildRecord
from services.journey_state.definition import Definition, read_definition, shipped
from services.settings import KafkaSettings
from tests.local.killed import ROOT
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

    from services.contracts.topics import Topics

READY_SECONDS_MAX = 90
SETTLE_SECONDS_MAX = 60
STOP_SECONDS_MAX = 60
ANSWER_SECONDS_MAX = 60.0
PARTITIONS = 4
CART_SECONDS = 2
GRACE_SECONDS = 1
VISIT_SECONDS = 0.4
# Signals on the real clock: the shop's journey with a cart that is soon abandoned, and deadlines
# that a stop of the broker in some other test does not hold for ten minutes.
SETTINGS = {
    "MILEPOST_INGEST__PORT": "0",
    "MILEPOST_API__PORT": "0",
    "MILEPOST_WORKER__METRICS_PORT": "0",
    "MILEPOST_WORKER__SESSION_MILLISECONDS": "6000",
    "MILEPOST_KAFKA__PARTITIONS": str(PARTITIONS),
    "MILEPOST_ABANDONMENT__GRACE_SECONDS": str(GRACE_SECONDS),
    "MILEPOST_WATERMARK__RECOVERY_SECONDS": "1",
}
RECORDS = {"kafka": "kafka/process.json", "postgres": "postgres/process.json"}


@dataclass(frozen=True)
class Stack:
    """A running `milepost up` and a client of its HTTP sides."""

    data_dir: Path
    endpoints: Endpoints
    http: httpx2.AsyncClient
    journey_file: Path

    @property
    def kafka(self) -> KafkaSettings:
        return KafkaSettings(bootstrap=self.endpoints.kafka, partitions=PARTITIONS)

    @property
    def topics(self) -> Topics:
        return self.kafka.topics

    @property
    def definition(self) -> Definition:
        return read_definition(self.journey_file)

    def key(self, channel: str = "website") -> str:
        """The write key of the source that `milepost up` made for a channel."""
        return next(one.write_key for one in self.endpoints.sources if one.channel == channel)

    async def post(self, path: str, **request: Any) -> httpx2.Response:
        """Ingest's answer, whatever it is."""
        return await self.http.post(f"{self.endpoints.ingest}{path}", **request)

    async def send(self, *events: dict[str, Any], channel: str = "website") -> None:
        """Every event is taken in one native request."""
        headers = {"X-Write-Key": self.key(channel)}
        answer = await self.post("/v1/events", json={"events": events}, headers=headers)
        assert answer.status_code == 200, answer.text
        assert answer.json()["rejected"] == 0, answer.text

    async def is_ready(self) -> bool:
        """Whether ingest and the query API say that they can do their work."""
        ready = [
            await self.http.get(f"{side}/readyz")
            for side in (self.endpoints.ingest, self.endpoints.api)
        ]
        return all(answer.status_code == 200 for answer in ready)

    async def ask(self, path: str, **query: str) -> Any:
        """The query API's answer; None for 404."""
        answer = await self.http.get(f"{self.endpoints.api}{path}", params=query)
        if answer.status_code == 404:
            return None
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def customer(self, who: str) -> dict[str, Any] | None:
        found: dict[str, Any] | None = await self.ask(f"/v1/customers/{who}")
        return found

    async def timeline(self, who: str) -> list[dict[str, Any]]:
        """Every touchpoint of a customer, page by page."""
        items: list[dict[str, Any]] = []
        page = await self.ask(f"/v1/customers/{who}/timeline")
        while page:
            items += page["items"]
            after = page["next"]
            page = after and await self.ask(f"/v1/customers/{who}/timeline", after=after)
        return items

    async def in_stage(self, who: str, stage: str) -> dict[str, Any]:
        """The customer once in that stage."""

        async def look() -> dict[str, Any] | None:
            found = await self.customer(who)
            return found if found and found["stage"] == stage else None

        return await until(look)

    async def signal(self, who: str, state: str) -> dict[str, Any]:
        """The customer's signal once it is in that state, as `/v1/signals` shows it.

        Meanwhile others visit: without any traffic the watermark moves every fifth second only.
        """
        visits = Visits()

        async def look() -> dict[str, Any] | None:
            await visits.go_on(self)
            if await self.customer(who) is None:
                return None
            page = await self.ask("/v1/signals", customer=who, state=state)
            return next(iter(page["items"]), None)

        return await until(look, seconds_max=30)

    async def settled(self) -> None:
        """All that ingest has taken so far is applied, and all of it is told."""
        await until(self._is_all_sent, seconds_max=SETTLE_SECONDS_MAX)
        ends = await until(self._ends, seconds_max=SETTLE_SECONDS_MAX)

        async def look() -> bool:
            try:
                return await self._applied(ends)
            except (OSError, asyncpg.PostgresError):
                return False

        await until(look, seconds_max=SETTLE_SECONDS_MAX)

    async def rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        """What PostgreSQL answers."""
        connection = await asyncpg.connect(self.endpoints.database)
        try:
            return [tuple(row) for row in await connection.fetch(query, *values)]
        finally:
            await connection.close()

    async def _is_all_sent(self) -> bool:
        """Whether nothing waits in ingest's spool."""
        try:
            answer = await self.http.get(f"{self.endpoints.ingest}/metrics")
        except httpx2.TransportError:
            return False
        return "milepost_ingest_spool_bytes 0.0" in answer.text

    async def _ends(self) -> dict[int, int] | None:
        """Where the partitions end; None while the broker does not answer."""
        consumer = AIOKafkaConsumer(**self.kafka.client_options())
        try:
            await consumer.start()
            topic = self.topics.touchpoints
            ends = await consumer.end_offsets([TopicPartition(topic, n) for n in range(PARTITIONS)])
            return {partition.partition: end for partition, end in ends.items()}
        except KafkaError:
            return None
        finally:
            await consumer.stop()

    async def _applied(self, ends: dict[int, int]) -> bool:
        offsets = await self.rows("SELECT partition, next_offset FROM consumer_offsets")
        applied = {int(partition): int(offset) for partition, offset in offsets}
        if any(applied.get(partition, 0) < end for partition, end in ends.items()):
            return False
        return not await self.rows("SELECT 1 FROM outbox LIMIT 1")

    def pid(self, name: str) -> int:
        """The process that a role or server is now."""
        file = self.data_dir / RECORDS.get(name, f"run/processes/{name}.json")
        return msgspec.json.decode(file.read_bytes(), type=ChildRecord).pid

    async def kill(self, name: str) -> None:
        """The process has died by SIGKILL, and another is there in its place."""
        killed = self.pid(name)
        os.kill(killed, signal.SIGKILL)

        async def look() -> bool:
            with contextlib.suppress(OSError, msgspec.DecodeError):
                return self.pid(name) != killed
            return False

        await until(look, seconds_max=30)

    @contextlib.contextmanager
    def frozen(self, name: str) -> Iterator[None]:
        """The process does nothing until the end of the block, and loses nothing."""
        pid = self.pid(name)
        os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(pid, signal.SIGCONT)

    async def milepost(self, *arguments: str) -> str:
        """What a verb prints that is run beside the system."""
        code, said, erred = await self._ran(*arguments)
        assert code == 0, erred
        return said

    async def findings(self) -> dict[str, str]:
        """The status of each check of `milepost doctor`."""
        _, said, _ = await self._ran("doctor", "--json")
        return {one["check"]: one["status"] for one in json.loads(said)["findings"]}

    async def refused(self, *arguments: str, code: int) -> str:
        """What a verb says that ends with `code`."""
        ended, _, erred = await self._ran(*arguments)
        assert ended == code, erred
        return erred

    async def _ran(self, *arguments: str) -> tuple[int | None, str, str]:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "services",
            *arguments,
            "--data",
            str(self.data_dir),
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        try:
            said, erred = await process.communicate()
        except asyncio.CancelledError:
            process.kill()
            await process.wait()
            raise
        return process.returncode, said.decode(), erred.decode()


@dataclass
class Visits:
    """A visitor who looks at a page now and then."""

    last_seconds: float = 0.0

    async def go_on(self, stack: Stack) -> None:
        now_seconds = asyncio.get_running_loop().time()
        if now_seconds - self.last_seconds >= VISIT_SECONDS:
            self.last_seconds = now_seconds
            await stack.send({"type": "page", "anonymousId": "some visitor"})


@contextlib.asynccontextmanager
async def running_stack(
    data_dir: Path, *, cart_seconds: int = CART_SECONDS
) -> AsyncIterator[Stack]:
    """`milepost up` over a new folder, stopped as by Ctrl-C at the end."""
    journey = quick_journey(data_dir, cart_seconds)
    said = data_dir / "said.txt"
    env = {**os.environ, **SETTINGS, "MILEPOST_JOURNEY_FILE": str(journey)}
    command = [sys.executable, "-m", "services", "up", "--data", str(data_dir)]
    with said.open("wb") as out:
        process = subprocess.Popen(  # noqa: ASYNC220  # starts it, waits for nothing
            command, cwd=ROOT, env=env, stdout=out, stderr=out
        )

    async def ready() -> Endpoints | None:
        assert process.poll() is None, said.read_text()
        with contextlib.suppress(EndpointsError):
            return read_endpoints(data_dir)
        return None

    try:
        endpoints = await until(ready, seconds_max=READY_SECONDS_MAX)
        async with httpx2.AsyncClient(trust_env=False, timeout=ANSWER_SECONDS_MAX) as http:
            yield Stack(data_dir, endpoints, http, journey)
    finally:
        process.terminate()
        try:
            await asyncio.to_thread(process.wait, STOP_SECONDS_MAX)
        finally:
            process.kill()
            process.wait()


def quick_journey(data_dir: Path, cart_seconds: int = CART_SECONDS) -> Path:
    """A new folder with the shipped shop's journey in it, but for the wait of its cart."""
    text = shipped("ecommerce").text
    quick = text.replace("after: 30m\n", f"after: {cart_seconds}s\n")
    assert quick != text
    data_dir.mkdir()
    file = data_dir / "journey.yaml"
    file.write_text(quick, "utf-8")
    return file
