"""Parquet by Apache Arrow's library: columns with types, compressed with Zstandard."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pyarrow as arrow
from pyarrow.parquet import ParquetWriter

from services.cli.exporting.columns import Column, Row

# Readers look at a group as a whole: many small ones are slow, large ones take memory here.
GROUP_ROWS = 50_000

_TYPES = {
    "text": arrow.string(),
    "time": arrow.timestamp("us", tz="UTC"),
    "boolean": arrow.bool_(),
    "whole": arrow.int64(),
    "json": arrow.string(),
}


class ParquetFile:
    """A file of groups of rows."""

    def __init__(self, path: Path, columns: Sequence[Column]) -> None:
        self._columns = columns
        self._schema = arrow.schema([(one.name, _TYPES[one.kind]) for one in columns])
        self._writer = ParquetWriter(path, self._schema, compression="zstd")
        self._rows: list[Row] = []

    def write(self, rows: Sequence[Row]) -> None:
        self._rows += rows
        if len(self._rows) >= GROUP_ROWS:
            self._flush()

    def close(self) -> None:
        if self._rows:
            self._flush()
        self._writer.close()

    def _flush(self) -> None:
        arrays = [
            arrow.array(self._values(n, column), self._schema.field(n).type)
            for n, column in enumerate(self._columns)
        ]
        self._writer.write_batch(arrow.record_batch(arrays, schema=self._schema))
        self._rows = []

    def _values(self, n: int, column: Column) -> list[object]:
        if column.kind == "json":
            return [None if row[n] is None else row[n].decode() for row in self._rows]
        return [row[n] for row in self._rows]
