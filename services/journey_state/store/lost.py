"""Rows that were lost: who is missing, and what other tables still say of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from services.journey_state.store.pool import Connection, uuid_array
from services.journey_state.touchpoint import Place


class LostCustomer(NamedTuple):
    """A row to be put back: its state, and whom the id means, None: itself."""

    customer_id: bytes
    state: bytes
    merged_into: bytes | None


class SignalOf(NamedTuple):
    """A signal as its newest record tells it."""

    signal_id: bytes
    customer_id: bytes
    rule: str
    scope: str | None
    due_at: int
    state: str
    revision: int
    raised_at: int
    reminded: int
    raised_as: bytes | None
    version: str  # of the definition
    payload: str  # JSON
    recover_until: int

    def at(self, watermark: int) -> SignalOf:
        """What it is by then: that its window is over has no record of its own."""
        over = self.state == "raised" and self.recover_until <= watermark
        return self._replace(state="expired") if over else self


async def named_without_row(connection: Connection) -> list[bytes]:
    """Customers that some table knows and `customers` does not; whoever was erased is none."""
    rows = await connection.fetch(
        """
        SELECT customer_id FROM (
          SELECT customer_id FROM identifiers WHERE customer_id IS NOT NULL
          UNION SELECT customer_id FROM ownership_periods
          UNION SELECT customer_id FROM stage_history
          UNION SELECT customer_id FROM signals
          UNION SELECT raised_as FROM signals WHERE raised_as IS NOT NULL
          UNION SELECT from_customer_id FROM conflicts
          UNION SELECT to_customer_id FROM conflicts
          UNION SELECT merged_into FROM customers WHERE merged_into IS NOT NULL
        ) AS n
        WHERE NOT EXISTS (SELECT FROM customers AS c WHERE c.customer_id = n.customer_id)
          AND NOT EXISTS (SELECT FROM erasures AS e WHERE e.customer_id = n.customer_id)
        """
    )
    return [row[0] for row in rows]


async def without_row(connection: Connection, customer_ids: Sequence[bytes]) -> list[bytes]:
    """Those that are no customers and were not erased."""
    rows = await connection.fetch(
        """
        SELECT n.id FROM unnest($1::text::uuid[]) AS n (id)
        WHERE NOT EXISTS (SELECT FROM customers AS c WHERE c.customer_id = n.id)
          AND NOT EXISTS (SELECT FROM erasures AS e WHERE e.customer_id = n.id)
        """,
        uuid_array(customer_ids),
    )
    return [row[0] for row in rows]


async def owned_by(
    connection: Connection, customer_ids: Sequence[bytes]
) -> list[tuple[bytes, str, str, int]]:
    """(customer_id, kind, value, since) of what these own at present."""
    rows = await connection.fetch(
        """
        SELECT customer_id, kind, value, since FROM identifiers
        WHERE customer_id = ANY($1::text::uuid[]) ORDER BY customer_id, since, kind, value
        """,
        uuid_array(customer_ids),
    )
    return [tuple(row) for row in rows]


async def first_entries(
    connection: Connection, customer_ids: Sequence[bytes]
) -> list[tuple[bytes, Place, bytes | None]]:
    """Of each that ever had a stage the first touchpoint that gave it one, and what that is
    stored under."""
    rows = await connection.fetch(
        """
        SELECT h.customer_id, h.entered_at, h.message_id, h.source, t.identifier_key
        FROM (
          SELECT DISTINCT ON (customer_id) customer_id, entered_at, message_id, source
          FROM stage_history WHERE customer_id = ANY($1::text::uuid[])
          ORDER BY customer_id, entered_at, message_id, source
        ) AS h LEFT JOIN timeline AS t ON t.occurred_at = h.entered_at
          AND t.message_id = h.message_id AND t.source = h.source
        """,
        uuid_array(customer_ids),
    )
    return [(row[0], (row[1], row[2], row[3]), row[4]) for row in rows]


async def put_back_customers(
    connection: Connection, definition_id: int, rows: Sequence[LostCustomer]
) -> int:
    """These are customers again, unless they are; gives how many were put back."""
    stored = await connection.fetch(
        """
        INSERT INTO customers (customer_id, definition_id, state, merged_into)
        SELECT id, $1, state, into_id
        FROM unnest($2::uuid[], $3::bytea[], $4::uuid[]) AS n (id, state, into_id)
        ON CONFLICT DO NOTHING RETURNING 1
        """,
        definition_id,
        [row.customer_id for row in rows],
        [row.state for row in rows],
        [row.merged_into for row in rows],
    )
    return len(stored)


async def wrongly_merged(connection: Connection) -> list[tuple[bytes, bytes]]:
    """(customer_id, state) of those merged into nobody who is there, or who own something."""
    rows = await connection.fetch(
        """
        SELECT customer_id, state FROM customers AS c WHERE merged_into IS NOT NULL AND (
          NOT EXISTS (SELECT FROM customers AS o
            WHERE o.customer_id = c.merged_into AND o.merged_into IS NULL)
          OR EXISTS (SELECT FROM identifiers AS i WHERE i.customer_id = c.customer_id)
          OR EXISTS (SELECT FROM ownership_periods AS p WHERE p.customer_id = c.customer_id)
        )
        """
    )
    return [(row[0], row[1]) for row in rows]


async def owners_of(connection: Connection, keys: Sequence[bytes]) -> dict[bytes, bytes | None]:
    """Who owns each of these identifiers that are known."""
    rows = await connection.fetch(
        """
        SELECT identifier_key, customer_id FROM identifiers
        WHERE identifier_key = ANY($1::text::uuid[])
        """,
        uuid_array(keys),
    )
    return {row[0]: row[1] for row in rows}


async def link_keys(connection: Connection) -> list[tuple[bytes, bytes | None]]:
    """What operators linked, and, without a second one, unlinked."""
    rows = await connection.fetch("SELECT a_key, b_key FROM operator_links")
    return [(row[0], row[1]) for row in rows]


async def signals_without_row(connection: Connection, signal_ids: Sequence[bytes]) -> list[bytes]:
    """Those that the table has not."""
    rows = await connection.fetch(
        """
        SELECT n.id FROM unnest($1::text::uuid[]) AS n (id)
        WHERE NOT EXISTS (SELECT FROM signals AS s WHERE s.signal_id = n.id)
        """,
        uuid_array(signal_ids),
    )
    return [row[0] for row in rows]


async def put_back_signals(connection: Connection, rows: Sequence[SignalOf]) -> int:
    """These are in the table again; gives how many. Of whoever is no customer there are none."""
    stored = await connection.fetch(
        """
        INSERT INTO signals (signal_id, customer_id, rule, scope, due_at, state, published,
          revision, raised_at, reminded, raised_as, definition_id, payload)
        SELECT n.id, coalesce(c.merged_into, c.customer_id), rule, scope, due_at, n.state, true,
          revision, raised_at, reminded,
          nullif(coalesce(raised_as, c.customer_id), coalesce(c.merged_into, c.customer_id)),
          (SELECT max(d.definition_id) FROM definitions AS d WHERE d.version = n.version), payload
        FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::timestamptz[], $6::text[],
          $7::int[], $8::timestamptz[], $9::smallint[], $10::uuid[], $11::text[], $12::jsonb[])
          AS n (id, owner, rule, scope, due_at, state, revision, raised_at, reminded, raised_as,
            version, payload)
        JOIN customers AS c ON c.customer_id = n.owner
        WHERE n.version IN (SELECT version FROM definitions)
        ON CONFLICT (signal_id) DO NOTHING RETURNING 1
        """,
        *(list(column) for column in list(zip(*rows, strict=True))[:-1]),
    )
    return len(stored)


async def publishers(
    connection: Connection, customer_ids: Sequence[bytes]
) -> dict[bytes, tuple[bool, bool]]:
    """Of whom tables say that stage changes were published, and signals."""
    rows = await connection.fetch(
        """
        SELECT id,
          EXISTS (SELECT FROM stage_history AS h WHERE h.customer_id = id AND ce_id IS NOT NULL),
          EXISTS (SELECT FROM signals AS s WHERE s.customer_id = id AND published)
            OR EXISTS (SELECT FROM signals AS s WHERE s.raised_as = id AND published)
        FROM unnest($1::text::uuid[]) AS n (id)
        """,
        uuid_array(customer_ids),
    )
    return {row[0]: (row[1], row[2]) for row in rows}
