"""The disk spool: records appended to segment files, durable on return, read in order, removed.

It is used by one thread at a time. What others may look at meanwhile is `held`.
"""

from __future__ import annotations

import os
import re
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import NamedTuple

import structlog

from services.ingest.disk import Disk, File
from services.ingest.frames import MARK_BYTES, Frame, frame, frames, scan

_log = structlog.get_logger(__name__)

SEGMENT_BYTES_MAX = 4 << 20
READ_TRIES_MAX = 3
DAMAGED = ".damaged"
REFUSED = ".refused"
_PROBE = "probe.partial"
_PROBE_BYTES = 4096
_NAME = re.compile(
    rf"(\d{{12}})-([0-9a-f]{{{MARK_BYTES * 2}}})\.segment"
    rf"({re.escape(DAMAGED)}|{re.escape(REFUSED)})?"
)

StampedPayload = tuple[int, bytes]


class Held(NamedTuple):
    """What waits in the spool: its bytes, its records, and the least and the greatest stamp."""

    bytes: int = 0
    records: int = 0
    oldest: int | None = None
    newest: int | None = None


class Chunk(NamedTuple):
    """Consecutive records of one segment, read and not removed."""

    segment: str
    frames: list[Frame]


@dataclass(slots=True)
class _Segment:
    """A file of frames. `size` ends with what is durable; bytes behind it do not count."""

    name: str
    mark: bytes
    size: int = 0
    records: int = 0
    oldest: int | None = None
    newest: int | None = None
    read_to: int = 0
    is_named: bool = False  # its name is durable
    is_damaged: bool = False

    def add(self, stamps: Sequence[int], end: int) -> None:
        self.size = end
        self.records += len(stamps)
        self.oldest = min(stamps) if self.oldest is None else min(self.oldest, *stamps)
        self.newest = max(stamps) if self.newest is None else max(self.newest, *stamps)


class Spool:
    """Records of one folder. Opened, it holds what the last process left there."""

    def __init__(self, disk: Disk, segment_bytes_max: int = SEGMENT_BYTES_MAX) -> None:
        self._disk = disk
        self._segment_bytes_max = segment_bytes_max
        self._segments: deque[_Segment] = deque()
        self._written: File | None = None  # the last segment, while it takes records
        self._number = 0
        self._loaded: deque[Frame] = deque()  # of the first segment, from `read_to` on
        self._refused: tuple[bytes, File] | None = None
        self.held = Held()
        self.damaged_segments = 0
        self._recover()
        self._tell()

    def append(self, records: Sequence[StampedPayload]) -> None:
        """Every record is durable on return, behind all before.

        Raises OSError: then none of them counts, and the file that failed is written no more. What
        the system says of it after a failed sync cannot be believed.
        """
        written = self._written or self._begin()
        segment = self._segments[-1]
        data = frames(segment.mark, records)
        try:
            written.write(data)
            written.sync()
            if not segment.is_named:
                self._disk.sync_names()
                segment.is_named = True
        except OSError:
            self._give_up(segment)
            self._tell()
            raise
        segment.add([stamp for stamp, _ in records], segment.size + len(data))
        if segment.size >= self._segment_bytes_max:
            self._seal()
        self._tell()

    def read(self, bytes_max: int) -> Chunk | None:
        """The oldest records, at least one; None: there are none. They stay until `advance`."""
        while self._segments and self._segments[0].records:
            segment = self._segments[0]
            if not self._loaded:
                self._load(segment)
            if self._loaded:
                return Chunk(segment.name, _first(self._loaded, bytes_max))
        return None

    def advance(self, chunk: Chunk) -> None:
        """The chunk last read is behind; a segment that is read to its end is gone."""
        segment = self._segments[0]
        assert segment.name == chunk.segment
        for _ in chunk.frames:
            self._loaded.popleft()
        segment.records -= len(chunk.frames)
        segment.read_to = chunk.frames[-1].end
        if segment.records == 0:
            self._finish(segment)
        self._tell()

    def skip_segment(self) -> None:
        """The segment that cannot be read is set aside; reading goes on behind it."""
        segment = self._segments[0]
        self._report_damage(segment, segment.size - segment.read_to)
        self._finish(segment)
        self._tell()

    def set_aside(self, one: Frame) -> None:
        """The record is in a file of those that Kafka refuses. Raises OSError."""
        if self._refused is None:
            mark, name = self._new_name()
            self._refused = mark, self._disk.create(name + REFUSED)
        mark, file = self._refused
        file.write(frame(mark, one.stamp, one.payload))
        file.sync()
        self._disk.sync_names()

    def probe(self) -> None:
        """Raises OSError when the folder does not take bytes."""
        with suppress(FileNotFoundError):
            self._disk.remove(_PROBE)
        file = self._disk.create(_PROBE)
        try:
            file.write(bytes(_PROBE_BYTES))
            file.sync()
        finally:
            file.close()
        self._disk.remove(_PROBE)

    def close(self) -> None:
        """No file is open."""
        self._seal()
        if self._refused is not None:
            self._refused[1].close()

    def _recover(self) -> None:
        found = sorted(
            (m.group(0), m) for name in self._disk.names() if (m := _NAME.fullmatch(name))
        )
        self._number = max((int(match.group(1)) for _, match in found), default=0)
        names = [name for name, match in found if match.group(3) is None]
        self.damaged_segments = sum(match.group(3) == DAMAGED for _, match in found)
        for name in names:
            self._recover_segment(name, is_last=name == names[-1])

    def _recover_segment(self, name: str, *, is_last: bool) -> None:
        segment = _Segment(name, _mark_of(name))
        data = self._read_whole(name)
        if data is None:
            self._set_aside(segment)
            return
        found = scan(data, segment.mark)
        if found.frames:
            segment.add([one.stamp for one in found.frames], found.frames[-1].end)
        lost = found.bad_bytes + (0 if is_last else found.tail_bytes)
        if lost:
            self._report_damage(segment, lost)
        if is_last and found.tail_bytes:
            self._cut_tail(segment, found.tail_bytes)
        if segment.records:
            self._segments.append(segment)
        else:
            self._drop(segment)

    def _read_whole(self, name: str) -> bytes | None:
        for _ in range(READ_TRIES_MAX):
            try:
                return self._disk.read(name)
            except OSError as error:
                _log.error("spool_segment_unreadable", segment=name, error=str(error))
        return None

    def _cut_tail(self, segment: _Segment, tail_bytes: int) -> None:
        """What was being written when the last process died was never answered 200."""
        _log.warning("spool_torn_tail_cut", segment=segment.name, bytes=tail_bytes)
        with suppress(OSError):
            self._disk.truncate(segment.name, segment.size)

    def _report_damage(self, segment: _Segment, lost_bytes: int) -> None:
        segment.is_damaged = True
        _log.error(
            "spool_segment_damaged",
            segment=segment.name,
            bytes=lost_bytes,
            fix=f"the rest is sent; the file stays as {segment.name}{DAMAGED} for you to look at",
        )

    def _begin(self) -> File:
        mark, name = self._new_name()
        self._written = self._disk.create(name)
        self._segments.append(_Segment(name, mark))
        return self._written

    def _new_name(self) -> tuple[bytes, str]:
        self._number += 1
        mark = os.urandom(MARK_BYTES)
        return mark, f"{self._number:012d}-{mark.hex()}.segment"

    def _seal(self) -> None:
        if self._written is not None:
            written, self._written = self._written, None
            with suppress(OSError):
                written.close()

    def _give_up(self, segment: _Segment) -> None:
        self._seal()
        if segment.records:
            with suppress(OSError):
                self._disk.truncate(segment.name, segment.size)
            return
        self._segments.pop()
        self._drop(segment)

    def _load(self, segment: _Segment) -> None:
        """The segment's records not advanced over are loaded; fewer than there were: damage."""
        data = self._disk.read(segment.name, segment.read_to, segment.size)
        found = scan(data, segment.mark)
        offset = segment.read_to
        self._loaded = deque(one._replace(end=offset + one.end) for one in found.frames)
        if len(self._loaded) != segment.records:
            self._report_damage(segment, found.bad_bytes + found.tail_bytes)
            segment.records = len(self._loaded)
        if not self._loaded:
            self._finish(segment)
            self._tell()

    def _finish(self, segment: _Segment) -> None:
        if self._written is not None and len(self._segments) == 1:
            self._seal()
        self._loaded.clear()
        self._segments.popleft()
        self._drop(segment)

    def _drop(self, segment: _Segment) -> None:
        """The file is gone, or set aside for a human. If it cannot go it is sent once more."""
        if segment.is_damaged:
            self._set_aside(segment)
            return
        try:
            self._disk.remove(segment.name)
            self._disk.sync_names()
        except OSError as error:
            _log.error("spool_segment_not_removed", segment=segment.name, error=str(error))

    def _set_aside(self, segment: _Segment) -> None:
        self.damaged_segments += 1
        try:
            self._disk.rename(segment.name, segment.name + DAMAGED)
            self._disk.sync_names()
        except OSError as error:
            _log.error("spool_segment_not_set_aside", segment=segment.name, error=str(error))

    def _tell(self) -> None:
        held = [one for one in self._segments if one.records]
        self.held = Held(
            bytes=sum(one.size for one in self._segments),
            records=sum(one.records for one in held),
            oldest=min((one.oldest for one in held if one.oldest is not None), default=None),
            newest=max((one.newest for one in held if one.newest is not None), default=None),
        )


def _first(loaded: deque[Frame], bytes_max: int) -> list[Frame]:
    taken: list[Frame] = []
    size = 0
    for one in loaded:
        size += len(one.payload)
        if taken and size > bytes_max:
            break
        taken.append(one)
    return taken


def _mark_of(name: str) -> bytes:
    match = _NAME.fullmatch(name)
    assert match is not None
    return bytes.fromhex(match.group(2))
