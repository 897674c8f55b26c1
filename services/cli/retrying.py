"""When a sender comes again: after which answers, and how long it waits before."""

from __future__ import annotations

from collections.abc import Mapping

BACKOFF_SECONDS_MIN = 0.2
BACKOFF_SECONDS_MAX = 5.0
RETRIED = frozenset({408, 429, 500, 502, 503, 504})


def retry_after_seconds(headers: Mapping[str, str], default_seconds: float) -> float:
    """The wait that an answer asks for, at most half a minute; the default where it asks none."""
    text = headers.get("retry-after", "")
    return min(float(text), 30.0) if text.isdecimal() else default_seconds
