"""`GET /v1/segments`: the named filters that `segment=` takes."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from services.journey_state.api.asking import Ask
from services.journey_state.api.problems import described
from services.journey_state.segments import Behaviour, Segment

router = APIRouter(tags=["map"])


class _Answer(BaseModel):
    model_config = ConfigDict(extra="forbid")


class BehaviourSaid(_Answer):
    """What people did, or did not."""

    event: list[str] = Field(description="any of these")
    at_least: int
    within_seconds: float | None = Field(description="before the period's end; null: ever")
    channel: list[str] = Field(description="any of these; empty: whatever")


class SegmentSaid(_Answer):
    """A segment: all its conditions hold; empty ones ask nothing."""

    name: str
    labels: dict[str, str]
    traits: dict[str, list[str | int | bool]] = Field(description="any of the values of each")
    consent: list[str] = Field(description="every one of these purposes")
    stage: list[str] = Field(description="is in any of these now")
    channel: list[str] = Field(description="has a touchpoint of the period on any of these")
    did: list[BehaviourSaid]
    not_did: list[BehaviourSaid]


class SegmentList(_Answer):
    """All segments, in the order of their file."""

    items: list[SegmentSaid]
    fault: str | None = Field(
        description="what is wrong with the newest file; then `items` are those of the one before"
    )


class SegmentQuery(BaseModel):
    """No parameters."""

    model_config = ConfigDict(extra="forbid")


@router.get("/v1/segments", responses=described(bad_request="A bad parameter"))
async def segments(_: Annotated[SegmentQuery, Query()], ask: Ask) -> SegmentList:
    """The segments of MILEPOST_API__SEGMENTS_FILE."""
    known = ask.segments.read()
    return SegmentList(items=[_said(one) for one in known.segments], fault=known.fault or None)


def _said(segment: Segment) -> SegmentSaid:
    return SegmentSaid(
        name=segment.name,
        labels=dict(segment.labels),
        traits={name: list(values) for name, values in segment.traits.items()},
        consent=list(segment.consent),
        stage=list(segment.stages),
        channel=list(segment.channels),
        did=[_behaviour(one) for one in segment.did],
        not_did=[_behaviour(one) for one in segment.not_did],
    )


def _behaviour(one: Behaviour) -> BehaviourSaid:
    return BehaviourSaid(
        event=list(one.events),
        at_least=one.at_least,
        within_seconds=None if one.within_us is None else one.within_us / 1e6,
        channel=list(one.channels),
    )
