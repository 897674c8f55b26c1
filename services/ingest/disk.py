"""A folder of files and the few acts on it that the spool is built from; tests pass another."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Protocol

# Events are about people: nobody but the user that ingest runs as reads them.
FILE_MODE = 0o600


class File(Protocol):
    """A new file that is written from its beginning to its end."""

    def write(self, data: bytes) -> None:
        """All of it is handed to the system, which may lose it yet."""

    def sync(self) -> None:
        """What was written outlives the machine's power, if the file's name does."""

    def close(self) -> None: ...


class Disk(Protocol):
    """One folder. Everything raises OSError as the system does."""

    def names(self) -> list[str]: ...

    def create(self, name: str) -> File:
        """A file that was not there; its name is durable after `sync_names`."""

    def read(self, name: str, start: int = 0, end: int | None = None) -> bytes: ...

    def truncate(self, name: str, size: int) -> None:
        """The file ends there, for good."""

    def rename(self, name: str, new_name: str) -> None: ...

    def remove(self, name: str) -> None: ...

    def sync_names(self) -> None:
        """What was created, renamed and removed so far stays so."""


class _RealFile:
    def __init__(self, path: Path) -> None:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        self._descriptor = os.open(path, flags, FILE_MODE)

    def write(self, data: bytes) -> None:
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(self._descriptor, rest) :]

    def sync(self) -> None:
        os.fsync(self._descriptor)

    def close(self) -> None:
        os.close(self._descriptor)


class Folder:
    """The `Disk` of a real folder, which exists."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def names(self) -> list[str]:
        return [one.name for one in self._path.iterdir()]

    def create(self, name: str) -> File:
        return _RealFile(self._path / name)

    def read(self, name: str, start: int = 0, end: int | None = None) -> bytes:
        with (self._path / name).open("rb") as file:
            file.seek(start)
            return file.read(-1 if end is None else end - start)

    def truncate(self, name: str, size: int) -> None:
        with (self._path / name).open("r+b") as file:
            file.truncate(size)
            os.fsync(file.fileno())

    def rename(self, name: str, new_name: str) -> None:
        (self._path / name).rename(self._path / new_name)

    def remove(self, name: str) -> None:
        (self._path / name).unlink()

    def sync_names(self) -> None:
        descriptor = os.open(self._path, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
