"""What a file of events is read as, and where a second run goes on."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from services.cli.importing.place import Place, read_place, write_place
from services.cli.importing.reading import FileFaultError, Line, Reader

if TYPE_CHECKING:
    from pathlib import Path

TABLE = (
    "event,userId,timestamp,properties.note,properties.total:number\n"
    'Order Completed,u1,2026-11-20T10:00:00Z,"two\nlines",12.5\n'
    "\n"
    "Order Completed,u2,2026-11-20T11:00:00Z,,dear\n"
    "Order Completed,u3,,,1\n"
    "Order Completed,u4,2026-11-20T12:00:00Z,,2\n"
)


def read(path: Path, *, historical: bool = False) -> list[Line]:
    return list(Reader(path, historical=historical).lines())


def event(line: Line) -> dict[str, Any]:
    assert line.event is not None
    found: dict[str, Any] = msgspec.json.decode(line.event)
    return found


def test_a_line_is_named_as_an_editor_numbers_it(tmp_path: Path) -> None:
    file = tmp_path / "sales.csv"
    file.write_text(TABLE, "utf-8")
    lines = read(file)
    assert [(one.number, one.code) for one in lines] == [
        (2, ""),
        (5, "invalid_cell"),
        (6, "missing_timestamp"),
        (7, ""),
    ]
    assert event(lines[0]) == {
        "event": "Order Completed",
        "userId": "u1",
        "timestamp": "2026-11-20T10:00:00Z",
        "properties": {"note": "two\nlines", "total": 12.5},
    }


def test_history_is_marked_in_each_event(tmp_path: Path) -> None:
    file = tmp_path / "sales.csv"
    file.write_text(TABLE, "utf-8")
    assert event(read(file, historical=True)[-1])["historical"] is True


def test_lines_of_json_go_as_they_are(tmp_path: Path) -> None:
    file = tmp_path / "calls.ndjson"
    file.write_bytes(b'{"event":"A","userId":"u","messageId":"m1"}\n\n{broken\n{"event":"B"}\n')
    assert read(file) == [
        Line(1, b'{"event":"A","userId":"u","messageId":"m1"}'),
        Line(3, b"{broken"),
        Line(4, None, "missing_timestamp", read(file)[2].fault),
    ]


def test_a_compressed_file_is_read_as_the_one_within(tmp_path: Path) -> None:
    plain, packed = tmp_path / "sales.csv", tmp_path / "sales.csv.gz"
    plain.write_text(TABLE, "utf-8")
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    assert read(packed) == read(plain)


@pytest.mark.parametrize(
    ("content", "hint"),
    [
        (b"", "must name the columns"),
        (b"event,total\n", "properties.total"),
        (b"event,userId\nA,\xff\n", "line 2: not UTF-8"),
        (b'event,userId\nA,"u\n', "line 2"),
        (b"\x1f\x8bno gzip", "cannot be read"),
    ],
)
def test_a_file_that_cannot_be_read_says_where(tmp_path: Path, content: bytes, hint: str) -> None:
    file = tmp_path / "broken.csv"
    file.write_bytes(content)
    with pytest.raises(FileFaultError, match=hint):
        read(file)


def test_a_place_is_of_one_source_and_one_kind(tmp_path: Path) -> None:
    file = tmp_path / "sales.csv"
    kept = Place("shop", historical=False, bytes=10, sha256="x", line=3, accepted=2, rejected=1)
    write_place(file, kept)
    assert read_place(file, Place("shop", historical=False)) == kept
    for other in (Place("shop", historical=True), Place("till", historical=False)):
        assert read_place(file, other) == other
