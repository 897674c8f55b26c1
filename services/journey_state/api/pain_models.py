"""The shapes of pain points and insights."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from services.journey_state.api.map_models import Bound, Figure, Period

Parameters = dict[str, str | int | float | None]


class _Answer(BaseModel):
    model_config = ConfigDict(extra="forbid")


class ShareFigure(Figure):
    """People of others, and how sure their share is."""

    of: Figure
    share: float
    low: float = Field(description="Wilson's score interval, at the answer's `z`")
    high: float


class Baseline(_Answer):
    """What the share is measured against."""

    against: Literal["previous", "others"] = Field(
        description="the same cell in the period before; or, where that had too few people, the"
        " stage's other cells in this one"
    )
    people: int
    of: int
    share: float
    low: float
    high: float
    query: str | None = Field(description="lists them; null: they are the stage's others")


class Where(_Answer):
    """What the people used in the stage, or came to it by."""

    dimension: Literal["all", "channel", "device", "campaign"]
    value: str = Field(description="empty: all")


class Also(Where):
    """Where the same stands out, less or wider."""

    people: int
    query: str
    lost: int


class Latest(Bound):
    """The last weeks of the period."""

    before: Bound = Field(description="as many weeks before them, which they are measured against")


class Risk(_Answer):
    """Value left behind by these people in one currency, as a decimal text."""

    currency: str
    value: str


class PainPoint(_Answer):
    """People who are struck more often than usual."""

    kind: Literal["leak", "stall", "loop", "error", "abandonment"]
    stage: str
    labels: dict[str, str] = Field(description="of the stage, by language")
    cause: str | None = Field(description="the event or rule")
    where: Where
    struck: ShareFigure
    baseline: Baseline
    lost: int = Field(description="people beyond the usual share: by this the rows are ordered")
    at_risk: list[Risk]
    also: list[Also]
    code: str = Field(description="stable name of the sentence")
    parameters: Parameters = Field(description="what the sentence is made of")
    sentence: str = Field(description="in English")
    filters: dict[str, str] = Field(description="those of the page that show these people")


class PainPoints(_Answer):
    """What stands out in a period; most people lost first."""

    period: Period
    before: Bound = Field(description="the period that is measured against")
    latest: Latest | None = Field(
        description="what was looked at beside the whole: parameters of what was found there have"
        " `days`; null: nothing"
    )
    filters: dict[str, str]
    journey: str
    definition: str
    counted: dict[str, str] = Field(description="what each kind counts, and against what")
    checked: int = Field(description="cells that had enough people to be compared")
    z: float = Field(description="of the intervals, one-sided: at Benjamini and Hochberg's level")
    items: list[PainPoint]


class Fact(Figure):
    """One thing worth knowing, and the people it is about."""

    code: str
    parameters: Parameters
    labels: dict[str, str] = Field(description="of the stage, by language; empty: of none")
    sentence: str = Field(description="in English")
    filters: dict[str, str] = Field(description="those of the page that show it")


class Insights(_Answer):
    """A few facts about a period; few or none where people are few."""

    period: Period
    before: Bound
    latest: Latest | None = Field(description="as of pain points")
    filters: dict[str, str]
    journey: str
    definition: str
    counted: dict[str, str]
    items: list[Fact]
