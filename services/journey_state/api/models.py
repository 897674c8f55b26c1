"""The shapes of the query API's answers (contract 6). Times are RFC 3339 text in UTC."""

from __future__ import annotations

from typing import Annotated, Any, Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from services.journey_state.watermark import HoldReason

Item = TypeVar("Item")
Time = Annotated[str, Field(json_schema_extra={"format": "date-time"})]
SignalState = Literal["raised", "recovered", "retracted", "expired"]
HeldBy = Literal["watermark", "gap"]


class _Answer(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Page(_Answer, Generic[Item]):
    """One page of a list; `next` is the `after` of the following page, null at the end."""

    items: list[Item]
    next: str | None


class Overlay(_Answer):
    """A flag beside the stage that is up."""

    name: str
    opened_at: Time
    expires_at: Time | None


class Identifier(_Answer):
    """An identifier of the customer and since when it is known."""

    kind: str
    value: str
    since: Time


class Cause(_Answer):
    """What made a stage change."""

    kind: str
    message_id: str
    event: str
    channel: str
    source: str
    rule: str


class HistoryItem(_Answer):
    """A stage the customer was in; `left_at` is null for the present one."""

    stage: str
    entered_at: Time
    left_at: Time | None
    direction: Literal["first", "forward", "backward", "re-entry"]
    cause: Cause
    definition: str


class StageChange(_Answer):
    """A change of stage as it is known now."""

    customer_id: str
    previous: str = Field(description="`none` before the first")
    current: str
    direction: Literal["first", "forward", "backward", "re-entry"]
    entered_at: Time
    recorded_at: Time
    cause: Cause
    correction: bool = Field(description="it came of looking at the past again or of an import")


class EpisodeItem(_Answer):
    """Something begun and neither finished nor yet abandoned; `scope` null: a stage rule."""

    rule: str
    scope: str | None
    opened_at: Time
    last_activity_at: Time
    due_at: Time


class Signal(BaseModel):
    """An abandonment signal: the value on the signals topic and what is true of it now."""

    model_config = ConfigDict(extra="allow")

    signal_id: str
    customer_id: str
    revision: int
    rule: str
    scope: str | None
    due_at: Time
    state: SignalState
    published: bool = Field(description="false: stored and never published")
    suppressed: Literal["consent"] | None


class Customer(_Answer):
    """All that is known of a customer now, or was known at some time."""

    customer_id: str
    stage: str = Field(description="`none` before the first")
    entered_at: Time | None
    overlays: list[Overlay]
    identifiers: list[Identifier]
    traits: dict[str, Any]
    consent: dict[str, bool]
    counters: dict[str, int]
    history: list[HistoryItem]
    episodes: list[EpisodeItem]
    signals: list[Signal] = Field(description="the newest 100 by due time")
    first_seen_at: Time | None
    last_seen_at: Time | None
    definition: str
    merged_ids: list[str]


class TimelineItem(BaseModel):
    """A touchpoint record as on the topic, and the stage that the customer was in then."""

    model_config = ConfigDict(extra="allow")

    message_id: str
    source: str
    channel: str
    type: str
    event: str
    occurred_at: Time
    received_at: Time
    identifiers: dict[str, str]
    stage: str = Field(description="the stage after this touchpoint")


class Band(_Answer):
    """A stretch of time in one stage."""

    stage: str
    entered_at: Time
    left_at: Time | None


class RecordedItem(HistoryItem):
    """A stage as it was held to be entered, from `recorded_at` until `superseded_at`.

    `left_at` is that of the present history, null for a row that is not part of it.
    """

    customer_id: str = Field(description="under which it was kept: maybe one merged away since")
    recorded_at: Time
    superseded_at: Time | None


class Timeline(Page[TimelineItem]):
    """Touchpoints, the oldest first, and all stage bands of the customer."""

    customer_id: str
    bands: list[Band]
    history: list[RecordedItem] | None = Field(
        None, description="every row that ever was, with `history=all`: the newest 10,000"
    )


class CancelledDeadline(_Answer):
    """A deadline that makes no signal: an operator cancelled it."""

    id: str
    rule: str
    scope: str | None
    customer_id: str
    last_activity_at: Time
    due_at: Time


class Deadline(_Answer):
    """A signal to come unless something happens. `held_by`: what keeps it from firing on time."""

    id: str
    signal_id: str = Field(description="of the signal that it will make")
    rule: str
    scope: str | None
    customer_id: str
    last_activity_at: Time
    due_at: Time
    fires_not_before: Time = Field(description="the watermark at which it fires")
    held_by: HeldBy | None


class WatermarkHold(_Answer):
    """One thing that keeps the watermark back. `since` is null for what was never seen."""

    partition: int
    instance: str | None
    reason: HoldReason
    since: Time | None
    seconds: float | None
    advice: str = Field(description="what to do")


class WatermarkStatus(_Answer):
    """How far event time is complete; `held_by`: the instance or partition that keeps it back."""

    at: Time | None
    age_seconds: float | None
    held_by: str | None
    holds: list[WatermarkHold] = Field(description="all that keep it back; empty: nothing is amiss")


class Released(_Answer):
    """An instance that counts nowhere until it says hello again."""

    instance: str
    released_at: Time
    last_beat_at: Time
    note: str


class DeadLetter(_Answer):
    """A record that could not be processed."""

    id: int
    topic: str
    partition: int
    offset: int
    reason: str
    message: str
    status: Literal["open", "replayed", "dropped"]
    heartbeat: bool
    bytes: int
    recorded_at: Time
    settled_at: Time | None


class DeadLetterBytes(DeadLetter):
    """One with its bytes; `key` and `value` are null where they are no UTF-8 text."""

    key: str | None
    value: str | None
    value_base64: str | None


class Settled(_Answer):
    """How many dead letters an act settled, and how many are open still, heartbeats apart."""

    count: int
    open: int


class Resumed(_Answer):
    """A partition that goes on; `stopped`: why it had stood still, null: it had not."""

    partition: int
    next_offset: int
    stopped: str | None


class Outbox(_Answer):
    """Messages not yet on their topics."""

    pending: int
    oldest_seconds: float | None


class Instance(_Answer):
    """An ingest instance by its processed heartbeats."""

    instance: str
    low_watermark: Time
    last_beat_at: Time
    spool: Literal["none", "empty", "pending"]
    phase: Literal["hello", "beat", "goodbye"]
    partitions: int
    released: bool = Field(description="by an operator, and it has not said hello since")


class InForce(_Answer):
    """The definition in force, and how far customers have been computed again by it."""

    journey: str
    version: str
    definition_id: int = Field(description="of this publication; the same file again has another")
    activated_at: Time = Field(
        description="on the watermark's scale: signals due from here on (grace included) are its"
        " own; the first definition counts from ever, and shows when it was put in force"
    )
    recomputed: int = Field(
        description="customers computed by it; a second old, or older where counting takes long"
    )
    remaining: int = Field(description="customers to be computed again by it")


class Status(_Answer):
    """Whether all is well, in figures."""

    watermark: WatermarkStatus
    lag: dict[str, int] | None = Field(description="records by partition; null: Kafka is away")
    outbox: Outbox
    rejected: int | None = Field(description="records ever rejected; null: Kafka is away")
    dead_letters: int
    touchpoints: int = Field(
        description="stored: an estimate by PostgreSQL's statistics, which lag by a second, count"
        " what was rolled back too, and begin anew after a crash"
    )
    signals: dict[SignalState, int] = Field(
        description="by their state now, those never published included; a second old, or older"
        " where counting takes long"
    )
    instances: list[Instance]
    stopped: dict[str, str] = Field(description="partitions that stopped, and why")
    definition: InForce | None


class Journey(InForce):
    """The journey definition in force, whole."""

    definition: dict[str, Any] = Field(description="the definition file as JSON")
    customers: dict[str, int] | None = Field(
        description="per stage, when asked for; a second old, or older where counting takes long"
    )


class PublishedJourney(InForce):
    """What came of publishing a definition."""

    published: bool = Field(description="false: this very definition was in force already")
