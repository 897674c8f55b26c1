"""Who this ingest process is: an id that stays with its folder and beats that count on."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from typing import IO

import msgspec
from uuid_utils import uuid7

FILE_NAME = "instance.json"
LOCK_NAME = ".lock"
BEATS_PER_START_BITS = 32


class InstanceError(Exception):
    """The folder cannot be used; the text says why and what to do."""


class _Stored(msgspec.Struct):
    """What the folder remembers; `live` from an acknowledged hello to the goodbye.

    `held`: that hello told of a spool, so the watermark waits for this instance however long.
    """

    instance: str
    starts: int
    live: bool = False
    held: bool = False


class Instance:
    """An id and its beat numbers. Without a folder the id is new at every start."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._lock: IO[bytes] | None = None
        if folder is not None:
            self._lock = _locked(folder)
        try:
            self._stored = self._load()
        except InstanceError:
            self.close()
            raise
        self._stored.starts += 1
        self._seq = self._stored.starts << BEATS_PER_START_BITS
        try:
            self._save()
        except OSError as error:
            self.close()
            raise InstanceError(
                f"the folder {folder} cannot be written ({error}); make room there, or give ingest"
                " another MILEPOST_INGEST__SPOOL_DIR"
            ) from None

    @property
    def id(self) -> str:
        return self._stored.instance

    @property
    def is_live(self) -> bool:
        """Whether a hello of this id was acknowledged and no goodbye since."""
        return self._stored.live

    @property
    def is_held(self) -> bool:
        """Whether the watermark waits for this id, heard or not."""
        return self._stored.live and self._stored.held

    def next_seq(self) -> int:
        """Greater than every one before, those of earlier starts too."""
        self._seq += 1
        return self._seq

    def set_live(self, live: bool, *, held: bool = False) -> None:
        """The folder remembers it. Raises OSError; then it is as it was."""
        before = self._stored
        if (live, held) == (before.live, before.held):
            return
        self._stored = _Stored(before.instance, before.starts, live, held)
        try:
            self._save()
        except OSError:
            self._stored = before
            raise

    def close(self) -> None:
        """The folder is free for another process."""
        if self._lock is not None:
            self._lock.close()

    def _load(self) -> _Stored:
        if self._folder is None:
            return _Stored(str(uuid7()), 0)
        file = self._folder / FILE_NAME
        try:
            return msgspec.json.decode(file.read_bytes(), type=_Stored)
        except FileNotFoundError:
            return _Stored(str(uuid7()), 0)
        except (OSError, msgspec.MsgspecError) as error:
            raise InstanceError(
                f"{file} cannot be read ({error}); remove it to start as a new instance"
            ) from None

    def _save(self) -> None:
        if self._folder is None:
            return
        file = self._folder / FILE_NAME
        partial = file.with_suffix(".partial")
        with partial.open("wb") as opened:
            opened.write(msgspec.json.encode(self._stored))
            opened.flush()
            os.fsync(opened.fileno())
        partial.replace(file)
        _sync_folder(self._folder)


def is_live(folder: Path) -> bool:
    """Whether the instance of the folder has said hello and no goodbye, as far as one can read."""
    try:
        return msgspec.json.decode((folder / FILE_NAME).read_bytes(), type=_Stored).live
    except (OSError, msgspec.MsgspecError):
        return False


def is_held(folder: Path) -> bool:
    """Whether some process holds the folder now, as far as one can tell."""
    try:
        with (folder / LOCK_NAME).open("rb") as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def _locked(folder: Path) -> IO[bytes]:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = (folder / LOCK_NAME).open("wb")
    except OSError as error:
        raise InstanceError(f"the folder {folder} cannot be used: {error}") from None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.close()
        raise InstanceError(
            f"another ingest uses {folder}; give each its own MILEPOST_INGEST__SPOOL_DIR"
        ) from None
    return lock


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
