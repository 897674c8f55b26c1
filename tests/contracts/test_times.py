"""Times are written and read back without losing a microsecond."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.contracts.times import format_time, from_datetime, read_time, to_datetime

TIMES = st.integers(min_value=-(10**15), max_value=10**17)


@given(TIMES)
def test_what_is_written_is_read_back(time_us: int) -> None:
    assert read_time(format_time(time_us)) == time_us
    assert from_datetime(to_datetime(time_us)) == time_us


@given(TIMES, TIMES)
def test_whole_milliseconds_sort_as_text(one: int, other: int) -> None:
    first, second = sorted((abs(one) // 1000 * 1000, abs(other) // 1000 * 1000))

    assert format_time(first) <= format_time(second)


def test_fractions_have_three_digits_or_six() -> None:
    assert format_time(0) == "1970-01-01T00:00:00.000Z"
    assert format_time(1_000) == "1970-01-01T00:00:00.001Z"
    assert format_time(1_001) == "1970-01-01T00:00:00.001001Z"


def test_a_time_without_an_offset_is_refused() -> None:
    with pytest.raises(ValueError, match="offset"):
        read_time("2026-11-21T20:00:00")
