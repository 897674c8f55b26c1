"""Ends connections whose next request does not come: they would take the place of others."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from time import monotonic
from typing import Any

import structlog

_log = structlog.get_logger(__name__)

LOOK_SECONDS = 1.0


async def end_slow_heads(connections: Callable[[], Iterable[Any]], seconds_max: float) -> None:
    """Until cancelled: no connection waits for longer than that for a head that has begun.

    Uvicorn ends idle connections by itself, but not those on which nothing ever came, or only a
    part of a head. `connections` gives its protocols.
    """
    waiting: dict[Any, float] = {}
    while True:
        await asyncio.sleep(LOOK_SECONDS)
        now = monotonic()
        waiting = {one: waiting.get(one, now) for one in connections() if _waits_for_head(one)}
        for one in [one for one, since in waiting.items() if now - since > seconds_max]:
            _log.warning("connection_ended", reason="no request came", seconds=seconds_max)
            one.transport.close()


def _waits_for_head(protocol: Any) -> bool:
    if protocol.timeout_keep_alive_task is not None or protocol.transport.is_closing():
        return False
    return protocol.cycle is None or protocol.cycle.response_complete
