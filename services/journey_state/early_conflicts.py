"""Conflicts from before the retention cut: no fold finds them again, so counts are carried on."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

from services.journey_state.store.links import ConflictRow, CountedConflict

_Key = tuple[bytes, bytes, bytes, str]


def counted_early(
    counted: Sequence[CountedConflict],
    known: Sequence[ConflictRow],
    merged: Mapping[bytes, bytes],
) -> list[ConflictRow]:
    """What was counted before the cut alone.

    `counted`: all rows as they are stored. `known`: what the fold says of the past that is kept,
    without what has just come; it is a part of the counts. `merged`: ids merged away until now.
    """
    again: Counter[_Key] = Counter()
    for row in known:
        again[row[:4]] += row.times
    began: dict[_Key, list[ConflictRow]] = defaultdict(list)
    for row, early in counted:
        key = _meant(row, merged)[:4]
        if early:
            began[key].append(row)
        else:
            again[key] -= row.times
    return [row for key, rows in began.items() for row in _without(rows, max(0, again[key]))]


def _without(rows: list[ConflictRow], times: int) -> list[ConflictRow]:
    """The rows less so many, which are the latest; of each one was before the cut."""
    found = []
    for row in sorted(rows, key=lambda one: one.last_at, reverse=True):
        less = min(times, row.times - 1)
        times -= less
        found.append(row._replace(times=row.times - less, last_at=row.first_at) if less else row)
    return found


def with_early(
    computed: Sequence[ConflictRow], early: Sequence[ConflictRow], now: Mapping[bytes, bytes]
) -> list[ConflictRow]:
    """The conflicts computed and those of before the cut; `now`: whom each id means."""
    found: dict[_Key, ConflictRow] = {}
    for row in early:
        meant = _meant(row, now)
        if meant.from_customer_id != meant.to_customer_id:
            _add(found, meant)
    for row in computed:
        _add(found, row)
    return list(found.values())


def _meant(row: ConflictRow, ids: Mapping[bytes, bytes]) -> ConflictRow:
    start, end = row.from_customer_id, row.to_customer_id
    return row._replace(from_customer_id=ids.get(start, start), to_customer_id=ids.get(end, end))


def _add(rows: dict[_Key, ConflictRow], row: ConflictRow) -> None:
    other = rows.get(row[:4])
    if other is not None:
        row = row._replace(
            times=row.times + other.times,
            first_at=min(row.first_at, other.first_at),
            last_at=max(row.last_at, other.last_at),
        )
    rows[row[:4]] = row
