"""Sends lines to ingest until each has its verdict."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Self

import httpx2
import msgspec

from services.cli.importing.reading import Line
from services.cli.retrying import (
    BACKOFF_SECONDS_MAX,
    BACKOFF_SECONDS_MIN,
    RETRIED,
    retry_after_seconds,
)

REQUEST_SECONDS_MAX = 30.0
PATIENCE_SECONDS_MAX = 600.0


class NotTakenError(Exception):
    """Ingest refused a request for good, or stayed away for too long."""


class LineVerdict(msgspec.Struct, frozen=True):
    """What became of one line."""

    line: int
    status: str
    id: str | None = None
    code: str | None = None
    message: str | None = None


class _Result(msgspec.Struct):
    index: int
    status: str
    id: str | None
    code: str | None
    message: str | None


class _Answer(msgspec.Struct):
    results: list[_Result]


class Sending:
    """One connection to ingest; `on_wait` hears why it waits when it has to."""

    def __init__(self, url: str, key: str, on_wait: Callable[[str], None]) -> None:
        self._on_wait = on_wait
        self._client = httpx2.Client(
            base_url=url,
            timeout=REQUEST_SECONDS_MAX,
            headers={"X-Write-Key": key, "Content-Type": "application/x-ndjson"},
            trust_env=False,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def send(self, lines: Sequence[Line]) -> list[LineVerdict]:
        """A verdict per line, in their order. Raises NotTakenError."""
        sent = [line for line in lines if line.event is not None]
        verdicts = {
            line.number: LineVerdict(line.number, "rejected", None, line.code, line.fault)
            for line in lines
            if line.event is None
        }
        if sent:
            body = b"\n".join(line.event for line in sent if line.event is not None)
            for one in self._results(body):
                number = sent[one.index].number
                verdicts[number] = LineVerdict(number, one.status, one.id, one.code, one.message)
        return [verdicts[line.number] for line in lines]

    def _results(self, body: bytes) -> list[_Result]:
        answer = self._taken(body)
        try:
            return msgspec.json.decode(answer.content, type=_Answer).results
        except msgspec.MsgspecError:
            raise NotTakenError(f"{answer.url} answers, but it is not Milepost's ingest") from None

    def _taken(self, body: bytes) -> httpx2.Response:
        deadline = time.monotonic() + PATIENCE_SECONDS_MAX
        backoff = BACKOFF_SECONDS_MIN
        while True:
            try:
                answer = self._client.post("/v1/events", content=body)
            except httpx2.TransportError as error:
                problem, pause = f"{type(error).__name__} {error}".strip(), backoff
            else:
                if answer.status_code == 200:
                    return answer
                problem = f"HTTP {answer.status_code}: {answer.text[:300]}"
                if answer.status_code not in RETRIED:
                    raise NotTakenError(f"ingest refuses the events: {problem}")
                pause = retry_after_seconds(answer.headers, backoff)
            if time.monotonic() + pause > deadline:
                raise NotTakenError(f"ingest took nothing for too long: {problem}")
            self._on_wait(problem)
            time.sleep(pause)
            backoff = min(backoff * 2, BACKOFF_SECONDS_MAX)
