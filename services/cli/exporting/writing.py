"""Rows into files: CSV and lines of JSON here, Parquet by a library that is asked for then."""

from __future__ import annotations

import csv
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal, Protocol

import msgspec

from services.cli.exporting.columns import Column, Kind, Row
from services.contracts.times import format_time

Format = Literal["csv", "parquet", "jsonl"]


class Writer(Protocol):
    """A file that takes rows until it is closed."""

    def write(self, rows: Sequence[Row]) -> None: ...

    def close(self) -> None:
        """All rows are in the file."""


class CsvFile:
    """A header, then rows: times as RFC 3339 in UTC, JSON as text, nothing for null."""

    def __init__(self, path: Path, columns: Sequence[Column]) -> None:
        self._file = path.open("w", encoding="utf-8", newline="")
        self._writer = csv.writer(self._file)
        self._writer.writerow([column.name for column in columns])
        self._cells = [_CELLS.get(column.kind, _plain) for column in columns]

    def write(self, rows: Sequence[Row]) -> None:
        cells = self._cells
        self._writer.writerows(
            ["" if value is None else cell(value) for cell, value in zip(cells, row, strict=True)]
            for row in rows
        )

    def close(self) -> None:
        self._file.close()


class JsonLinesFile:
    """An object a line; JSON columns stand in it as they are."""

    def __init__(self, path: Path, columns: Sequence[Column]) -> None:
        self._file = path.open("wb")
        self._names = [column.name for column in columns]
        self._values = [_VALUES.get(column.kind, _plain) for column in columns]
        self._encode = msgspec.json.Encoder().encode

    def write(self, rows: Sequence[Row]) -> None:
        self._file.write(b"".join([self._encode(self._object(row)) + b"\n" for row in rows]))

    def close(self) -> None:
        self._file.close()

    def _object(self, row: Row) -> dict[str, Any]:
        return {
            name: None if value is None else read(value)
            for name, read, value in zip(self._names, self._values, row, strict=True)
        }


def opener(form: Format) -> Callable[[Path, Sequence[Column]], Writer]:
    """What opens a file of this format. Raises ModuleNotFoundError where it needs an extra."""
    if form == "parquet":
        # Needs the extra `parquet`, which is large.
        from services.cli.exporting.parquet import ParquetFile  # noqa: PLC0415

        return ParquetFile
    return CsvFile if form == "csv" else JsonLinesFile


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A file beside it to write, which takes its place at the end and is gone after an error.

    Nobody else may read it: it is about people.
    """
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    partial.unlink(missing_ok=True)
    os.close(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    try:
        yield partial
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def _plain(value: Any) -> Any:
    return value


_CELLS: dict[Kind, Callable[[Any], Any]] = {
    "time": format_time,
    "boolean": lambda value: "true" if value else "false",
    "json": bytes.decode,
}
_VALUES: dict[Kind, Callable[[Any], Any]] = {"time": format_time, "json": msgspec.Raw}
