"""Semantics 1.1 to 1.5: whose clock counts, and how far."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.contracts.times import DAY_US, SECOND_US, format_time, from_datetime, read_time
from services.ingest.errors import EventError
from services.ingest.times import (
    RIGHT_CLOCK_US,
    Correction,
    clamped,
    corrected,
    correction,
    read_timestamp,
)

NOW = read_time("2026-11-21T20:00:00Z")
SKEW = DAY_US


@pytest.mark.parametrize(
    ("text", "time", "assumed"),
    [
        ("2026-11-21T20:00:00Z", "2026-11-21T20:00:00.000Z", False),
        ("2026-W47-6T20:00:00.500Z", "2026-11-21T20:00:00.500Z", False),
        ("2026-11-21T20:00:00.1Z", "2026-11-21T20:00:00.100Z", False),
        ("2026-11-21T20:00:00.123456789Z", "2026-11-21T20:00:00.123456Z", False),
        ("2026-11-21T21:30:00+01:30", "2026-11-21T20:00:00.000Z", False),
        ("2026-11-21T15:00:00-0500", "2026-11-21T20:00:00.000Z", False),
        ("2026-11-21t20:00:00z", "2026-11-21T20:00:00.000Z", False),
        ("2026-11-21 20:00:00", "2026-11-21T20:00:00.000Z", True),
        ("20261121T200000Z", "2026-11-21T20:00:00.000Z", False),
        ("2026-11-21", "2026-11-21T00:00:00.000Z", True),
        ("2026-11-21T23:59:60Z", "2026-11-22T00:00:00.000Z", False),
        (" 2026-11-21T20:00:00Z ", "2026-11-21T20:00:00.000Z", False),
    ],
)
def test_reads_iso_8601(text: str, time: str, assumed: bool) -> None:
    instant = read_timestamp(text)
    assert format_time(instant.time_us) == time
    assert instant.zone_assumed is assumed


@pytest.mark.parametrize(
    "value",
    ["yesterday", "", "2026-13-01", "2026-11-21T25:00:00Z", "1763755199", 1763755199, True,
     "9" * 999, "2026-02-30T00:00:00Z", "2026-11-21T20:00:61Z",
     "\N{ARABIC-INDIC DIGIT TWO}026-11-21"],
)  # fmt: skip
def test_refuses_what_is_no_time(value: object) -> None:
    with pytest.raises(EventError) as refused:
        read_timestamp(value)
    assert refused.value.fault.code == "bad_timestamp"


@given(st.text(max_size=40) | st.integers() | st.floats() | st.none() | st.booleans())
def test_nothing_but_our_error_is_raised(value: object) -> None:
    with suppress(EventError):
        read_timestamp(value)


@given(
    st.datetimes(datetime.fromisoformat("0001-01-02"), datetime.fromisoformat("9999-12-30")),
    st.timedeltas(timedelta(hours=-23), timedelta(hours=23)),
)
def test_any_offset_is_the_same_instant(moment: datetime, offset: timedelta) -> None:
    whole = timedelta(minutes=offset // timedelta(minutes=1))
    aware = moment.replace(tzinfo=UTC)
    there = aware.astimezone(timezone(whole))
    assert read_timestamp(there.isoformat()).time_us == from_datetime(aware)


@pytest.mark.parametrize(
    ("skew", "expected"),
    [
        (0, Correction(0, "ok")),
        (5 * SECOND_US, Correction(0, "ok")),
        (-5 * SECOND_US, Correction(0, "ok")),
        (5 * SECOND_US + 1, Correction(5 * SECOND_US + 1, "corrected")),
        (-60 * SECOND_US, Correction(-60 * SECOND_US, "corrected")),
        (DAY_US, Correction(DAY_US, "corrected")),
        (DAY_US + 1, Correction(0, "uncorrected")),
        (-DAY_US - 1, Correction(0, "uncorrected")),
    ],
)
def test_a_clock_is_corrected_within_its_bounds(skew: int, expected: Correction) -> None:
    assert correction(NOW, NOW - skew, SKEW) == expected


def test_without_both_times_nothing_is_corrected() -> None:
    assert correction(NOW, None, SKEW) == Correction(0, "none")
    assert corrected(None, Correction(7, "corrected"), NOW) == (NOW, "none")
    assert corrected(5, correction(NOW, None, SKEW), NOW) == (5, "none")


def test_a_customers_times_move_back_together() -> None:
    times = [("a", NOW + 60 * SECOND_US), ("a", NOW), ("b", NOW + 5 * SECOND_US), ("c", NOW - 1)]
    assert clamped(times, NOW, SKEW) == [NOW, NOW - 60 * SECOND_US, None, None]


def test_a_time_far_ahead_is_set_alone() -> None:
    times = [("a", NOW + SKEW + 1), ("a", NOW + SKEW), ("b", NOW + SKEW + 1), ("b", NOW - 7)]
    assert clamped(times, NOW, SKEW) == [NOW, NOW, NOW, None]


entries = st.lists(st.tuples(st.sampled_from("abc"), st.integers(NOW - SKEW, NOW + 2 * SKEW)))


@given(entries)
def test_after_clamping_nobody_is_ahead_and_order_is_kept(times: list[tuple[str, int]]) -> None:
    moved = clamped(times, NOW, SKEW)
    now = [time if new is None else new for (_, time), new in zip(times, moved, strict=True)]
    assert all(time <= NOW + RIGHT_CLOCK_US for time in now)
    near = [
        (who, old, new) for (who, old), new in zip(times, now, strict=True) if old <= NOW + SKEW
    ]
    for who, old, new in near:
        for other, older, newer in near:
            if who == other:
                assert newer - new == older - old


@given(entries, st.randoms())
def test_clamping_looks_at_each_customer_alone(
    times: list[tuple[str, int]], random: object
) -> None:
    together = clamped(times, NOW, SKEW)
    for who in "abc":
        own = [time for time in times if time[0] == who]
        apart = [new for (one, _), new in zip(times, together, strict=True) if one == who]
        assert clamped(own, NOW, SKEW) == apart
