"""The period that another is compared with: by the clocks of its zone."""

from __future__ import annotations

import pytest

from services.contracts.times import format_time, read_time
from services.journey_state.filters import FilterError, parse
from services.journey_state.periods import compared

_NOON = "2026-11-25T12:00:00"
NOW = read_time(f"{_NOON}Z")


@pytest.mark.parametrize(
    ("begin", "end", "compare", "found"),
    [
        # Days by the clock: the week before has 167 hours.
        ("2026-03-30", "2026-04-06", "previous", "2026-03-22T23:00 2026-03-29T22:00"),
        ("2026-03-30", "2026-04-06", "week", "2026-03-22T23:00 2026-03-29T22:00"),
        # A period that goes on is compared with as much of the days before.
        ("2026-11-24", f"{_NOON}+01:00", "previous", "2026-11-21T23:00 2026-11-23T11:00"),
        # What begins with no day: as long before.
        ("2026-11-25T08:00:00Z", f"{_NOON}Z", "previous", "2026-11-25T04:00 2026-11-25T08:00"),
        ("2028-02-29", "2028-03-01", "year", "2027-02-27T23:00 2027-02-28T23:00"),
        ("2026-11-01", "2026-11-21", "2025-11-01..2025-12-01", "2025-10-31T23:00 2025-11-30T23:00"),
    ],
)
def test_a_period_is_compared_with_the_same_by_the_clock(
    begin: str, end: str, compare: str, found: str
) -> None:
    filters = parse({"from": begin, "to": end, "zone": "Europe/Warsaw", "channel": "app"}, NOW)
    other = compared(filters, compare)

    assert f"{format_time(other.from_at)[:16]} {format_time(other.to_at)[:16]}" == found
    assert (other.part_from_at, other.part_to_at) == (other.from_at, other.to_at)
    assert other.said() == filters.said()


@pytest.mark.parametrize(
    "compare", ["", "month", "2025-11-01", "..", "2025-11-02..2025-11-01", "2025-11-01..soon"]
)
def test_what_is_no_period_is_refused(compare: str) -> None:
    with pytest.raises(FilterError) as raised:
        compared(parse({}, NOW), compare)

    assert [fault.parameter for fault in raised.value.faults] == ["compare"]


def test_there_is_nothing_before_1970() -> None:
    filters = parse({"from": "1970-01-02", "to": "1970-01-09"}, NOW)

    with pytest.raises(FilterError):
        compared(filters, "week")
