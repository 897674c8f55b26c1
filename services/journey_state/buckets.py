"""A period cut into the days or hours of a time zone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta, tzinfo
from itertools import islice
from typing import Literal

from services.contracts.times import SECOND_US, to_datetime
from services.journey_state.filters import Fault, FilterError, Filters, day_begins, zone_of

BUCKETS_MAX = 400  # a year of days, two weeks of hours

Bucket = Literal["day", "hour"]


def bounds(filters: Filters, bucket: Bucket) -> list[int]:
    """The period's begin and end, and each instant between them at which a bucket begins there.

    Raises FilterError for more buckets than `BUCKETS_MAX`.
    """
    found = [filters.from_at, *islice(_between(filters, bucket), BUCKETS_MAX), filters.to_at]
    if len(found) > BUCKETS_MAX + 1:
        message = f"the period has over {BUCKETS_MAX} of them; ask for days, or a shorter period"
        raise FilterError([Fault("bucket", message)])
    return found


def _between(filters: Filters, bucket: Bucket) -> Iterator[int]:
    zone = zone_of(filters.zone)
    following = _next_day if bucket == "day" else _next_hour
    instant = following(filters.from_at, zone)
    while instant < filters.to_at:
        yield instant
        instant = following(instant, zone)


def _next_day(instant: int, zone: tzinfo) -> int:
    """The next instant at which a day begins; a day that a zone has left out begins never."""
    day = to_datetime(instant).astimezone(zone).date()
    begins = instant
    while begins <= instant:
        day += timedelta(days=1)
        begins = day_begins(day, zone)
    return begins


def _next_hour(instant: int, zone: tzinfo) -> int:
    """The next instant at which a clock there shows a full hour, or an hour after it was put."""
    there = to_datetime(instant).astimezone(zone)
    gone = (there.minute * 60 + there.second) * SECOND_US + there.microsecond
    return instant + 3600 * SECOND_US - gone
