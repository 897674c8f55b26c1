"""What lies in a spool's folder, read by somebody who is not its ingest; nothing is changed."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

from services.ingest.frames import MARK_BYTES, scan
from services.ingest.spool import DAMAGED, REFUSED

# So much is read to count records; of more it is said that there are at least so many.
READ_BYTES_MAX = 64 << 20
_SEGMENT = re.compile(rf"\d{{12}}-([0-9a-f]{{{MARK_BYTES * 2}}})\.segment")


class Lying(NamedTuple):
    """Bytes and records that may wait for Kafka, and the files set aside for a human.

    `records` counts what the folder's ingest may have sent already: a segment goes once all of it
    is sent. `is_all`: every segment was read.
    """

    bytes: int = 0
    records: int = 0
    is_all: bool = True
    damaged: int = 0
    refused: int = 0


def look_into(folder: Path) -> Lying:
    """What lies there. Raises OSError; a file that goes meanwhile counts as empty."""
    size = records = read = 0
    names = sorted(one.name for one in folder.iterdir())
    for name in names:
        match = _SEGMENT.fullmatch(name)
        if match is None:
            continue
        length = _size(folder / name)
        size += length
        if read < READ_BYTES_MAX:
            read += length
            records += _records(folder / name, bytes.fromhex(match[1]))
    return Lying(
        size,
        records,
        is_all=read == size,
        damaged=sum(name.endswith(DAMAGED) for name in names),
        refused=sum(name.endswith(REFUSED) for name in names),
    )


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except FileNotFoundError:
        return 0


def _records(file: Path, mark: bytes) -> int:
    try:
        return len(scan(file.read_bytes(), mark).frames)
    except FileNotFoundError:
        return 0
