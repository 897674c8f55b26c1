"""Filters as they are read: periods in a zone, round trips, and every fault by its name."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from urllib.parse import parse_qsl
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.contracts.times import DAY_US, from_datetime, read_time
from services.journey_state.filters import (
    PERIOD_DAYS_MAX,
    FilterError,
    day_begins,
    parse,
)

NOW = read_time("2026-11-25T12:00:00Z")
HOUR_US = DAY_US // 24


@pytest.mark.parametrize(
    ("zone", "start"), [("UTC", "2026-10-26T00:00:00Z"), ("Asia/Kathmandu", "2026-10-25T18:15:00Z")]
)
def test_without_anything_the_period_is_whole_days_and_what_there_is_of_today(
    zone: str, start: str
) -> None:
    filters = parse({"zone": zone}, NOW)

    assert filters.to_at == NOW
    assert filters.from_at == read_time(start)


@pytest.mark.parametrize(
    ("day", "hours"), [("2026-03-28", 24), ("2026-03-29", 23), ("2026-10-25", 25)]
)
def test_a_day_is_as_long_as_it_is_there(day: str, hours: int) -> None:
    after = str(date.fromisoformat(day) + timedelta(days=1))
    filters = parse({"from": day, "to": after, "zone": "Europe/Warsaw"}, NOW)

    assert filters.to_at - filters.from_at == hours * HOUR_US


@pytest.mark.parametrize(
    ("day", "zone", "first"),
    [
        ("2026-11-21", "UTC", "2026-11-21T00:00:00Z"),
        ("2026-11-21", "Asia/Kathmandu", "2026-11-20T18:15:00Z"),
        ("2018-11-04", "America/Sao_Paulo", "2018-11-04T03:00:00Z"),  # there is no midnight
        ("2026-11-01", "America/Havana", "2026-11-01T04:00:00Z"),  # there are two
    ],
)
def test_a_day_begins_with_its_first_instant(day: str, zone: str, first: str) -> None:
    assert day_begins(date.fromisoformat(day), ZoneInfo(zone)) == read_time(first)


@given(
    st.dates(date(1972, 1, 1), date(2035, 1, 1)),
    st.sampled_from(["Europe/Warsaw", "America/Havana", "Asia/Beirut", "Australia/Lord_Howe"]),
)
def test_the_instant_before_a_day_is_of_an_earlier_one(day: date, zone: str) -> None:
    first = day_begins(day, ZoneInfo(zone))
    there = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=first)

    assert there.astimezone(ZoneInfo(zone)).date() == day
    assert (there - timedelta(microseconds=1)).astimezone(ZoneInfo(zone)).date() < day
    assert from_datetime(there) == first


@given(st.dictionaries(st.sampled_from(["source", "campaign", "event", "rule", "stage"]),
                       st.text(min_size=1, max_size=20).filter(str.isprintable)))  # fmt: skip
def test_a_query_is_read_as_the_filters_that_wrote_it(texts: dict[str, str]) -> None:
    said = {"from": "2026-11-01", "to": "2026-11-21T12:00:00.000001+05:00", "zone": "Asia/Tokyo"}
    filters = parse(said | texts, NOW)

    assert parse(dict(parse_qsl(filters.query())), 0) == filters


def test_an_offset_may_have_lost_its_plus() -> None:
    filters = parse({"from": "2026-11-21T12:00:00 02:00"}, NOW)

    assert filters.from_at == read_time("2026-11-21T10:00:00Z")


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({"colour": "red"}, ["colour"]),
        ({"colour": "red", "state": "lost"}, ["colour", "state"]),
        ({"channel": "fax"}, ["channel"]),
        ({"source": ""}, ["source"]),
        ({"source": "a\x00"}, ["source"]),
        ({"source": "a" * 257}, ["source"]),
        ({"part": "entered"}, ["part"]),
        ({"part": "some", "stage": "cart"}, ["part"]),
        ({"part_from": "2026-11-21"}, ["part_from"]),
        ({"part": "stock", "stage": "cart", "part_to": "2026-11-21"}, ["part_to"]),
        (
            {"part": "left", "stage": "cart", "part_from": "2026-11-21", "part_to": "2026-11-20"},
            ["part_from"],
        ),
        ({"zone": "Mars/Olympus"}, ["zone"]),
        ({"zone": "../etc/passwd"}, ["zone"]),
        ({"zone": "Europe"}, ["zone"]),
        ({"from": "2026-11-21T12:00:00"}, ["from"]),
        ({"from": "2026-02-30"}, ["from"]),
        ({"from": "yesterday", "to": "0001-01-01"}, ["to", "from"]),
        ({"from": "2026-11-21", "to": "2026-11-21"}, ["from"]),
        ({"from": "2000-01-01"}, ["from"]),
    ],
)
def test_every_fault_names_its_parameter(values: dict[str, str], named: list[str]) -> None:
    with pytest.raises(FilterError) as raised:
        parse(values, NOW)

    assert [fault.parameter for fault in raised.value.faults] == named
    assert all(fault.message for fault in raised.value.faults)


def test_a_part_of_the_period_goes_along() -> None:
    said = {"from": "2026-11-01", "to": "2026-11-21", "stage": "cart", "part": "ended"}
    filters = parse(said | {"part_from": "2026-11-02"}, NOW)

    assert filters.part_from_at == read_time("2026-11-02T00:00:00Z")
    assert filters.part_to_at == filters.to_at
    assert parse(dict(parse_qsl(filters.query())), 0) == filters


def test_the_longest_period_is_allowed() -> None:
    first = date(2026, 11, 21) - timedelta(days=PERIOD_DAYS_MAX)

    parse({"from": str(first), "to": "2026-11-21"}, NOW)
