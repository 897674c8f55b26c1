"""A file through ingest in parts: each part's verdicts are told, then its place is kept."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec

from services.cli.importing.place import Place, write_place
from services.cli.importing.reading import FileFaultError, Line, Reader
from services.cli.importing.sending import LineVerdict, Sending

PART_LINES_MAX = 1000
PART_BYTES_MAX = 1 << 20

Tell = Callable[[list[LineVerdict], Reader], None]


def import_file(path: Path, place: Place, sending: Sending, tell: Tell) -> Place:
    """Every line after `place` has its verdict, told to `tell`; the new place is kept.

    Raises FileFaultError when the file is not the one that `place` was kept of, or cannot be read.
    """
    reader = Reader(path, historical=place.historical)
    lines = reader.lines()
    lines = _after(lines, reader, place, path) if place.bytes else lines
    for part in _parts(lines):
        verdicts = sending.send(part)
        tell(verdicts, reader)
        refused = sum(one.status == "rejected" for one in verdicts)
        place = msgspec.structs.replace(
            place,
            bytes=reader.bytes_read,
            sha256=reader.digest,
            line=part[-1].number,
            accepted=place.accepted + len(verdicts) - refused,
            rejected=place.rejected + refused,
        )
        write_place(path, place)
    return place


def _after(lines: Iterator[Line], reader: Reader, place: Place, path: Path) -> Iterator[Line]:
    for line in lines:
        if line.number == place.line:
            if (reader.bytes_read, reader.digest) == (place.bytes, place.sha256):
                return lines
            break
    raise FileFaultError(
        f"{path} is not as it was when its first {place.line} lines were imported;"
        " --again sends it from the start, and what is known already changes nothing"
    )


def _parts(lines: Iterator[Line]) -> Iterator[list[Line]]:
    part: list[Line] = []
    size = 0
    for line in lines:
        part.append(line)
        size += len(line.event or b"")
        if len(part) >= PART_LINES_MAX or size >= PART_BYTES_MAX:
            yield part
            part, size = [], 0
    if part:
        yield part
