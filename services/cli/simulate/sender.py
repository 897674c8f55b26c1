"""Sends steps by HTTP as an SDK does: again and again until they are taken for good."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

import httpx2
import msgspec

from services.cli.retrying import (
    BACKOFF_SECONDS_MAX,
    BACKOFF_SECONDS_MIN,
    RETRIED,
    retry_after_seconds,
)
from services.cli.simulate.wire import DIALECTS, Request, native

if TYPE_CHECKING:
    from services.cli.simulate.step import Step
    from services.cli.simulate.target import Target
    from services.contracts.touchpoint import Channel

REQUEST_SECONDS_MAX = 15.0


class SendError(Exception):
    """Ingest refused a request for good, or stayed away for longer than we wait."""


@dataclass(slots=True)
class Tally:
    """What has been sent so far. `accepted` counts repeats too.

    `trouble`: why ingest took nothing when it was asked last; empty when it answered.
    """

    requests: int = 0
    retries: int = 0
    accepted: int = 0
    rejected: int = 0
    reasons: dict[str, int] = field(default_factory=dict)
    trouble: str = ""


class Sender:
    """One HTTP client with keep-alive for all channels; `on_taken` hears of each accepted step."""

    def __init__(
        self,
        target: Target,
        on_taken: Callable[[Step], None],
        *,
        patience_seconds_max: float,
    ) -> None:
        self.tally = Tally()
        self._target = target
        self._on_taken = on_taken
        self._patience_seconds_max = patience_seconds_max
        self._client = httpx2.AsyncClient(
            base_url=target.ingest_url,
            timeout=REQUEST_SECONDS_MAX,
            headers={"User-Agent": "milepost-simulate"},
            trust_env=False,
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._client.aclose()

    async def send(self, channel: Channel, steps: Sequence[Step]) -> None:
        """Returns once ingest has answered 200 for these steps of one channel.

        Raises SendError when it refuses the request, or does not take it in time.
        """
        dialect = native if steps[0].historical else DIALECTS[channel]
        key = self._target.keys[channel]
        answer = await self._post(lambda: dialect(key, steps, time.time_ns() // 1000))
        refused = _refusals(answer)
        for position, step in enumerate(steps):
            if position not in refused:
                self._on_taken(step)
        self._count(len(steps), list(refused.values()))

    def _count(self, sent: int, refusals: list[str]) -> None:
        self.tally.accepted += sent - len(refusals)
        self.tally.rejected += len(refusals)
        for reason in refusals:
            self.tally.reasons[reason] = self.tally.reasons.get(reason, 0) + 1

    async def _post(self, make: Callable[[], Request]) -> httpx2.Response:
        """The first answer that is not a request to come again; made anew for each attempt, as
        SDKs do, so that `sentAt` is true."""
        deadline = time.monotonic() + self._patience_seconds_max
        backoff = BACKOFF_SECONDS_MIN
        while True:
            request = make()
            self.tally.requests += 1
            try:
                answer = await self._client.post(
                    request.path, content=request.body, headers=request.headers
                )
            except httpx2.TransportError as error:
                problem, pause = str(error) or type(error).__name__, backoff
            else:
                if answer.status_code not in RETRIED:
                    self.tally.trouble = ""
                    return _accepted(request, answer)
                problem = f"HTTP {answer.status_code}"
                pause = retry_after_seconds(answer.headers, backoff)
            self.tally.trouble = f"{self._target.ingest_url} takes nothing: {problem}"
            if time.monotonic() + pause > deadline:
                raise SendError(f"{self._target.ingest_url} took nothing for too long: {problem}")
            self.tally.retries += 1
            await asyncio.sleep(pause)
            backoff = min(backoff * 2, BACKOFF_SECONDS_MAX)


def _accepted(request: Request, answer: httpx2.Response) -> httpx2.Response:
    if answer.status_code == 200:
        return answer
    raise SendError(f"{request.path} answered HTTP {answer.status_code}: {answer.text[:300]}")


def _refusals(answer: httpx2.Response) -> dict[int, str]:
    """Position to reason of the events that a native answer says were not taken."""
    body: Any = msgspec.json.decode(answer.content)
    results = body.get("results", ()) if isinstance(body, dict) else ()
    return {
        one["index"]: f"{one.get('code')}: {one.get('message')}"
        for one in results
        if one.get("status") == "rejected"
    }
