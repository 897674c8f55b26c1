"""Events as a CSV table: a header row of dotted column names, then an event per row."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from io import StringIO

import msgspec

from services.ingest.errors import Fault, RequestError
from services.ingest.json_rules import JsonLimits
from services.ingest.protocols.columns import (
    Column,
    ColumnError,
    column_of,
    nested,
    require_apart,
)
from services.ingest.protocols.event import Event, Incoming, Parsed, read_event

# A cell may be as long as a body; what an event may hold is judged on the event.
csv.field_size_limit(1 << 30)
FIELDS = frozenset(Event.__struct_encode_fields__)
# Whoever writes a comma in numbers separates columns by another mark.
_SEPARATORS = (",", ";", "\t")


def parse_table(body: bytes, limits: JsonLimits) -> Parsed:
    """The events of a table; `position` is the row's number without the header.

    Raises RequestError.
    """
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _malformed(f"byte {error.start} is not UTF-8; save the table as UTF-8") from None
    rows = csv.reader(StringIO(text, newline=""), delimiter=separator_of(text), strict=True)
    try:
        columns = header_of(next(rows, []))
        return Parsed(list(_events(columns, rows, limits)))
    except csv.Error as error:
        raise _malformed(f"line {rows.line_num}: {error}") from None


def separator_of(text: str) -> str:
    """The mark between columns: the one that the header row has most of."""
    header = text.partition("\n")[0]
    return max(_SEPARATORS, key=header.count)


def header_of(names: list[str]) -> list[Column]:
    """The columns of a header row. Raises RequestError."""
    if not any(names):
        raise _malformed("the first line must name the columns, such as event,userId,timestamp")
    try:
        columns = [column_of(name, FIELDS) for name in names]
        require_apart(columns)
    except ColumnError as error:
        raise RequestError("unknown_column", str(error)) from None
    return columns


def event_of_row(columns: list[Column], row: list[str]) -> bytes:
    """The row as a JSON event. Raises ColumnError."""
    if len(row) > len(columns):
        raise ColumnError(f"{len(row)} cells under {len(columns)} columns")
    return msgspec.json.encode(nested(zip(columns, row, strict=False)))


def _events(
    columns: list[Column], rows: Iterator[list[str]], limits: JsonLimits
) -> Iterator[Incoming]:
    for position, row in enumerate(rows):
        if not any(row):
            continue
        try:
            raw = event_of_row(columns, row)
        except (ColumnError, UnicodeEncodeError) as error:
            shown = msgspec.json.encode(row)
            yield Incoming(position, shown, None, Fault("invalid_cell", str(error)))
        else:
            yield read_event(position, raw, limits, plain=False)


def _malformed(detail: str) -> RequestError:
    return RequestError("malformed_csv", f"the body is not a CSV table: {detail}")
