"""What holds the watermark, since when and what to do; letting go of an instance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import structlog
from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from services.contracts.times import SECOND_US, format_time
from services.journey_state.api.asking import Ask
from services.journey_state.api.models import Released, WatermarkHold
from services.journey_state.api.problems import Problem, described
from services.journey_state.api.profile import optional_time
from services.journey_state.store import releases
from services.journey_state.store.releases import LastHeard
from services.journey_state.watermark import Hold, HoldReason

_log = structlog.get_logger(__name__)

router = APIRouter(tags=["operations"])

_ADVICE: Mapping[HoldReason, str] = {
    "stopped": "partition {partition} stands still ({why}): see docs/operations.md, mend it, then"
    " `milepost dead-letters resume {partition}`",
    "no_instance": "no ingest is alive in partition {partition}: start one (`milepost ingest`)",
    "silent": "it has a spool, may hold events, and is not heard: bring it back with its folder;"
    " if it never will be, `milepost watermark release {instance}`",
    "spool": "events wait in its spool: can it reach Kafka?",
    "behind": "partition {partition} is processed less far than others: does a worker read it?",
    "current": "its next heartbeat is awaited: does it run, and a worker, and do they reach Kafka?",
}


class ReleaseBody(BaseModel):
    """Which instance will not return."""

    model_config = ConfigDict(extra="forbid")

    instance: str = Field(min_length=1, max_length=256)


@router.post(
    "/v1/watermark/release",
    responses=described(
        bad_request="The body is wrong", not_found="No instance of this name was ever heard"
    ),
)
async def release(body: ReleaseBody, ask: Ask) -> Released:
    """Let go of an instance: it counts nowhere until it says hello again. Safe to repeat."""
    async with ask.operator.writing() as connection:
        heard = await releases.last_heard(connection, body.instance)
        if heard is None:
            detail = (
                f"No instance {body.instance!r} was heard; `milepost watermark show` lists them"
            )
            raise Problem(404, "instance_unknown", detail)
        released_at = await releases.release(connection, body.instance, heard.append_time)
    _log.warning("instance_released", instance=body.instance, last_beat_at=heard.append_time)
    return Released(
        instance=body.instance,
        released_at=format_time(released_at),
        last_beat_at=format_time(heard.append_time),
        note=_note(heard, ask.clock(), ask.settings.watermark.lease_seconds),
    )


def hold_values(
    holds: Sequence[Hold], now: int, *, behind: bool, stopped: Mapping[int, str]
) -> list[WatermarkHold]:
    """The holds as the API tells them. While W is `behind`, what is merely awaited is named too."""
    return [
        WatermarkHold(
            partition=hold.partition,
            instance=hold.instance or None,
            reason=hold.reason,
            since=optional_time(hold.since),
            seconds=None if hold.since is None else max(0, now - hold.since) / SECOND_US,
            advice=_ADVICE[hold.reason].format(
                partition=hold.partition,
                instance=hold.instance,
                why=stopped.get(hold.partition, "unknown"),
            ),
        )
        for hold in holds
        if behind or hold.reason != "current"
    ]


def _note(heard: LastHeard, now: int, lease_seconds: float) -> str:
    if heard.phase == "goodbye":
        return "it had said goodbye and held nothing"
    silent = (now - heard.append_time) / SECOND_US
    if silent <= lease_seconds:
        return (
            f"it was heard {silent:.0f} s ago and may be alive: until it is started anew, its"
            " events are not waited for"
        )
    return "what it may still send is late for deadlines that fire before"
