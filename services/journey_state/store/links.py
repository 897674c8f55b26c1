"""What is linked with what: connected identifiers, operators' links, and identity rewritten."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple

from services.journey_state.store.people import Period
from services.journey_state.store.pool import Connection, uuid_array


class LinkedIdentifier(NamedTuple):
    """An identifier's whole row; without a customer it was named and never met."""

    identifier_key: bytes
    kind: str
    value: str
    customer_id: bytes | None
    since: int
    moves: int
    shared: bool
    unlinked: bool
    named: bool


class ConflictRow(NamedTuple):
    """A move or a link that was not applied, counted."""

    identifier_key: bytes
    from_customer_id: bytes
    to_customer_id: bytes
    reason: str
    times: int
    first_at: int
    last_at: int


class CountedConflict(NamedTuple):
    """A row as it was stored; `early`: it began before the retention cut."""

    row: ConflictRow
    early: bool


class OperatorLink(NamedTuple):
    """What an operator did at an instant: linked a with b, or, without b, unlinked a."""

    at: int
    a_kind: str
    a_value: str
    b_kind: str | None
    b_value: str | None


async def connected(
    connection: Connection, keys: Collection[bytes], limit: int
) -> list[tuple[bytes, bytes | None]]:
    """The keys linked with these at whatever remove, each with those it is linked with.

    A row per link, (key, None) for a key without any; of more than `limit` keys that many.
    """
    rows = await connection.fetch(
        """
        WITH RECURSIVE reached (identifier_key) AS (
          SELECT unnest($1::text::uuid[])
          UNION
          SELECT l.linked_key FROM reached AS r
          JOIN identifier_links AS l ON l.identifier_key = r.identifier_key
        ), bounded AS (SELECT identifier_key FROM reached LIMIT $2)
        SELECT b.identifier_key, l.linked_key FROM bounded AS b
        LEFT JOIN identifier_links AS l ON l.identifier_key = b.identifier_key
        """,
        uuid_array(keys),
        limit,
    )
    return [(row[0], row[1]) for row in rows]


async def customers_of(connection: Connection, keys: Collection[bytes]) -> list[bytes]:
    """Every customer id of these identifiers: owners now and before, and those merged into them."""
    rows = await connection.fetch(
        """
        WITH live AS (
          SELECT customer_id FROM identifiers
          WHERE identifier_key = ANY($1::text::uuid[]) AND customer_id IS NOT NULL
          UNION
          SELECT customer_id FROM ownership_periods WHERE identifier_key = ANY($1::text::uuid[])
        )
        SELECT customer_id FROM live
        UNION
        SELECT c.customer_id FROM customers AS c
        JOIN live ON c.merged_into = live.customer_id
        """,
        uuid_array(keys),
    )
    return sorted(row[0] for row in rows)


async def read_identifiers(
    connection: Connection, keys: Collection[bytes]
) -> list[LinkedIdentifier]:
    """The rows of these identifiers, by key."""
    rows = await connection.fetch(
        """
        SELECT identifier_key, kind, value, customer_id, since, moves, shared, unlinked, named
        FROM identifiers WHERE identifier_key = ANY($1::text::uuid[]) ORDER BY identifier_key
        """,
        uuid_array(keys),
    )
    return [LinkedIdentifier(*row) for row in rows]


async def operator_links(
    connection: Connection, keys: Collection[bytes]
) -> list[tuple[bytes, OperatorLink]]:
    """What operators did to these identifiers, each with the key of its first one."""
    rows = await connection.fetch(
        """
        SELECT a_key, at, a_kind, a_value, b_kind, b_value FROM operator_links
        WHERE a_key = ANY($1::text::uuid[]) OR b_key = ANY($1::text::uuid[])
        """,
        uuid_array(keys),
    )
    return [(row[0], OperatorLink(*row[1:])) for row in rows]


async def add_operator_link(
    connection: Connection, link: OperatorLink, a_key: bytes, b_key: bytes | None
) -> None:
    """Keep what an operator did, behind whatever was done to the same identifiers before."""
    await connection.execute(
        """
        INSERT INTO operator_links (at, a_kind, a_value, b_kind, b_value, a_key, b_key)
        SELECT greatest($1, max(at) + interval '1 microsecond'), $2, $3, $4, $5, $6, $7
        FROM operator_links WHERE a_key IN ($6, $7) OR b_key IN ($6, $7)
        """,
        *link,
        a_key,
        b_key,
    )


async def add_links(connection: Connection, links: Collection[tuple[bytes, bytes]]) -> None:
    """Remember that these are linked; each pair is given both ways."""
    ordered = sorted(links)
    await connection.execute(
        """
        INSERT INTO identifier_links (identifier_key, linked_key)
        SELECT * FROM unnest($1::text::uuid[], $2::text::uuid[]) ON CONFLICT DO NOTHING
        """,
        uuid_array(pair[0] for pair in ordered),
        uuid_array(pair[1] for pair in ordered),
    )


async def forget_links(connection: Connection, keys: Sequence[bytes]) -> None:
    """These are linked with nothing any more; what was linked through them still is."""
    await connection.execute(
        """
        WITH beside AS (
          SELECT DISTINCT linked_key FROM identifier_links
          WHERE identifier_key = ANY($1::uuid[]) AND NOT linked_key = ANY($1::uuid[])
        ), hub AS (SELECT linked_key AS hub_key FROM beside ORDER BY linked_key LIMIT 1)
        INSERT INTO identifier_links (identifier_key, linked_key)
        SELECT hub_key, linked_key FROM beside, hub WHERE linked_key <> hub_key
        UNION SELECT linked_key, hub_key FROM beside, hub WHERE linked_key <> hub_key
        ON CONFLICT DO NOTHING
        """,
        keys,
    )
    await connection.execute(
        """
        WITH theirs AS (
          SELECT identifier_key, linked_key FROM identifier_links
          WHERE identifier_key = ANY($1::uuid[])
        ), gone AS (
          SELECT identifier_key, linked_key FROM theirs
          UNION SELECT linked_key, identifier_key FROM theirs
        ), links AS (
          DELETE FROM identifier_links AS l USING gone
          WHERE l.identifier_key = gone.identifier_key AND l.linked_key = gone.linked_key
        )
        DELETE FROM operator_links WHERE a_key = ANY($1::uuid[]) OR b_key = ANY($1::uuid[])
        """,
        keys,
    )


async def save_identifiers(connection: Connection, rows: Sequence[LinkedIdentifier]) -> int:
    """Insert or update identifiers, which the caller's locks protect; gives how many were new."""
    ordered = sorted(rows)
    stored = await connection.fetch(
        """
        INSERT INTO identifiers AS i
          (identifier_key, kind, value, customer_id, since, moves, shared, unlinked, named)
        SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::uuid[], $5::timestamptz[],
          $6::smallint[], $7::bool[], $8::bool[], $9::bool[])
        ON CONFLICT (identifier_key) DO UPDATE
        SET customer_id = excluded.customer_id, moves = excluded.moves, shared = excluded.shared,
          unlinked = excluded.unlinked, named = excluded.named
        RETURNING xmax = 0
        """,
        *(list(column) for column in zip(*ordered, strict=True)),
    )
    return sum(row[0] for row in stored)


async def remove_identifiers(connection: Connection, keys: Sequence[bytes]) -> None:
    """These are named by nothing any more."""
    await connection.execute(
        "DELETE FROM identifiers WHERE identifier_key = ANY($1::text::uuid[])", uuid_array(keys)
    )


async def replace_periods(
    connection: Connection, keys: Collection[bytes], periods: Sequence[Period]
) -> None:
    """The periods of these identifiers are exactly those given."""
    await connection.execute(
        "DELETE FROM ownership_periods WHERE identifier_key = ANY($1::text::uuid[])",
        uuid_array(keys),
    )
    await connection.copy_records_to_table(
        "ownership_periods",
        records=[(p.identifier_key, *p.start, p.customer_id) for p in periods],
        columns=("identifier_key", "from_at", "from_message_id", "from_source", "customer_id"),
    )


_CONFLICT = """identifier_key, from_customer_id, to_customer_id, reason, count, first_at,
  last_at, coalesce(first_at < (SELECT reached_at FROM timeline_cut), false)"""


async def read_conflicts(connection: Connection, keys: Collection[bytes]) -> list[CountedConflict]:
    """The conflicts of these identifiers."""
    rows = await connection.fetch(
        f"SELECT {_CONFLICT} FROM conflicts "  # noqa: S608 - a constant
        "WHERE identifier_key = ANY($1::text::uuid[])",
        uuid_array(keys),
    )
    return [CountedConflict(ConflictRow(*row[:7]), row[7]) for row in rows]


async def remove_conflicts(
    connection: Connection, keys: Collection[bytes]
) -> list[CountedConflict]:
    """These identifiers have no conflicts; gives those that they had."""
    rows = await connection.fetch(
        "DELETE FROM conflicts "  # noqa: S608 - a constant
        f"WHERE identifier_key = ANY($1::text::uuid[]) RETURNING {_CONFLICT}",
        uuid_array(keys),
    )
    return [CountedConflict(ConflictRow(*row[:7]), row[7]) for row in rows]


async def add_conflicts(connection: Connection, rows: Sequence[ConflictRow]) -> None:
    """Conflicts that are not stored yet."""
    if rows:
        await connection.copy_records_to_table(
            "conflicts",
            records=rows,
            columns=(
                "identifier_key",
                "from_customer_id",
                "to_customer_id",
                "reason",
                "count",
                "first_at",
                "last_at",
            ),
        )


async def redirect_customers(
    connection: Connection, targets: Sequence[tuple[bytes, bytes | None]]
) -> None:
    """Each id means the other customer from now on, or, given None, one of its own again."""
    await connection.execute(
        """
        UPDATE customers AS c SET merged_into = n.into_id
        FROM unnest($1::uuid[], $2::uuid[]) AS n (id, into_id) WHERE c.customer_id = n.id
        """,
        [customer_id for customer_id, _ in targets],
        [into for _, into in targets],
    )


async def close_customers(connection: Connection, gone: Sequence[bytes]) -> None:
    """Customers merged away have no present history and nothing to come."""
    await connection.execute(
        """
        WITH closed AS (
          UPDATE stage_history SET superseded_at = now()
          WHERE customer_id = ANY($1::uuid[]) AND superseded_at IS NULL
        )
        DELETE FROM timers WHERE customer_id = ANY($1::uuid[])
        """,
        gone,
    )


async def hand_over_signals(connection: Connection, moves: Sequence[tuple[bytes, bytes]]) -> None:
    """(signal_id, customer_id): the signal is that customer's, raised as whoever it was first."""
    await connection.execute(
        """
        UPDATE signals AS s SET customer_id = n.customer_id, written_by = DEFAULT, raised_as =
          CASE WHEN s.published
            THEN nullif(coalesce(s.raised_as, s.customer_id), n.customer_id) END
        FROM unnest($1::uuid[], $2::uuid[]) AS n (signal_id, customer_id)
        WHERE s.signal_id = n.signal_id
        """,
        [signal_id for signal_id, _ in moves],
        [customer_id for _, customer_id in moves],
    )
