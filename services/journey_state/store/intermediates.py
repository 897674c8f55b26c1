"""Checkpoints within customers' kept pasts: read, left and taken away."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from services.journey_state.store.pool import Connection, uuid_array
from services.journey_state.touchpoint import Place


class Key(NamedTuple):
    """Whose checkpoint it is, and where it stands."""

    customer_id: bytes
    place: Place


async def read_bodies(connection: Connection, keys: Sequence[Key]) -> dict[bytes, bytes]:
    """By customer, the bytes of these checkpoints, one each, as far as they are there."""
    rows = await connection.fetch(
        """
        SELECT c.customer_id, c.body
        FROM unnest($1::text::uuid[], $2::timestamptz[], $3::text[], $4::text[])
          AS k (customer_id, at, message_id, source)
        JOIN intermediate_checkpoints AS c ON c.customer_id = k.customer_id AND c.at = k.at
          AND c.message_id = k.message_id COLLATE "C" AND c.source = k.source COLLATE "C"
        """,
        *_columns(keys),
    )
    return {row[0]: row[1] for row in rows}


async def remove(connection: Connection, keys: Sequence[Key]) -> None:
    """These checkpoints are gone."""
    await connection.execute(
        """
        DELETE FROM intermediate_checkpoints AS c
        USING unnest($1::text::uuid[], $2::timestamptz[], $3::text[], $4::text[])
          AS k (customer_id, at, message_id, source)
        WHERE c.customer_id = k.customer_id AND c.at = k.at
          AND c.message_id = k.message_id COLLATE "C" AND c.source = k.source COLLATE "C"
        """,
        *_columns(keys),
    )


async def leave(connection: Connection, rows: Sequence[tuple[Key, bytes]]) -> None:
    """These checkpoints stand, in the place of any that stood there."""
    await connection.execute(
        """
        INSERT INTO intermediate_checkpoints (customer_id, at, message_id, source, body)
        SELECT * FROM unnest($1::text::uuid[], $2::timestamptz[], $3::text[], $4::text[],
          $5::bytea[])
        ON CONFLICT (customer_id, at, message_id, source) DO UPDATE SET body = excluded.body
        """,
        *_columns([key for key, _ in rows]),
        [body for _, body in rows],
    )


def _columns(keys: Sequence[Key]) -> tuple[str, list[int], list[str], list[str]]:
    return (
        uuid_array(key.customer_id for key in keys),
        [key.place[0] for key in keys],
        [key.place[1] for key in keys],
        [key.place[2] for key in keys],
    )
