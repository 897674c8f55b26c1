"""Days and hours of a zone: as long as they are there, together the whole period."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.contracts.times import SECOND_US, read_time, to_datetime
from services.journey_state.buckets import BUCKETS_MAX, Bucket, bounds
from services.journey_state.filters import FilterError, Filters, parse

HOUR_US = 3600 * SECOND_US
ZONES = ["UTC", "Europe/Warsaw", "America/Sao_Paulo", "Australia/Lord_Howe", "Asia/Kathmandu"]


def period(begin: str, end: str, zone: str) -> Filters:
    return parse({"from": begin, "to": end, "zone": zone}, 0)


@pytest.mark.parametrize(
    ("begin", "end", "hours"),
    [("2026-03-28", "2026-03-31", [24, 23, 24]), ("2026-10-24", "2026-10-27", [24, 25, 24])],
)
def test_days_have_23_to_25_hours(begin: str, end: str, hours: list[int]) -> None:
    found = bounds(period(begin, end, "Europe/Warsaw"), "day")

    assert [(b - a) / HOUR_US for a, b in pairwise(found)] == hours


def test_a_day_that_a_zone_left_out_is_none() -> None:
    found = bounds(period("2011-12-28", "2012-01-01", "Pacific/Apia"), "day")

    assert [(b - a) / HOUR_US for a, b in pairwise(found)] == [24, 24, 24]


def test_the_first_and_the_last_are_cut_off() -> None:
    asked = period("2026-11-20T22:30:00Z", "2026-11-21T01:10:00Z", "UTC")

    assert bounds(asked, "day")[1:-1] == [read_time("2026-11-21T00:00:00Z")]
    assert [b - a for a, b in pairwise(bounds(asked, "hour"))] == [
        HOUR_US // 2,
        HOUR_US,
        HOUR_US,
        HOUR_US // 6,
    ]


@given(
    st.dates(date(1990, 1, 1), date(2030, 1, 1)),
    st.integers(1, 15),
    st.sampled_from(ZONES),
    st.sampled_from(["day", "hour"]),
)
def test_they_follow_each_other_and_begin_on_the_clock(
    day: date, days: int, zone: str, bucket: Bucket
) -> None:
    asked = period(str(day), str(day + timedelta(days=days)), zone)
    found = bounds(asked, bucket)

    assert (found[0], found[-1]) == (asked.from_at, asked.to_at)
    assert all(a < b for a, b in pairwise(found))
    there = [to_datetime(one).astimezone(ZoneInfo(zone)) for one in found]
    if bucket == "day":
        assert [one.date() for one in there] == sorted({one.date() for one in there})
        assert len(found) == days + 1
    elif zone != "Australia/Lord_Howe":  # its clocks are put by half an hour
        assert {one.minute for one in there} == {0}


def test_there_are_not_too_many() -> None:
    asked = period("2026-11-01", "2026-11-17", "UTC")
    assert len(bounds(asked, "hour")) <= BUCKETS_MAX + 1

    with pytest.raises(FilterError):
        bounds(period("2026-11-01", "2026-11-19", "UTC"), "hour")
