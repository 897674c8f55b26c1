"""The receipt of an erasure, as the API answers it and as it is kept."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from services.contracts.times import DAY_US, format_time
from services.contracts.topics import COMPACTION_DAYS, OUTPUT_DAYS
from services.journey_state.api.models import Time
from services.journey_state.erasure import Erased
from services.journey_state.publication import id_text
from services.settings import Settings


class _Receipt(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Removed(_Receipt):
    """How many rows were removed."""

    customers: int = Field(description="the customer and those merged into it")
    identifiers: int = Field(description="owned by this person alone")
    touchpoints: int
    checkpoints: int = Field(0, description="what was kept of the time before a cut")
    intermediate_checkpoints: int = Field(0, description="what it came to within the kept past")
    stage_history: int
    signals: int
    timers: int
    cancelled_deadlines: int
    queued_messages: int
    dead_letters: int
    conflicts: int
    ownership_periods: int
    remembered_messages: int


class Ending(_Receipt):
    """What still stands in a topic, and when it is gone."""

    topic: str
    ends_at: Time = Field(description="the newest of it, by the topic's retention")
    by: str


class Receipt(_Receipt):
    """What was removed, and what ends by retention."""

    customer_id: str
    merged_ids: list[str]
    erased_at: Time = Field(description="events that happened up to then are dropped for ever")
    removed: Removed
    shared_identifiers: int = Field(description="kept: others own or owned them too")
    ends_by_retention: list[Ending]


def receipt_of(erased: Erased, settings: Settings) -> Receipt:
    """The receipt; topics as `milepost topics` makes them."""
    return Receipt(
        customer_id=id_text(erased.customer_id),
        merged_ids=[id_text(one) for one in erased.merged_ids],
        erased_at=format_time(erased.erased_at),
        removed=Removed.model_validate(erased.removed),
        shared_identifiers=erased.kept_shared,
        ends_by_retention=_endings(erased.erased_at, settings),
    )


def _endings(erased_at: int, settings: Settings) -> list[Ending]:
    topics = settings.kafka.topics
    days = {
        topics.touchpoints: settings.retention.timeline_days,
        topics.rejected: OUTPUT_DAYS,
        topics.stage_changes: OUTPUT_DAYS,
        topics.signals: OUTPUT_DAYS,
    }
    retained = [
        Ending(topic=topic, ends_at=format_time(erased_at + n * DAY_US), by="retention")
        for topic, n in days.items()
    ]
    compacted_at = format_time(erased_at + COMPACTION_DAYS * DAY_US)
    return [*retained, Ending(topic=topics.customers, ends_at=compacted_at, by="compaction")]
