"""Time on the wire and inside: RFC 3339 text outside, microseconds since 1970 (UTC) inside."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache

SECOND_US = 1_000_000
DAY_US = 86_400 * SECOND_US
SECONDS_CACHED_MAX = 4096

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_UTC = _EPOCH.replace(tzinfo=None)  # without zone, so that `isoformat` writes none
_MICROSECOND = timedelta(microseconds=1)


def format_time(time_us: int) -> str:
    """RFC 3339 in UTC with three fraction digits, or six where microseconds are needed."""
    second, fraction = divmod(time_us, SECOND_US)
    if fraction % 1000:
        return f"{_second_text(second)}.{fraction:06d}Z"
    return f"{_second_text(second)}.{fraction // 1000:03d}Z"


@lru_cache(SECONDS_CACHED_MAX)
def _second_text(second: int) -> str:
    """The text of a second: many times of one request or batch lie in the same."""
    return (_EPOCH_UTC + timedelta(seconds=second)).isoformat(timespec="seconds")


def read_time(text: str) -> int:
    """Microseconds of a time that `format_time` wrote, or of any ISO 8601 text with an offset.

    Raises ValueError for anything else.
    """
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"a time without an offset: {text[:40]!r}")
    return (moment - _EPOCH) // _MICROSECOND


def to_datetime(time_us: int) -> datetime:
    """The same instant as an aware datetime in UTC."""
    return _EPOCH + timedelta(microseconds=time_us)


def from_datetime(moment: datetime) -> int:
    """Microseconds since 1970 of an aware datetime."""
    return (moment - _EPOCH) // _MICROSECOND
