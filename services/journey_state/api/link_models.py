"""The shapes of answers about links between identifiers."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from services.journey_state.api.models import Time


class _Answer(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Owner(_Answer):
    """Whose an identifier is now; null: nobody's, it was never met."""

    kind: str
    value: str
    customer_id: str | None
    stage: str | None


class Flow(_Answer):
    """From which customer to which touchpoints went: all of them by a merge, some by a split."""

    from_: str = Field(alias="from")
    to: str


class LinkOutcome(_Answer):
    """What a link or an unlink changed; two owners of a link: a bound forbids to join them."""

    owners: list[Owner]
    merged: list[Flow]
    split: list[Flow]


class Conflict(_Answer):
    """A move of an identifier, or a link that was not applied, and how often."""

    kind: str | None
    value: str | None
    from_customer_id: str
    to_customer_id: str
    reason: str
    count: int
    first_at: Time
    last_at: Time
