"""Times that are numbers since 1970, as text and to the microsecond, without floats."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Literal

from services.contracts.times import format_time
from services.ingest.errors import EventError
from services.ingest.times import EARLIEST_US, LATEST_US

Unit = Literal["s", "ms", "us"]
_MICROSECONDS: dict[Unit, int] = {"s": 1_000_000, "ms": 1_000, "us": 1}
_CHARACTERS_MAX = 40


def time_text(value: object, unit: Unit) -> str | None:
    """The time as RFC 3339, truncated to microseconds; None for null and `""`.

    Raises EventError `bad_timestamp`.
    """
    if value is None or value == "":
        return None
    text = str(value).strip()
    try:
        if isinstance(value, bool) or len(text) > _CHARACTERS_MAX:
            raise InvalidOperation
        number = Decimal(text)
        if not number.is_finite() or number.adjusted() > _CHARACTERS_MAX:
            raise InvalidOperation
        time_us = int(number * _MICROSECONDS[unit])
    except InvalidOperation:
        raise _bad(text, unit) from None
    if not EARLIEST_US <= time_us <= LATEST_US:
        raise _bad(text, unit)
    return format_time(time_us)


def _bad(text: str, unit: Unit) -> EventError:
    return EventError("bad_timestamp", f"{text[:40]!r} is not a time in {unit} since 1970")
