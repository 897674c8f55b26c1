"""The file of segments, read again when it changes."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import structlog

from services.journey_state.definition import DefinitionError, Problem
from services.journey_state.segments import Segment, load_segments

_log = structlog.get_logger(__name__)


class Known(NamedTuple):
    """The segments in file order, and why the newest file was not taken; "": it was."""

    segments: tuple[Segment, ...] = ()
    fault: str = ""


class SegmentsFile:
    """What the file says, as of the last time it could be read without a fault."""

    def __init__(self, path: Path | None) -> None:
        """Raises DefinitionError where the file has faults from the start."""
        self._path = path
        self._mark = _mark(path)
        self._known = Known(read_segments(path)) if path else Known()

    def read(self) -> Known:
        """The segments now: those of before where the file has got faults, which are logged."""
        mark = _mark(self._path)
        if self._path is not None and mark != self._mark:
            self._mark = mark
            try:
                self._known = Known(read_segments(self._path))
            except DefinitionError as error:
                self._known = self._known._replace(fault=str(error))
                _log.warning("segments_kept", file=str(self._path), fault=str(error))
        return self._known


def _mark(path: Path | None) -> tuple[int, int, int] | None:
    """What changes when the file does; None: there is none."""
    try:
        found = path.stat() if path else None
    except OSError:
        return None
    return None if found is None else (found.st_mtime_ns, found.st_size, found.st_ino)


def read_segments(path: Path) -> tuple[Segment, ...]:
    """Those of the file; raises DefinitionError with all its faults, also where it is not there."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        hint = "MILEPOST_API__SEGMENTS_FILE names a UTF-8 YAML file"
        message = f"cannot be read: {error}"
        raise DefinitionError([Problem(str(path), 1, 1, message, hint)]) from error
    return load_segments(text, file=str(path))
