"""The shapes of explanations. Each reason has `rule`, `result`, `condition`, `values`, `text`."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from services.contracts.times import format_time
from services.journey_state.explain.bearing import EpisodeResult, HeldBy
from services.journey_state.explain.reminder import ReminderResult
from services.journey_state.explain.rule import OpeningResult
from services.journey_state.explain.stage import RuleResult


def _text(value: object) -> object:
    return format_time(value) if isinstance(value, int) else value


Time = Annotated[str, BeforeValidator(_text), Field(json_schema_extra={"format": "date-time"})]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", from_attributes=True)


class SentenceSaid(_Part):
    """A sentence of `text` by its code, for who says it in another language."""

    code: str
    values: dict[str, Any] = Field(
        description="what it names: times as `at` or `.._at`, durations as `.._seconds`,"
        " sentences within it as `because`"
    )


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
    sentences: list[SentenceSaid]
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
    sentences: list[SentenceSaid]
    touchpoint: TouchpointSeen


class StageReason(_Part):
    """Why a stage was not entered since: each way into it."""

    stage: str
    text: str
    sentences: list[SentenceSaid]
    rules: list[RuleReason]


class StageReasons(_Part):
    """The stage, what led there, and why no other one was entered since."""

    stage: str
    entered_at: Time | None
    text: str
    sentences: list[SentenceSaid]
    entered_by: TransitionReason | None
    transitions: list[TransitionReason] = Field(description="the newest 20, the oldest first")
    transitions_total: int
    why_not: list[StageReason]
    truncated: bool


class ReminderReason(_Part):
    """One reminder of a signal; `at` is its time after `due_at`."""

    n: int
    result: ReminderResult
    at: Time
    text: str
    sentences: list[SentenceSaid]


class EpisodeReason(_Part):
    """What became of one episode of the rule, and why."""

    rule: str
    definition: str
    result: EpisodeResult
    condition: str | None = Field(description="the opening event's `when`, which was true")
    values: dict[str, Any]
    text: str
    sentences: list[SentenceSaid]
    signal_id: str | None = Field(description="null: it ended before it was due")
    scope: str | None
    opened_at: Time
    opened_by: TouchpointSeen | None = Field(description="null: it is not kept any more")
    activities: int = Field(description="touchpoints that opened it or kept it alive")
    last_activity: TouchpointSeen | None
    due_at: Time
    fires_not_before: Time | None = Field(description="the watermark that raises it; null: none")
    held_by: HeldBy | None
    ended_by: TouchpointSeen | None
    recovered_at: Time | None
    published: bool | None = Field(description="false: stored, never published; null: no signal")
    suppressed: str | None
    raised_at: Time | None = Field(description="the watermark at which it was raised")
    reminders: list[ReminderReason]


class OpeningReason(_Part):
    """Why the newest event that could have opened an episode did not.

    `ends`: for this rule it is a closing or dropping event first. `just_ended`: an episode was
    ended at its instant. `full`: too many were open. `no_event`: none came.
    """

    rule: str
    result: OpeningResult
    condition: str | None
    values: dict[str, Any]
    text: str
    sentences: list[SentenceSaid]
    touchpoint: TouchpointSeen | None
    times: int


class RetractedReason(_Part):
    """A signal that was taken back; `touchpoint`: the one that disproved it."""

    rule: str
    result: Literal["retracted"]
    condition: str | None
    values: dict[str, Any]
    text: str
    sentences: list[SentenceSaid]
    signal_id: str
    scope: str | None
    due_at: Time
    published: bool
    cause: str | None
    touchpoint: TouchpointSeen | None
    replaced_by: str | None


class SignalReasons(_Part):
    """What the rule made of the customer's past: the newest 50, the newest first."""

    rule: str
    text: str
    sentences: list[SentenceSaid]
    watermark: Time | None
    episodes: list[EpisodeReason]
    not_opened: OpeningReason | None
    retracted: list[RetractedReason]
    truncated: bool


class Explanation(_Part):
    """Why, and why not, by the definition named and the touchpoints up to `at` (null: all)."""

    customer_id: str
    journey: str
    definition: str
    at: Time | None
    text: str
    sentences: list[SentenceSaid]
    touchpoints: int = Field(description="how many were looked at")
    stage: StageReasons | None = Field(description="null when a signal is asked about")
    signal: SignalReasons | None = Field(description="null unless a signal is asked about")
