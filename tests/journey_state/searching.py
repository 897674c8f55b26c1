"""Looking for texts in everything that is kept: every column of every table, in any encoding."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence
from typing import Any
from uuid import UUID

import asyncpg
import msgspec

from services.journey_state.keys import identifier_key


def forms(text: str) -> list[bytes]:
    """How the text may stand somewhere: plain, escaped, in base64 at any offset, in hex."""
    raw = text.encode()
    plain = [
        raw,
        msgspec.json.encode(text)[1:-1],
        text.encode("unicode_escape"),
        raw.hex().encode(),
    ]
    return [*plain, *_in_base64(raw)]


def _in_base64(raw: bytes) -> Iterator[bytes]:
    for offset in range(3):
        encoded = base64.b64encode(b"\0" * offset + raw)
        inner = encoded[4 if offset else 0 : -4]
        if len(inner) >= 8:
            yield inner


def key_forms(kind: str, value: str) -> list[bytes]:
    """The unkeyed hash of an identifier, by which it could be found by trying."""
    key = UUID(bytes=identifier_key(kind, value))
    return [key.bytes, str(key).encode(), key.hex.encode()]


async def found_in_tables(url: str, wanted: Sequence[bytes]) -> list[tuple[str, str, bytes]]:
    """(table, column, form) of each place where something wanted stands."""
    connection = await asyncpg.connect(url)
    try:
        columns = await connection.fetch(
            """
            SELECT c.relname, a.attname FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
            WHERE c.relkind IN ('r', 'p') AND a.attnum > 0 AND NOT a.attisdropped
              AND c.relnamespace = 'public'::regnamespace
            """
        )
        found = []
        for table, column in columns:
            rows = await connection.fetch(f'SELECT "{column}" FROM "{table}"')
            kept = b"\n".join(_bytes(row[0]) for row in rows)
            found += [(table, column, form) for form in wanted if form in kept]
        return found
    finally:
        await connection.close()


def _bytes(value: Any) -> bytes:
    if isinstance(value, bytes):
        return value + b" " + value.hex().encode()
    return str(value).encode()
