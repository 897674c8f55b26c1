"""Events as senders write them, of people whom no other test knows."""

from __future__ import annotations

import time
from typing import Any
from uuid import uuid4

from services.contracts.times import SECOND_US, format_time


def now_us() -> int:
    return time.time_ns() // 1000


def text(time_us: int) -> str:
    return format_time(time_us)


def somebody(name: str = "u") -> str:
    """An identifier of a person of the test's own."""
    return f"{name}-{uuid4().hex[:12]}"


def track(event: str, *, at: int | None = None, **fields: Any) -> dict[str, Any]:
    """A `track` call at a time in microseconds, sent now; `user` and `anonymous` name who."""
    return call("track", at=at, event=event, **fields)


def call(kind: str, *, at: int | None = None, **fields: Any) -> dict[str, Any]:
    """Any call, with an id of its own unless one is given."""
    names = {"user": "userId", "anonymous": "anonymousId", "id": "messageId"}
    said = {names.get(name, name): value for name, value in fields.items()}
    now = now_us()
    return {
        "type": kind,
        "messageId": uuid4().hex,
        "timestamp": text(now if at is None else at),
        "sentAt": text(now),
        **said,
    }


def later(time_us: int, seconds: float) -> int:
    return time_us + int(seconds * SECOND_US)
