"""Identifiers, their owners, and customers."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple

from services.journey_state.store.pool import Connection, uuid_array
from services.journey_state.touchpoint import Place


class IdentifierRow(NamedTuple):
    """An identifier and its owner now; None: it was named, and no touchpoint carried it yet."""

    identifier_key: bytes
    customer_id: bytes | None
    moves: int
    unlinked: bool
    named: bool
    moved_at: int | None  # when it moved last


class NewIdentifier(NamedTuple):
    """An identifier met, or, without a customer, only named for the first time."""

    identifier_key: bytes
    kind: str
    value: str
    customer_id: bytes | None
    since: int


class CustomerRow(NamedTuple):
    """A customer's row, locked for this transaction."""

    customer_id: bytes
    definition_id: int
    state: bytes
    merged_into: bytes | None


class Period(NamedTuple):
    """From this place on the identifier belongs to the customer."""

    identifier_key: bytes
    start: Place
    customer_id: bytes


async def find_identifiers(connection: Connection, keys: Sequence[bytes]) -> list[IdentifierRow]:
    """Those of the identifiers that have been met before."""
    rows = await connection.fetch(
        """
        SELECT identifier_key, customer_id, moves, unlinked, named, CASE WHEN moves > 0 THEN
          (SELECT max(from_at) FROM ownership_periods AS p
            WHERE p.identifier_key = i.identifier_key) END
        FROM identifiers AS i WHERE identifier_key = ANY($1::text::uuid[])
        """,
        uuid_array(keys),
    )
    return [IdentifierRow(*row) for row in rows]


class Description(NamedTuple):
    """An identifier in clear, when it was met, and how often it has moved."""

    identifier_key: bytes
    kind: str
    value: str
    since: int
    moves: int


async def describe_identifiers(connection: Connection, keys: Sequence[bytes]) -> list[Description]:
    """What these identifiers are."""
    rows = await connection.fetch(
        """
        SELECT identifier_key, kind, value, since, moves FROM identifiers
        WHERE identifier_key = ANY($1::text::uuid[])
        """,
        uuid_array(keys),
    )
    return [Description(*row) for row in rows]


async def lock_customers(
    connection: Connection, customer_ids: Sequence[bytes], *, skip_locked: bool = False
) -> list[CustomerRow]:
    """The customers, locked in the order of their ids so that workers cannot deadlock."""
    skip = "SKIP LOCKED" if skip_locked else ""
    rows = await connection.fetch(
        f"""
        SELECT customer_id, definition_id, state, merged_into FROM customers
        WHERE customer_id = ANY($1::text::uuid[]) ORDER BY customer_id FOR NO KEY UPDATE {skip}
        """,  # noqa: S608 - one of two constants
        uuid_array(sorted(set(customer_ids))),
    )
    return [CustomerRow(*row) for row in rows]


async def add_identifiers(
    connection: Connection,
    new: Sequence[NewIdentifier],
    links: Collection[tuple[bytes, bytes]] = (),
) -> int:
    """Store new identifiers and what is linked with what, each pair both ways.

    Gives how many were new indeed: another worker may be ahead.
    """
    ordered = sorted(new, key=lambda row: row.identifier_key)
    pairs = sorted(links)
    rows = await connection.fetch(
        """
        WITH linked AS (
          INSERT INTO identifier_links (identifier_key, linked_key)
          SELECT * FROM unnest($6::text::uuid[], $7::text::uuid[]) ON CONFLICT DO NOTHING
        )
        INSERT INTO identifiers AS i (identifier_key, kind, value, customer_id, since, named)
        SELECT key, kind, value, customer_id, since, customer_id IS NULL
        FROM unnest($1::uuid[], $2::text[], $3::text[], $4::uuid[], $5::timestamptz[])
          AS n (key, kind, value, customer_id, since)
        ON CONFLICT (identifier_key) DO UPDATE
        SET named = true WHERE i.customer_id IS NULL AND excluded.customer_id IS NULL
        RETURNING 1
        """,
        [n.identifier_key for n in ordered],
        [n.kind for n in ordered],
        [n.value for n in ordered],
        [n.customer_id for n in ordered],
        [n.since for n in ordered],
        uuid_array(pair[0] for pair in pairs),
        uuid_array(pair[1] for pair in pairs),
    )
    return len(rows)


async def claim_identifiers(connection: Connection, met: Sequence[NewIdentifier]) -> int:
    """Identifiers that were named before have an owner now; gives how many had none until now."""
    rows = await connection.fetch(
        """
        UPDATE identifiers AS i SET customer_id = n.customer_id, since = n.since, named = false
        FROM unnest($1::uuid[], $2::uuid[], $3::timestamptz[]) AS n (key, customer_id, since)
        WHERE i.identifier_key = n.key AND i.customer_id IS NULL
        RETURNING 1
        """,
        [n.identifier_key for n in met],
        [n.customer_id for n in met],
        [n.since for n in met],
    )
    return len(rows)


async def add_customers(
    connection: Connection, definition_id: int, rows: Sequence[tuple[bytes, bytes]]
) -> None:
    """Store new customers: (customer_id, state)."""
    await connection.copy_records_to_table(
        "customers",
        records=[(customer_id, definition_id, state) for customer_id, state in rows],
        columns=("customer_id", "definition_id", "state"),
    )


async def save_customers(
    connection: Connection, definition_id: int, rows: Sequence[tuple[bytes, bytes]]
) -> None:
    """Save locked customers: (customer_id, state)."""
    await connection.execute(
        """
        UPDATE customers AS c SET state = n.state, definition_id = $1
        FROM unnest($2::text::uuid[], $3::bytea[]) AS n (id, state) WHERE c.customer_id = n.id
        """,
        definition_id,
        uuid_array(row[0] for row in rows),
        [row[1] for row in rows],
    )


async def merge_customer(connection: Connection, gone: bytes, survivor: bytes) -> None:
    """Rewrite owners, not touchpoints: all that `gone` owns belongs to `survivor`."""
    for statement in (
        "UPDATE identifiers SET customer_id = $2 WHERE customer_id = $1",
        "UPDATE ownership_periods SET customer_id = $2 WHERE customer_id = $1",
        "UPDATE customers SET merged_into = $2 WHERE customer_id = $1 OR merged_into = $1",
        "UPDATE stage_history SET superseded_at = now() "
        "WHERE customer_id = $1 AND superseded_at IS NULL AND $2::uuid IS NOT NULL",
        "UPDATE signals SET customer_id = $2, written_by = DEFAULT, "
        "raised_as = CASE WHEN published THEN nullif(coalesce(raised_as, $1), $2) END "
        "WHERE customer_id = $1",
        "DELETE FROM timers WHERE customer_id = $1 AND $2::uuid IS NOT NULL",
    ):
        await connection.execute(statement, gone, survivor)


async def move_identifier(
    connection: Connection, periods: Sequence[Period], *, moves_max: int
) -> None:
    """The identifier belongs to the last period's customer from that place on.

    `periods` holds the old owner's from the beginning of time and the new owner's.
    """
    await connection.executemany(
        """
        INSERT INTO ownership_periods
          (identifier_key, from_at, from_message_id, from_source, customer_id)
        VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING
        """,
        [(p.identifier_key, *p.start, p.customer_id) for p in periods],
    )
    await connection.execute(
        """
        UPDATE identifiers SET customer_id = $2, moves = moves + 1, shared = moves + 1 >= $3
        WHERE identifier_key = $1
        """,
        periods[-1].identifier_key,
        periods[-1].customer_id,
        moves_max,
    )


async def add_conflict(connection: Connection, row: tuple[bytes, bytes, bytes, str, int]) -> None:
    """Count a move or a link that was not applied: (identifier, from, to, reason, at)."""
    await connection.execute(
        """
        INSERT INTO conflicts AS c
          (identifier_key, from_customer_id, to_customer_id, reason, first_at, last_at)
        VALUES ($1, $2, $3, $4, $5, $5)
        ON CONFLICT (identifier_key, from_customer_id, to_customer_id, reason) DO UPDATE
        SET count = c.count + 1, first_at = least(c.first_at, excluded.first_at),
          last_at = greatest(c.last_at, excluded.last_at)
        """,
        *row,
    )


async def owned_keys(
    connection: Connection, customer_ids: Sequence[bytes]
) -> list[tuple[bytes, bytes]]:
    """(customer_id, identifier_key) of everything the customers own or owned for a while."""
    rows = await connection.fetch(
        """
        SELECT customer_id, identifier_key FROM identifiers WHERE customer_id = ANY($1::uuid[])
        UNION
        SELECT customer_id, identifier_key FROM ownership_periods
        WHERE customer_id = ANY($1::uuid[])
        """,
        customer_ids,
    )
    return [tuple(row) for row in rows]


async def read_periods(connection: Connection, keys: Sequence[bytes]) -> list[Period]:
    """The ownership periods of those identifiers that have moved, in the order."""
    rows = await connection.fetch(
        """
        SELECT identifier_key, from_at, from_message_id, from_source, customer_id
        FROM ownership_periods WHERE identifier_key = ANY($1::uuid[])
        ORDER BY identifier_key, from_at, from_message_id, from_source
        """,
        keys,
    )
    return [Period(row[0], (row[1], row[2], row[3]), row[4]) for row in rows]


async def without_row(connection: Connection, keys: Sequence[bytes]) -> list[bytes]:
    """The owners of these identifiers, now or before, that are no customers: rows were lost."""
    rows = await connection.fetch(
        """
        SELECT customer_id FROM (
          SELECT customer_id FROM identifiers
          WHERE identifier_key = ANY($1::text::uuid[]) AND customer_id IS NOT NULL
          UNION
          SELECT customer_id FROM ownership_periods WHERE identifier_key = ANY($1::text::uuid[])
        ) AS o WHERE NOT EXISTS (SELECT FROM customers AS c WHERE c.customer_id = o.customer_id)
        ORDER BY customer_id
        """,
        uuid_array(keys),
    )
    return [row[0] for row in rows]


async def without_periods(connection: Connection) -> list[bytes]:
    """The identifiers that have moved more often than their ownership periods tell."""
    rows = await connection.fetch(
        """
        SELECT identifier_key FROM identifiers AS i WHERE moves > 0 AND moves >=
          (SELECT count(*) FROM ownership_periods AS p WHERE p.identifier_key = i.identifier_key)
        ORDER BY identifier_key
        """
    )
    return [row[0] for row in rows]


async def next_customers(connection: Connection, after: bytes, limit: int) -> list[CustomerRow]:
    """Customers that are not merged away, locked, behind this id in the order of ids."""
    rows = await connection.fetch(
        """
        SELECT customer_id, definition_id, state, merged_into FROM customers
        WHERE customer_id > $1 AND merged_into IS NULL
        ORDER BY customer_id LIMIT $2 FOR NO KEY UPDATE
        """,
        after,
        limit,
    )
    return [CustomerRow(*row) for row in rows]


async def owners_ever(connection: Connection, keys: Sequence[bytes]) -> list[bytes]:
    """Every customer that owns one of these identifiers, or did for a while."""
    rows = await connection.fetch(
        """
        SELECT customer_id FROM identifiers WHERE identifier_key = ANY($1::text::uuid[])
        UNION
        SELECT customer_id FROM ownership_periods WHERE identifier_key = ANY($1::text::uuid[])
        """,
        uuid_array(keys),
    )
    return [row[0] for row in rows]
