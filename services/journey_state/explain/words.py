"""How explanations say things: times, durations, names, lists."""

from __future__ import annotations

from collections.abc import Sequence

from services.contracts.times import SECOND_US, format_time
from services.journey_state.definition import Moment

_UNITS = (("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1))
UNITS_MAX = 2  # of a duration: what is left is rounded off


def at_text(time_us: int) -> str:
    """An instant, to the second."""
    return f"{format_time(time_us)[:19].replace('T', ' ')} UTC"


def duration_text(time_us: int) -> str:
    """A duration in its two largest units: `3d 4h`, `10m`, `250ms`."""
    sign = "-" if time_us < 0 else ""
    left, fraction = divmod(abs(time_us), SECOND_US)
    if left == 0:
        return f"{sign}{fraction // 1000}ms" if fraction else "0s"
    told: list[str] = []
    for unit, seconds in _UNITS:
        count, left = divmod(left, seconds)
        if count:
            told.append(f"{count}{unit}")
        elif told:
            break
        if len(told) == UNITS_MAX:
            break
    return sign + " ".join(told)


def touchpoint_text(moment: Moment) -> str:
    """The touchpoint as a sentence names it."""
    one = moment.touchpoint
    return came_text(moment.event, one.occurred_at, one.channel, one.source, one.message_id)


def came_text(event: str, at: int, channel: str, source: str, message_id: str) -> str:
    """That an event came: when, where and which; a source named like its channel once."""
    by = "" if source == channel else f"{source}, "
    return f"{event} came on {at_text(at)} ({channel}, {by}message {message_id})"


def quoted(expression: str) -> str:
    """An expression of the definition within a sentence, on one line."""
    return f"`{' '.join(expression.split())}`"


def either(names: Sequence[str]) -> str:
    """`a`, `a or b`, `a, b or c`."""
    if len(names) < 2:
        return "".join(names)
    return f"{', '.join(names[:-1])} or {names[-1]}"


def times(count: int) -> str:
    """How often, in words."""
    return {1: "once", 2: "twice"}.get(count, f"{count} times")
