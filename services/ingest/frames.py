"""Records as bytes of a spool's segment, and which of a segment's bytes are records.

A frame is a mark, the length of the payload, a checksum, the payload's stamp and the payload. The
mark is random and the segment's own: behind damaged bytes the next frame is found by it, and no
sender can put a frame of his own making into the payload of his event.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from typing import NamedTuple
from zlib import crc32

MARK_BYTES = 8
_HEAD = struct.Struct("<8sIIq")
_CHECKED = struct.Struct("<Iq")
FRAME_OVERHEAD_BYTES = _HEAD.size


class Frame(NamedTuple):
    """A record as it was written; `end` is the offset behind it."""

    stamp: int
    payload: bytes
    end: int


class Scan(NamedTuple):
    """The frames of some bytes, and how many bytes are none: before the last frame, after it."""

    frames: list[Frame]
    bad_bytes: int
    tail_bytes: int


def frame(mark: bytes, stamp: int, payload: bytes) -> bytes:
    """The bytes of one record."""
    length = len(payload)
    return _HEAD.pack(mark, length, _checksum(length, stamp, payload), stamp) + payload


def frames(mark: bytes, records: Iterable[tuple[int, bytes]]) -> bytes:
    """The bytes of some records, (stamp, payload) each."""
    return b"".join([frame(mark, stamp, payload) for stamp, payload in records])


def scan(data: bytes, mark: bytes) -> Scan:
    """Every intact frame, in order, whatever stands between them."""
    found: list[Frame] = []
    bad_bytes = 0
    end = 0
    start = data.find(mark)
    while start >= 0:
        one = _frame_at(data, start)
        if one is None:
            start = data.find(mark, start + 1)
            continue
        bad_bytes += start - end
        found.append(one)
        end = one.end
        start = end if data.startswith(mark, end) else data.find(mark, end)
    return Scan(found, bad_bytes, len(data) - end)


def _frame_at(data: bytes, start: int) -> Frame | None:
    body = start + _HEAD.size
    if body > len(data):
        return None
    _, length, checksum, stamp = _HEAD.unpack_from(data, start)
    payload = data[body : body + length]
    if len(payload) != length or checksum != _checksum(length, stamp, payload):
        return None
    return Frame(stamp, payload, body + length)


def _checksum(length: int, stamp: int, payload: bytes) -> int:
    return crc32(payload, crc32(_CHECKED.pack(length, stamp)))
