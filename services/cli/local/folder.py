"""A data folder that one run holds at a time."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import time
from pathlib import Path
from typing import TYPE_CHECKING, Self

from services.cli.local.errors import LocalStackError

if TYPE_CHECKING:
    from collections.abc import Iterator

FREE_BYTES_MIN = 512 << 20


class FolderLock:
    """An exclusive hold on a folder; the system lets go of it when the process ends, however."""

    def __init__(self, folder: Path, purpose: str) -> None:
        self._folder = folder
        self._purpose = purpose
        self._descriptor: int | None = None

    @property
    def held(self) -> bool:
        return self._descriptor is not None

    def acquire(self, *, wait_seconds_max: float = 0) -> None:
        """Holds the folder, made where it was missing; `LocalStackError` when another has it.
        Does nothing while we hold it already."""
        if self._descriptor is not None:
            return
        with explained(self._folder):
            self._folder.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(self._folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        deadline = time.monotonic() + wait_seconds_max
        while not _try_lock(descriptor):
            if time.monotonic() >= deadline:
                holder = os.pread(descriptor, 20, 0).decode("ascii", "replace").strip()
                os.close(descriptor)
                raise LocalStackError(
                    f"{self._purpose} in {self._folder} is in use by process {holder or '?'}",
                    "Stop that run, or choose another folder",
                )
            time.sleep(0.1)
        os.truncate(descriptor, 0)
        os.pwrite(descriptor, str(os.getpid()).encode(), 0)
        self._descriptor = descriptor

    def release(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def __enter__(self) -> Self:
        self.acquire()
        return self

    def __exit__(self, *_: object) -> None:
        self.release()


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextlib.contextmanager
def explained(folder: Path) -> Iterator[None]:
    """Turns a file system's refusal under `folder` into a `LocalStackError`."""
    try:
        yield
    except OSError as error:
        raise LocalStackError(
            f"Cannot work in {folder}: {error}",
            "Free some space, fix the permissions, or choose another folder",
        ) from error


def require_space(folder: Path, bytes_min: int = FREE_BYTES_MIN) -> None:
    """`LocalStackError` unless the disk of `folder` has room to run."""
    free = shutil.disk_usage(folder).free
    if free < bytes_min:
        raise LocalStackError(
            f"The disk of {folder} is nearly full: {free >> 20} MiB free, {bytes_min >> 20} needed",
            "Free some space, or choose another folder",
        )
