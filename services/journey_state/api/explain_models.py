"""The shapes of explanations. Each reason has `rule`, `result`, `condition`, `values`, `text`."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from services.contracts.times import format_time
from services.journey_state.explain.stage import RuleResult


def _text(value: object) -> object:
    return format_time(value) if isinstance(value, int) else value


Time = Annotated[str, BeforeValidator(_text), Field(json_schema_extra={"format": "date-time"})]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", from_attributes=True)


class TouchpointSeen(_Part):
    """A touchpoint that decided something; `event` is the name that rules know it by."""

    event: str
    channel: str
    source: str
    message_id: str
    at: Time
    received_at: Time
    historical: bool


class RuleReason(_Part):
    """What an enter rule said of the newest touchpoint of its events, and why.

    `no_event`: none came. `from`: the stage before was another than the rule asks for. `when`,
    `error`: `condition` was false, or could not be evaluated. `earlier_rule`: another matched
    first. `not_folded`: the touchpoint is a repeat, a bot's, or a consent statement.
    """

    rule: str
    stage: str
    result: RuleResult
    condition: str | None = Field(description="the first condition that failed")
    values: dict[str, Any] = Field(description="what the condition looked at; null: missing")
    text: str
    touchpoint: TouchpointSeen | None
    times: int = Field(description="touchpoints of these events since the stage was entered")


class TransitionReason(_Part):
    """A transition, the rule that made it, and what the rule looked at."""

    previous: str
    stage: str
    direction: str
    entered_at: Time
    rule: str
    result: RuleResult
    condition: str | None = Field(description="the rule's `when`, which was true")
    values: dict[str, Any]
    text: str
    touchpoint: TouchpointSeen


class StageReason(_Part):
    """Why a stage was not entered since: each way into it."""

    stage: str
    text: str
    rules: list[RuleReason]


class StageReasons(_Part):
    """The stage, what led there, and why no other one was entered since."""

    stage: str
    entered_at: Time | None
    text: str
    entered_by: TransitionReason | None
    transitions: list[TransitionReason] = Field(description="the newest 20, the oldest first")
    transitions_total: int
    why_not: list[StageReason]
    truncated: bool


class Explanation(_Part):
    """Why, and why not, by the definition named and the touchpoints up to `at` (null: all)."""

    customer_id: str
    journey: str
    definition: str
    at: Time | None
    text: str
    touchpoints: int = Field(description="how many were looked at")
    stage: StageReasons | None = Field(description="null when a signal is asked about")
