"""The shapes of the journey map's figures and of the people behind them."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from services.journey_state.api.models import Identifier, Page, SignalState, Time
from services.journey_state.buckets import Bucket


class _Answer(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Bound(_Answer):
    """From when, included, to when, excluded."""

    from_: Time = Field(alias="from")
    to: Time


class Period(Bound):
    """What is looked at."""

    zone: str = Field(description="that in which dates are read")


class Person(_Answer):
    """Somebody behind a figure, as they are now."""

    customer_id: str
    identifiers: list[Identifier] = Field(description="the first three, in the order of kinds")
    stage: str = Field(description="`none` before the first")
    entered_at: Time | None
    first_seen_at: Time | None
    last_seen_at: Time | None


class PersonList(Page[Person]):
    """Everybody whom the filters mean, by their ids."""

    period: Period


class Before(_Answer):
    """The same figure in the period that is compared with; beside people what else it has."""

    people: int
    query: str
    events: int | None = None
    signals: int | None = None
    nps: float | None = None
    ratings: int | None = None
    average: float | None = None
    share: float | None = None
    of_previous: float | None = None
    of_first: float | None = None
    p50_seconds: float | None = None
    p90_seconds: float | None = None


class Change(_Answer):
    """A share less that of the period before, and Newcombe's interval of 95 % for it."""

    of: str = Field(description="what the share is of")
    difference: float = Field(description="0.09: nine points more")
    low: float
    high: float
    n: int = Field(description="people that the share is of")
    n_before: int
    certain: bool = Field(description="the interval has not 0 in it, and both n are 30 or more")


class Figure(_Answer):
    """How many people, and the query string of `GET /v1/customers` that lists exactly them.

    `before` is there where `compare` is asked for, but in `stock`, `change` where there is a share
    of somebody in both periods.
    """

    people: int
    query: str
    before: Before | None = None
    change: Change | None = None


class Dwell(Figure):
    """How long the stays lasted that ended in the period; null: none did."""

    stays: int
    p50_seconds: float | None
    p90_seconds: float | None


class Conversion(Figure):
    """Of those who entered in the period, who came further before its end."""

    share: float | None = Field(description="of those who entered; null: nobody did")


class TouchFigure(Figure):
    """Touchpoints in the period while the customer was in the stage."""

    events: int


class ChannelFigure(TouchFigure):
    """Of one channel and one stage."""

    stage: str


class Lane(_Answer):
    """A channel through all stages."""

    channel: str
    stages: list[ChannelFigure]


class EventFigure(TouchFigure):
    """Of one event."""

    event: str = Field(description="its canonical name")


class SignalFigure(Figure):
    """Signals due in the period while the customer was in the stage."""

    rule: str
    state: SignalState
    signals: int


class StageFigures(_Answer):
    """One stage: `present` = `moved` + `still_here` + `left`."""

    stage: str
    labels: dict[str, str]
    present: Figure
    entered: Figure
    moved: Figure
    still_here: Figure
    left: Figure
    stock: Figure
    dwell: Dwell
    conversion: Conversion | None = Field(description="null: the last stage")
    touchpoints: list[EventFigure] = Field(description="the ten events of the most people")
    abandonment: list[SignalFigure]


class JourneyMap(_Answer):
    """The figures of the journey in a period."""

    period: Period
    compared: Period | None = Field(None, description="what `before` is of; only with `compare`")
    filters: dict[str, str] = Field(description="who and what is counted, of all")
    journey: str
    definition: str = Field(description="version of the definition in force")
    remaining: int = Field(
        description="customers not yet computed by it: they stand in the stages of an earlier one"
    )
    counted: dict[str, str] = Field(description="what each figure counts")
    stages: list[StageFigures]
    lanes: list[Lane]


class TrendPoint(_Answer):
    """One stage in one bucket; `stock` is that at its end."""

    entries: Figure
    exits: Figure
    stock: Figure


class StageTrend(_Answer):
    """One stage, a point for each of `buckets`."""

    stage: str
    labels: dict[str, str]
    points: list[TrendPoint]


class Trend(_Answer):
    """Stages over time; each bucket is compared with the one of its place."""

    period: Period
    compared: Period | None = Field(None, description="what `before` is of; only with `compare`")
    filters: dict[str, str]
    journey: str
    definition: str
    bucket: Bucket
    counted: dict[str, str] = Field(description="what each figure counts")
    buckets: list[Bound]
    stages: list[StageTrend]


class FunnelStep(Figure):
    """Who came to a step; the shares are null where nobody came before."""

    stage: str
    labels: dict[str, str]
    of_previous: float | None = Field(description="share of who came to the step before")
    of_first: float | None = Field(description="share of who came to the first step")
    p50_seconds: float | None = Field(description="after the step before; null: no wait")
    p90_seconds: float | None


class FunnelGroup(_Answer):
    """The funnel of some of its people; `change` is the difference to the reference."""

    value: str = Field(description="the variation, or the channel")
    steps: list[FunnelStep]


class Breakdown(_Answer):
    """The funnel of each group of people."""

    by: str = Field(description="`channel`, or `experiment` and a colon and its name")
    counted: str = Field(description="who is in which group")
    reference: str | None = Field(description="the group that the others are compared with")
    groups: list[FunnelGroup]
    several: FunnelGroup | None = Field(
        description="who saw several variations, and is in no group; null: of a channel"
    )


class Funnel(_Answer):
    """How far people come; with `compare`, `change` is that of `of_first`."""

    period: Period
    compared: Period | None = Field(None, description="what `before` is of; only with `compare`")
    filters: dict[str, str]
    journey: str
    definition: str
    counted: str = Field(description="the rule by which it is counted")
    steps: list[FunnelStep]
    breakdown: Breakdown | None = Field(None, description="only where it is asked for")


class FlowLink(Figure):
    """People at one node who are at another in the next column."""

    node: str
    next: str
    share: float = Field(description="of the people at `node`")
    p50_seconds: float | None = Field(description="median time between both; null: no path goes on")


class FlowNode(Figure):
    """People at one node of a column."""

    node: str = Field(description="at:NAME back:NAME other left still_here began")
    kind: Literal["at", "back", "other", "left", "still_here", "began"]
    name: str | None = Field(description="of the stage, channel or event; null: of none")
    labels: dict[str, str] = Field(description="of a stage, by language")
    share: float = Field(description="of the column's people")
    p50_seconds: float | None = Field(
        description="median time to the next step (backward: since it), of those whose path goes"
        " on; null: none does"
    )


class FlowColumn(_Answer):
    """One step: everybody is at exactly one of its nodes; `links` lead to the next column."""

    step: int
    total: Figure
    nodes: list[FlowNode] = Field(description="those of the most people first")
    links: list[FlowLink]


class Flow(_Answer):
    """Where people go, step by step; each column has the same people.

    With `compare` each figure has `before`, but those with the node `other`, which has others in
    each period; `change` is that of `share`.
    """

    period: Period
    compared: Period | None = Field(None, description="what `before` is of; only with `compare`")
    filters: dict[str, str]
    journey: str
    definition: str
    counted: dict[str, str] = Field(description="what is counted, and what each node means")
    stages: list[str] = Field(description="of the definition in force, in its order")
    columns: list[FlowColumn]
