"""Which times since an event an expression tells apart: those around what it compares with."""

from __future__ import annotations

import re
from collections.abc import Sequence

from services.journey_state.definition.cel_environment import SINCE, constant
from services.journey_state.definition.cel_text import Token, tokens

# As durations are written once they are settled, in seconds and whole microseconds.
_DURATION = re.compile(r'duration\("([0-9]{1,12})(?:\.([0-9]{6}))?s"\)')
_BEFORE = frozenset({"", "(", "&", "|"})
_AFTER = frozenset({"", ")", "&", "|"})
_RELATIONS = frozenset({"<", "<=", ">", ">=", "==", "!="})


def bounds(expression: str) -> dict[str, list[int]] | None:
    """Of each event, the times since it (microseconds, sorted) that it is compared with.

    The result of the expression depends on nothing else about these times. None: it may, or no
    such bound is known. `expression` is settled.
    """
    found = tokens(expression)
    known: dict[str, set[int]] = {}
    for at, token in enumerate(found):
        if token.text == SINCE and token.kind == "name":
            compared = _compared(found, at)
            if compared is None:
                return None
            name, bound = compared
            known.setdefault(name, set()).add(bound)
    return {name: sorted(times) for name, times in known.items()}


def _compared(found: Sequence[Token], at: int) -> tuple[str, int] | None:
    """The event and the bound, where `since("X") <= duration("1s")` stands between brackets,
    `&&` and `||`."""
    before = found[at - 1].text if at else ""
    literal, rest = found[at + 2], [token.text for token in found[at + 4 : at + 11]]
    width = 2 if rest[1:2] == ["="] else 1
    call = rest[width : width + 4]
    after = rest[width + 4] if len(rest) > width + 4 else ""
    duration = _DURATION.fullmatch("".join(call))
    is_relation = "".join(rest[:width]) in _RELATIONS
    if duration is None or not is_relation or before not in _BEFORE or after not in _AFTER:
        return None
    name = str(constant(literal.text).value())
    return name, int(duration[1]) * 1_000_000 + int(duration[2] or 0)
