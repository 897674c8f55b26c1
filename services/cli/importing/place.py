"""How far a file has been imported, kept beside it, so that a second run goes on from there."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec

ENDING = ".import.json"


class Place(msgspec.Struct, frozen=True):
    """What is done: the first `bytes` of the file, which hash to `sha256`, sent as `source`."""

    source: str
    historical: bool
    bytes: int = 0
    sha256: str = ""
    line: int = 0
    accepted: int = 0
    rejected: int = 0


def place_file(path: Path) -> Path:
    """Where the place of a file is kept."""
    return path.with_name(path.name + ENDING)


def read_place(path: Path, wanted: Place) -> Place:
    """The place kept beside the file when it is of the same source and kind, else `wanted`."""
    try:
        found = msgspec.json.decode(place_file(path).read_bytes(), type=Place)
    except (OSError, msgspec.MsgspecError):
        return wanted
    same = (found.source, found.historical) == (wanted.source, wanted.historical)
    return found if same else wanted


def write_place(path: Path, place: Place) -> None:
    """The place is kept, whole or not at all."""
    file = place_file(path)
    partial = file.with_name(f".{file.name}.{os.getpid()}")
    partial.write_bytes(msgspec.json.encode(place))
    partial.replace(file)
