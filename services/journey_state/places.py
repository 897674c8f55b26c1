"""Places in what transactions wrote, in an order in which none that commits late is passed over."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NamedTuple

ID_CHARACTERS_MAX = 4096
_XID_MAX = 2**63 - 1  # as a bigint holds it
_SNAPSHOT = r"(\d{1,19}):(\d{1,19}):((?:\d{1,19}(?:,\d{1,19})*)?)"
_ID = re.compile(
    rf"(\d{{1,17}})-{_SNAPSHOT}(?:-{_SNAPSHOT}-([cs])(\d{{1,19}})\.([0-9a-f]{{0,32}}))?"
)


class Snapshot(NamedTuple):
    """Which transactions are seen: PostgreSQL's `pg_snapshot`."""

    first: int  # all before it are over
    end: int  # from here on none is seen
    running: frozenset[int]  # those between that are not seen

    def sees(self, xid: int) -> bool:
        """Whether what this transaction wrote is seen."""
        return xid < self.end and xid not in self.running

    def __str__(self) -> str:
        return f"{self.first}:{self.end}:{','.join(map(str, sorted(self.running)))}"


class RowKey(NamedTuple):
    """The order within what was read at once: stage changes as recorded, then signals."""

    kind: str  # c, s
    number: int  # history id; the transaction of a signal
    name: str  # id of a signal

    def __str__(self) -> str:
        return f"{self.kind}{self.number}.{self.name}"


@dataclass(frozen=True, slots=True)
class Place:
    """How far someone has come: all that `seen` sees, and of what `reading` sees beside that, the
    rows up to `key`.

    A number would not do: who takes a smaller one may commit later, behind whoever has read on.
    """

    at: int  # microseconds: when the snapshot was taken
    seen: Snapshot
    reading: Snapshot | None = None
    key: RowKey | None = None

    def has(self, xid: int, key: RowKey) -> bool:
        """Whether the row with this key that this transaction wrote is behind."""
        if self.seen.sees(xid):
            return True
        if self.reading is None or self.key is None:
            return False
        return self.reading.sees(xid) and key <= self.key

    @property
    def newest(self) -> Snapshot:
        """The snapshot behind which nothing was read."""
        return self.reading or self.seen

    def __str__(self) -> str:
        if self.reading is None:
            return f"{self.at}-{self.seen}"
        return f"{self.at}-{self.seen}-{self.reading}-{self.key}"


def read_snapshot(text: str) -> Snapshot:
    """The snapshot that PostgreSQL wrote; raises ValueError."""
    first, end, running = text.split(":")
    found = Snapshot(int(first), int(end), frozenset(map(int, filter(None, running.split(",")))))
    if not found.first <= found.end <= _XID_MAX or any(x > _XID_MAX for x in found.running):
        raise ValueError(text)
    return found


def read_place(text: str) -> Place:
    """The place that was written as this text; raises ValueError."""
    found = _ID.fullmatch(text) if len(text) <= ID_CHARACTERS_MAX else None
    if found is None:
        raise ValueError("not the id of an event of this stream")
    seen = read_snapshot(":".join(found.group(2, 3, 4)))
    if found[5] is None:
        return Place(int(found[1]), seen)
    reading = read_snapshot(":".join(found.group(5, 6, 7)))
    return Place(int(found[1]), seen, reading, RowKey(found[8], int(found[9]), found[10]))
