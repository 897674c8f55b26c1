"""The brake of a partition: too many records that fail, and it stops (semantics 7.5)."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import takewhile

GOOD = "0"
FAILED = "1"


@dataclass(frozen=True, slots=True)
class BrakeLimits:
    """A share above which, and a run at which, a partition stops."""

    share_max: float = 0.05
    window_records: int = 1000
    run_records: int = 50


def marks(good: int, limits: BrakeLimits) -> str:
    """The marks of so many records in a row that went well."""
    return GOOD * min(good, limits.window_records)


def breach(before: str, fresh: Iterable[str], limits: BrakeLimits) -> tuple[int, str] | None:
    """How many of the fresh records may pass before the brake is on, and why; None: all may.

    `before` holds a mark per record processed so far, the newest last; `fresh` those of records
    to come. The record that puts the brake on is counted among those that pass.
    """
    recent = before[-limits.window_records :]
    failed = recent.count(FAILED)
    run = sum(1 for _ in takewhile(lambda mark: mark == FAILED, reversed(recent)))
    most = math.floor(limits.share_max * limits.window_records + 1e-9)
    recent_marks = list(recent)
    for passed, mark in enumerate(fresh, 1):
        recent_marks.append(mark)
        failed += mark == FAILED
        if len(recent_marks) > limits.window_records:
            failed -= recent_marks[-limits.window_records - 1] == FAILED
        run = run + 1 if mark == FAILED else 0
        if run >= limits.run_records:
            return passed, f"{run} records in a row failed"
        if failed > most and mark == FAILED:
            share = f"{limits.share_max:.0%}"
            return passed, (
                f"{failed} of the last {limits.window_records} records failed, more than {share}"
            )
    return None
