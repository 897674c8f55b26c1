"""Touchpoints as they came: which copies count, and the timeline."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from services.journey_state.store.pool import Connection, int_array, uuid_array

BEGINNING_US = -62_135_596_800_000_000  # year 1: before every touchpoint

END_US = 253_402_300_800_000_000  # year 10000: after every touchpoint


class Fact(NamedTuple):
    """A touchpoint's row: its keys, its place, its bytes, and what they are asked for most."""

    message_key: bytes
    identifier_key: bytes
    occurred_at: int
    message_id: str
    source: str
    received_at: int
    channel: str
    event: str
    body: bytes
    facets: int | None = None
    campaign: str | None = None


class Copy(NamedTuple):
    """Where the copy of an event that counts so far stands."""

    message_key: bytes
    received_at: int
    identifier_key: bytes
    occurred_at: int


async def admit(connection: Connection, facts: Sequence[Fact]) -> set[bytes]:
    """Remember these events; gives the message keys that had not been seen before.

    `facts` must hold each message key once.
    """
    rows = await connection.fetch(
        """
        INSERT INTO dedupe (message_key, received_at, identifier_key, occurred_at)
        SELECT message_key, timestamptz 'epoch' + received * interval '1 microsecond',
          identifier_key, timestamptz 'epoch' + occurred * interval '1 microsecond'
        FROM unnest($1::text::uuid[], $2::text::bigint[], $3::text::uuid[], $4::text::bigint[])
          AS f (message_key, received, identifier_key, occurred)
        ON CONFLICT DO NOTHING
        RETURNING message_key
        """,
        uuid_array(f.message_key for f in facts),
        int_array(f.received_at for f in facts),
        uuid_array(f.identifier_key for f in facts),
        int_array(f.occurred_at for f in facts),
    )
    return {row[0] for row in rows}


async def copies(connection: Connection, message_keys: Sequence[bytes]) -> list[Copy]:
    """The copies that count so far of events seen before."""
    rows = await connection.fetch(
        """
        SELECT message_key, received_at, identifier_key, occurred_at FROM dedupe
        WHERE message_key = ANY($1::uuid[]) FOR UPDATE
        """,
        message_keys,
    )
    return [Copy(*row) for row in rows]


async def body_of(connection: Connection, copy: Copy, fact: Fact) -> bytes | None:
    """The bytes of the copy that counts so far."""
    body: bytes | None = await connection.fetchval(
        """
        SELECT body FROM timeline
        WHERE identifier_key = $1 AND occurred_at = $2 AND message_id = $3 AND source = $4
        """,
        copy.identifier_key,
        copy.occurred_at,
        fact.message_id,
        fact.source,
    )
    return body


async def replace_copy(connection: Connection, copy: Copy, fact: Fact) -> bytes | None:
    """The new copy counts from now on; the old one leaves the timeline. Gives its bytes."""
    body: bytes | None = await connection.fetchval(
        """
        DELETE FROM timeline
        WHERE identifier_key = $1 AND occurred_at = $2 AND message_id = $3 AND source = $4
        RETURNING body
        """,
        copy.identifier_key,
        copy.occurred_at,
        fact.message_id,
        fact.source,
    )
    await connection.execute(
        """
        UPDATE dedupe SET received_at = $2, identifier_key = $3, occurred_at = $4
        WHERE message_key = $1
        """,
        fact.message_key,
        fact.received_at,
        fact.identifier_key,
        fact.occurred_at,
    )
    return body


async def add_to_timeline(
    connection: Connection, facts: Sequence[Fact], *, too_late: bool = False
) -> None:
    """Append touchpoints, each under its primary identifier; those too late are never folded."""
    if too_late:
        await connection.copy_records_to_table(
            "timeline",
            records=[(*fact[1:], True) for fact in facts],
            columns=(*Fact._fields[1:], "too_late"),
        )
        return
    await connection.copy_records_to_table(
        "timeline", records=[fact[1:] for fact in facts], columns=Fact._fields[1:]
    )


class TimelineRow(NamedTuple):
    """A touchpoint read back, with what places it among ownership periods.

    One that was too late stands at the cut that it was too late for.
    """

    identifier_key: bytes
    occurred_at: int
    message_id: str
    source: str
    received_at: int
    body: bytes
    too_late: bool


async def read_timeline(
    connection: Connection,
    identifier_keys: Sequence[bytes],
    *,
    since: int | None = None,
    before: int | None = None,
) -> list[TimelineRow]:
    """All touchpoints, or those of a time, whose primary identifier is one of these."""
    # A plan made while a month's partition was all but empty would go on reading it whole.
    await connection.execute("SET LOCAL enable_seqscan = off")
    rows = await connection.fetch(
        """
        SELECT identifier_key, occurred_at, message_id, source, received_at, body, too_late
        FROM timeline
        WHERE identifier_key = ANY($1::text::uuid[])
          AND occurred_at >= $2 AND occurred_at < $3
        """,
        uuid_array(identifier_keys),
        BEGINNING_US if since is None else since,
        END_US if before is None else before,
    )
    return list(map(TimelineRow._make, rows))
