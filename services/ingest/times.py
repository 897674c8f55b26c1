"""When an event happened: client clocks corrected once, future times pulled back (semantics 1)."""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterable
from datetime import UTC, datetime
from functools import lru_cache
from typing import NamedTuple

import msgspec

from services.contracts.times import (
    SECOND_US,
    SECONDS_CACHED_MAX,
    format_time,
    from_datetime,
    read_time,
)
from services.contracts.touchpoint import Clock
from services.ingest.errors import EventError

RIGHT_CLOCK_US = 5 * SECOND_US
# A day's correction leads from neither of them out of the years that can be written.
EARLIEST_US = read_time("0001-01-03T00:00:00Z")
LATEST_US = read_time("9999-12-29T00:00:00Z")
OUR_LENGTH = len("2026-11-21T20:00:00.000Z")
_SECOND = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}", re.ASCII)
_LEAP_SECOND = re.compile(r"(?<=:[0-5]\d):60(?=\D|$)")
_TIMESTAMP = re.compile(
    r"\d{4}-?(?:\d{2}-?\d{2}|W\d{2}-?[1-7]|\d{3})"
    r"(?:[T ]\d{2}(?::?\d{2}(?::?\d{2}(?:[.,]\d{1,9})?)?)?"
    r"(?:Z|[+-]\d{2}(?::?\d{2}(?::?\d{2})?)?)?)?"
)


class Instant(msgspec.Struct, frozen=True, gc=False):
    """A time a sender wrote: microseconds since 1970, whether UTC had to be assumed, our text."""

    time_us: int
    zone_assumed: bool
    text: str


class Correction(NamedTuple):
    """What one request's clock adds to each of its times."""

    shift_us: int
    clock: Clock


NO_CORRECTION = Correction(0, "none")
RIGHT = Correction(0, "ok")


def read_timestamp(value: object) -> Instant:
    """The instant of an ISO 8601 or RFC 3339 text, truncated to microseconds.

    Raises EventError `bad_timestamp` for anything else.
    """
    if isinstance(value, str):
        usual = read_usual(value)
        if usual is not None:
            return usual
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            return _read_unusual(value)
        assumed = moment.tzinfo is None
        time_us = from_datetime(moment.replace(tzinfo=UTC) if assumed else moment)
        if not EARLIEST_US <= time_us <= LATEST_US:
            raise _bad(value)
        return Instant(time_us, assumed, value if _is_ours(value) else format_time(time_us))
    raise _bad(value)


def read_usual(text: str) -> Instant | None:
    """A time in UTC with three or six digits, as nearly all senders write it; None for others."""
    if text[19:20] != ".":
        return None
    if text[23:] == "Z":
        fraction, ours = text[20:23], text
    elif text[26:] in ("Z", "+00:00"):
        fraction = text[20:26]
        ours = f"{text[:23]}Z" if fraction[3:] == "000" else f"{text[:26]}Z"
    else:
        return None
    if not (fraction.isdecimal() and fraction.isascii()):
        return None
    second_us = _second_us(text[:19])
    if second_us is None:
        return None
    return Instant(second_us + int(fraction.ljust(6, "0")), False, ours)


@lru_cache(SECONDS_CACHED_MAX)
def _second_us(text: str) -> int | None:
    """The microseconds of a second like 2026-11-21T20:00:00: many events lie in the same."""
    if not _SECOND.fullmatch(text):
        return None
    try:
        time_us = from_datetime(datetime.fromisoformat(text).replace(tzinfo=UTC))
    except ValueError:
        return None
    return time_us if EARLIEST_US <= time_us < LATEST_US else None


def _read_unusual(text: str) -> Instant:
    """Lower-case markers and leap seconds, which the standard allows and Python does not read."""
    tidy = text.strip().upper()
    if not _TIMESTAMP.fullmatch(tidy):
        raise _bad(text)
    usual, leaps = _LEAP_SECOND.subn(":59", tidy)
    if usual == text:
        raise _bad(text)
    instant = read_timestamp(usual)
    time_us = instant.time_us + leaps * SECOND_US
    return Instant(time_us, instant.zone_assumed, format_time(time_us))


def _is_ours(text: str) -> bool:
    """Whether a valid time stands as we write it, which is also how browsers do."""
    if len(text) != OUR_LENGTH or text[5] == "W":
        return False
    return text[10] == "T" and text[19] == "." and text[23] == "Z"


def _bad(value: object) -> EventError:
    return EventError(
        "bad_timestamp",
        f"{str(value)[:40]!r} is not a time like 2026-11-21T20:00:00.000Z",
    )


def correction(head_at: int, sent_at: int | None, skew_us_max: int) -> Correction:
    """How far the client's clock is off: when the head arrived, and when it says it was sent."""
    if sent_at is None:
        return NO_CORRECTION
    skew = head_at - sent_at
    if abs(skew) <= RIGHT_CLOCK_US:
        return RIGHT
    if abs(skew) <= skew_us_max:
        return Correction(skew, "corrected")
    return Correction(0, "uncorrected")


def corrected(original: int | None, by: Correction, received_at: int) -> tuple[int, Clock]:
    """When an event happened by its sender's corrected clock, and what was done to its time."""
    if original is None:
        return received_at, "none"
    return original + by.shift_us, by.clock


def clamped(
    times: Iterable[tuple[Hashable, int]], received_at: int, skew_us_max: int
) -> list[int | None]:
    """The new time of each (primary identifier, time) of one request, None where it stands.

    A time further ahead than `skew_us_max` becomes `received_at` by itself. The others of an
    identifier move back together when the latest is ahead by more than the clock may be off.
    """
    entries = list(times)
    latest: dict[Hashable, int] = {}
    for identifier, time in entries:
        if time - received_at <= skew_us_max and time > latest.get(identifier, received_at):
            latest[identifier] = time
    moved: list[int | None] = []
    for identifier, time in entries:
        ahead = latest.get(identifier, received_at) - received_at
        if time - received_at > skew_us_max:
            moved.append(received_at)
        elif ahead > RIGHT_CLOCK_US:
            moved.append(time - ahead)
        else:
            moved.append(None)
    return moved
