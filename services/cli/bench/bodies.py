"""Requests as SDKs send them, prebuilt but for their message ids."""

from __future__ import annotations

import base64
import itertools
import time
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import msgspec

from services.cli.bench.traffic import Step, steps
from services.contracts.times import format_time

# As many digits as a number below gets.
_HOLE = b"@@@@@@@@@@@@"


class Request(NamedTuple):
    """The bytes of one HTTP request; `number` is in the id of each of its events."""

    number: int
    payload: bytes


class Requests:
    """Endless requests of `events` events each, made from `templates` different bodies."""

    def __init__(
        self,
        host: str,
        write_key: str,
        events: int,
        *,
        customers: int,
        templates: int,
        seed: int = 1,
    ) -> None:
        made = steps(customers, seed)
        self._templates = [
            _template(host, write_key, list(itertools.islice(made, events)))
            for _ in range(templates)
        ]

    def __iter__(self) -> Iterator[Request]:
        # Ids are never used twice, not by a later run of this either.
        start = time.time_ns() // 1_000_000 % 1_000_000 * 1_000_000
        for number, template in zip(itertools.count(start), itertools.cycle(self._templates)):
            yield Request(number, template.replace(_HOLE, b"%012d" % number))


def number_of(message_id: str) -> int:
    """The number of the request that an event came with."""
    return int(message_id.partition("-")[0])


def _template(host: str, write_key: str, chosen: Sequence[Step]) -> bytes:
    now = format_time(time.time_ns() // 1_000_000 * 1000)
    events = [_event(step, n, now) for n, step in enumerate(chosen)]
    if len(events) == 1:
        return _http(host, f"/v1/{chosen[0].call}", write_key, events[0] | {"sentAt": now})
    return _http(host, "/v1/batch", write_key, {"batch": events, "sentAt": now})


def _event(step: Step, index: int, now: str) -> dict[str, Any]:
    ids: dict[str, str] = msgspec.json.decode(step.identifiers)
    event: dict[str, Any] = {
        "type": step.call,
        "messageId": f"{_HOLE.decode()}-{index}",
        "timestamp": now,
        "anonymousId": ids["anonymous_id"],
        "properties": msgspec.Raw(step.properties),
        "context": {"locale": "pl-PL", "library": {"name": "analytics.js", "version": "5.2.0"}},
    }
    if "user_id" in ids:
        event["userId"] = ids["user_id"]
    if step.call == "track":
        event["event"] = step.event
    return event


def _http(host: str, path: str, write_key: str, document: dict[str, Any]) -> bytes:
    body = msgspec.json.encode(document)
    token = base64.b64encode(f"{write_key}:".encode()).decode()
    head = (
        f"POST {path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n"
        f"Authorization: Basic {token}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body
