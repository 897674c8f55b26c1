"""`/v1/status`: how far things are."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Annotated, get_args

import structlog
from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict

from services.contracts.times import SECOND_US, format_time
from services.journey_state import progress_queries as queries
from services.journey_state.api import definition
from services.journey_state.api.asking import WATERMARK_BEHIND_US, Ask, Asking, EndOffsets
from services.journey_state.api.holds import hold_values
from services.journey_state.api.models import (
    Instance,
    Outbox,
    SignalState,
    Status,
    WatermarkStatus,
)
from services.journey_state.api.problems import described
from services.journey_state.api.profile import optional_time
from services.journey_state.progress_queries import OffsetRow
from services.journey_state.watermark import Beat, Heard, Hold, watermark

KAFKA_SECONDS_MAX = 3.0

_log = structlog.get_logger(__name__)

router = APIRouter(tags=["operations"])


class StatusQuery(BaseModel):
    """No parameters."""

    model_config = ConfigDict(extra="forbid")


@router.get("/v1/status", responses=described(bad_request="A bad parameter"))
async def status(_: Annotated[StatusQuery, Query()], ask: Ask) -> Status:
    """Watermark, lag, outbox, rejected and dead records, totals, instances, definition."""
    touchpoint_ends, rejected_ends = await asyncio.gather(
        _ends(ask.touchpoint_ends), _ends(ask.rejected_ends)
    )
    signals = await ask.signal_counts.get(ask.database)
    in_force = await definition.in_force(ask)
    topic = ask.settings.kafka.topics.touchpoints
    async with ask.database.reading() as connection:
        at = await queries.watermark_at(connection)
        offsets = await queries.partition_offsets(connection, topic)
        beats = await queries.newest_beats(connection)
        released = await queries.released_instances(connection)
        pending, oldest = await queries.outbox_backlog(connection)
        dead = await queries.open_dead_letters(connection)
        touchpoints = await queries.touchpoints_stored(connection)
    now = ask.clock()
    return Status(
        watermark=_watermark(at, now, _heard(beats, offsets, released), offsets, ask),
        lag=_lag(offsets, touchpoint_ends),
        outbox=Outbox(pending=pending, oldest_seconds=_age_seconds(oldest, now)),
        rejected=None if rejected_ends is None else sum(rejected_ends.values()),
        dead_letters=dead,
        touchpoints=touchpoints,
        signals={state: signals.get(state, 0) for state in get_args(SignalState)},
        instances=_instances(beats, released),
        stopped={str(row.partition): row.stopped for row in offsets if row.stopped is not None},
        definition=in_force,
    )


async def _ends(ends: EndOffsets | None) -> dict[int, int] | None:
    """The end offsets, None where Kafka does not tell them in time."""
    if ends is None:
        return None
    try:
        async with asyncio.timeout(KAFKA_SECONDS_MAX):
            return await ends()
    except (OSError, TimeoutError, RuntimeError) as error:  # Kafka's errors are RuntimeErrors
        _log.warning("kafka_away", reason=str(error) or type(error).__name__)
        return None


def _heard(
    beats: Sequence[Beat], offsets: Sequence[OffsetRow], released: Mapping[str, int]
) -> Heard:
    return Heard(
        beats=beats,
        log_times={row.partition: row.log_time for row in offsets if row.log_time is not None},
        released=released,
        stopped={row.partition for row in offsets if row.stopped is not None},
    )


def _watermark(
    at: int | None, now: int, heard: Heard, offsets: Sequence[OffsetRow], ask: Asking
) -> WatermarkStatus:
    behind = at is None or now - at > WATERMARK_BEHIND_US
    lease_us = round(ask.settings.watermark.lease_seconds * SECOND_US)
    found = watermark(at, heard, ask.settings.kafka.partitions, lease_us=lease_us)
    stopped = {row.partition: row.stopped for row in offsets if row.stopped is not None}
    return WatermarkStatus(
        at=optional_time(at),
        age_seconds=_age_seconds(at, now),
        held_by=_holder(found.held_by) if behind else None,
        holds=hold_values(found.held_by, now, behind=behind, stopped=stopped),
    )


def _holder(holds: Sequence[Hold]) -> str:
    """A partition that stopped, else the instance that determines W, if any is live."""
    stopped = [hold.partition for hold in holds if hold.reason == "stopped"]
    if stopped:
        return f"partition {stopped[0]}"
    return next((hold.instance for hold in holds if hold.instance), "no instance")


def _lag(offsets: Sequence[OffsetRow], ends: dict[int, int] | None) -> dict[str, int] | None:
    if ends is None:
        return None
    done = {row.partition: row.next_offset for row in offsets}
    # A partition that no worker has begun starts at its first record.
    return {str(p): max(0, end - done.get(p, 0)) for p, end in sorted(ends.items())}


def _instances(beats: Sequence[Beat], released: Mapping[str, int]) -> list[Instance]:
    by_name: dict[str, list[Beat]] = defaultdict(list)
    for beat in beats:
        by_name[beat.instance].append(beat)
    return [
        _instance(name, own, released=name in released) for name, own in sorted(by_name.items())
    ]


def _instance(name: str, beats: Sequence[Beat], *, released: bool) -> Instance:
    newest = max(beats, key=lambda beat: (beat.append_time, beat.offset))
    return Instance(
        instance=name,
        low_watermark=format_time(min(beat.low_watermark for beat in beats)),
        last_beat_at=format_time(newest.append_time),
        spool=newest.spool,
        phase=newest.phase,
        partitions=len(beats),
        released=released,
    )


def _age_seconds(at: int | None, now: int) -> float | None:
    return None if at is None else max(0, now - at) / SECOND_US
