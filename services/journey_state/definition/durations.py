"""Durations as people write them in a journey definition: `30m`, `1d12h` (semantics 3.4)."""

from __future__ import annotations

import re

DURATION_DAYS_MAX = 36_500
HINT = "write numbers with units ms, s, m, h, d or w, such as 30m, 1d12h or 2w"

_UNITS_US = {
    "ms": 1_000,
    "s": 1_000_000,
    "m": 60_000_000,
    "h": 3_600_000_000,
    "d": 86_400_000_000,
    "w": 604_800_000_000,
}
_PART = re.compile(r"([0-9]{1,18})(ms|s|m|h|d|w)")
_WHOLE = re.compile(rf"(?:{_PART.pattern})+")


def well_formed(text: str) -> bool:
    """Whether the text follows the grammar, whatever its value."""
    return _WHOLE.fullmatch(text) is not None


def duration_us(text: str) -> int:
    """Microseconds, above 0 and at most `DURATION_DAYS_MAX` days.

    Raises ValueError with a message that fits behind the text itself.
    """
    if not well_formed(text):
        raise ValueError("is not a duration")
    total = sum(int(number) * _UNITS_US[unit] for number, unit in _PART.findall(text))
    if total <= 0:
        raise ValueError("must be above 0")
    if total > DURATION_DAYS_MAX * _UNITS_US["d"]:
        raise ValueError(f"is longer than {DURATION_DAYS_MAX} days")
    return total
