"""A file of events, read line by line: what to send of each, or why it cannot be sent."""

from __future__ import annotations

import csv
import gzip
import zlib
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import IO, NamedTuple

import msgspec

from services.ingest.errors import RequestError
from services.ingest.protocols.columns import ColumnError
from services.ingest.protocols.csv_table import event_of_row, header_of, separator_of

_GZIP_MAGIC = b"\x1f\x8b"
_HISTORICAL = msgspec.Raw(b"true")
_TIMES = ("timestamp", "originalTimestamp")
_IDS = ("messageId",)

_decode = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode


class FileFaultError(Exception):
    """The file cannot be read; the text says where and what to do."""


class Line(NamedTuple):
    """One event of the file. `number` counts from 1 as editors do; `event` None: see `fault`."""

    number: int
    event: bytes | None
    code: str = ""
    fault: str = ""


class Reader:
    """The lines of a file, and how much of it has been read so far."""

    def __init__(self, path: Path, *, historical: bool) -> None:
        self._historical = historical
        self._path = path
        self._hash = sha256()
        self.bytes_read = 0

    @property
    def digest(self) -> str:
        """A hash of all bytes read so far."""
        return self._hash.copy().hexdigest()

    def lines(self) -> Iterator[Line]:
        """Every event of the file. Raises FileFaultError."""
        try:
            with _opened(self._path) as file:
                texts = self._texts(file)
                first = next(texts, "")
                if first.lstrip("\ufeff \t")[:1] == "{":
                    yield from self._json_lines(first, texts)
                else:
                    yield from self._rows(first, texts)
        except (OSError, EOFError, zlib.error) as error:
            raise FileFaultError(f"{self._path} cannot be read: {error}") from None

    def _texts(self, file: IO[bytes]) -> Iterator[str]:
        for number, line in enumerate(file, start=1):
            self._hash.update(line)
            self.bytes_read += len(line)
            try:
                yield line.decode()
            except UnicodeDecodeError:
                raise FileFaultError(
                    f"{self._path}, line {number}: not UTF-8; save the file as UTF-8"
                ) from None

    def _json_lines(self, first: str, others: Iterator[str]) -> Iterator[Line]:
        for number, text in enumerate(_chained(first.lstrip("\ufeff"), others), start=1):
            if stripped := text.strip():
                yield self._line(number, stripped.encode())

    def _rows(self, first: str, others: Iterator[str]) -> Iterator[Line]:
        header = first.lstrip("\ufeff")
        rows = csv.reader(_chained(header, others), delimiter=separator_of(header), strict=True)
        try:
            columns = header_of(next(rows))
            begins = rows.line_num + 1
            for row in rows:
                if any(row):
                    try:
                        yield self._line(begins, event_of_row(columns, row))
                    except ColumnError as error:
                        yield Line(begins, None, "invalid_cell", str(error))
                begins = rows.line_num + 1
        except csv.Error as error:
            raise FileFaultError(f"{self._path}, line {rows.line_num}: {error}") from None
        except RequestError as error:
            raise FileFaultError(f"{self._path}, line 1: {error.message}") from None

    def _line(self, number: int, event: bytes) -> Line:
        try:
            members = _decode(event)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            # Ingest says by name what is wrong with it, and keeps it.
            return Line(number, event)
        if not any(_is_given(members, name) for name in (*_TIMES, *_IDS)):
            return Line(
                number,
                None,
                "missing_timestamp",
                "an imported event needs a timestamp or a messageId: else a repeat is not known",
            )
        if not self._historical:
            return Line(number, event)
        return Line(number, msgspec.json.encode(members | {"historical": _HISTORICAL}))


def _chained(first: str, others: Iterator[str]) -> Iterator[str]:
    yield first
    yield from others


def _is_given(members: dict[str, msgspec.Raw], name: str) -> bool:
    return name in members and bytes(members[name]) not in (b"null", b'""')


def _opened(path: Path) -> IO[bytes]:
    with path.open("rb") as file:
        is_gzip = file.read(2) == _GZIP_MAGIC
    return gzip.open(path) if is_gzip else path.open("rb")  # type: ignore[return-value]  # alike
