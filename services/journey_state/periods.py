"""The period that another one is compared with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta, tzinfo

from services.contracts.times import DAY_US, from_datetime, to_datetime
from services.journey_state.filters import Fault, FilterError, Filters, parse, zone_of

Shift = Callable[[int], int]

COMPARISONS = ("previous", "week", "year")
_WEEK_DAYS = 7
_HINT = "write previous, week, year, or FROM..TO such as 2026-10-01..2026-11-01"


def compared(filters: Filters, compare: str) -> Filters:
    """The same filters over the period that `compare` names.

    `week` and `year` are the same clock times that much before. `previous`: as many days before
    as the period covers, where it begins with a day; else as long before as it lasts. Raises
    FilterError for what is no such word and no FROM..TO.
    """
    zone = zone_of(filters.zone)
    if compare == "week":
        return _shifted(filters, lambda at: _days_before(at, _WEEK_DAYS, zone))
    if compare == "year":
        return _shifted(filters, lambda at: _year_before(at, zone))
    if compare == "previous":
        return _previous(filters, zone)
    return _stated(filters, compare)


def latest(filters: Filters) -> tuple[Filters, Filters] | None:
    """The last weeks of the period, a quarter of it at most, and as long before them.

    None: the period has less than two weeks. Whole weeks: days of the week differ.
    """
    weeks = max(1, (filters.to_at - filters.from_at) // (4 * _WEEK_DAYS * DAY_US))
    zone = zone_of(filters.zone)
    if _days_before(filters.to_at, 2 * weeks * _WEEK_DAYS, zone) < filters.from_at:
        return None
    part = _over(filters, _days_before(filters.to_at, weeks * _WEEK_DAYS, zone), filters.to_at)
    return part, compared(part, "previous")


def _previous(filters: Filters, zone: tzinfo) -> Filters:
    begin = to_datetime(filters.from_at).astimezone(zone)
    if begin != begin.replace(hour=0, minute=0, second=0, microsecond=0):
        lasts = filters.to_at - filters.from_at
        return _shifted(filters, lambda at: at - lasts)
    # By the clock: the days of a change of the clocks are as long as others there.
    end = to_datetime(filters.to_at).astimezone(zone)
    covered = end.replace(tzinfo=None) - begin.replace(tzinfo=None)
    days = max(1, -(-covered // timedelta(days=1)))
    return _shifted(filters, lambda at: _days_before(at, days, zone))


def _shifted(filters: Filters, before: Shift) -> Filters:
    return _over(filters, before(filters.from_at), before(filters.to_at))


def _stated(filters: Filters, compare: str) -> Filters:
    begin, dots, end = compare.partition("..")
    if not (dots and begin and end):
        raise FilterError([Fault("compare", _HINT)])
    try:
        found = parse({"from": begin, "to": end, "zone": filters.zone}, 0)
    except FilterError as error:
        faults = [Fault("compare", f"{one.parameter} {one.message}") for one in error.faults]
        raise FilterError(faults) from None
    return _over(filters, found.from_at, found.to_at)


def _over(filters: Filters, begin: int, end: int) -> Filters:
    if begin < 0 or begin >= end:
        raise FilterError([Fault("compare", "there is no such period before this one")])
    return replace(filters, from_at=begin, to_at=end, part_from_at=begin, part_to_at=end)


def _days_before(at: int, days: int, zone: tzinfo) -> int:
    there = to_datetime(at).astimezone(zone).replace(tzinfo=None)
    return from_datetime((there - timedelta(days=days)).replace(tzinfo=zone))


def _year_before(at: int, zone: tzinfo) -> int:
    """The 29th of February becomes the 28th."""
    there = to_datetime(at).astimezone(zone).replace(tzinfo=None)
    day = min(there.day, 28) if there.month == 2 else there.day
    return from_datetime(there.replace(year=there.year - 1, day=day, tzinfo=zone))
