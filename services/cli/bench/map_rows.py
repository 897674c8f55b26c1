"""Touchpoints of a month with the stays and signals they lead to, as rows made by PostgreSQL."""

from __future__ import annotations

import asyncpg

TOUCHPOINTS_PER_CUSTOMER = 10
SESSION_TOUCHPOINTS = 4
DAYS = 30
BATCH_SESSIONS = 25_000

# Sessions follow one another in time; each round of them has every customer once, in an order of
# its own. The body is as long as those of a shop.
_BODY = (
    '{"schema":1,"message_id":"m%s","source":"shop","channel":"website","type":"track","event":'
    '"Product Viewed","occurred_at":"2026-11-21T20:00:00.000Z","received_at":'
    '"2026-11-21T20:00:00.000Z","original_timestamp":null,"sent_at":null,"clock":"ok",'
    '"identifiers":{"user_id":"u%s"},"previous_id":null,"group_id":null,"properties":'
    '{"product_id":"p-104711","name":"Trail shoe","price":89.9,"currency":"EUR","quantity":1},'
    '"traits":{},"context":{"page":{"path":"/product/trail-shoe","referrer":""},"locale":"en-GB",'
    '"campaign":{"name":"autumn"}},"consent":{"analytics":true},"bot":false,"historical":false}'
)
_SESSIONS = """
  SELECT n, n / $3 AS round, 1 + (n * (ARRAY[7919, 104729, 15485863])[1 + n / $3 % 3]) % $3 AS c,
    $4::timestamptz - (($5 - n) * ($6::float8 / $5)) * interval '1 second' AS at
  FROM generate_series($1::bigint, $2::bigint - 1) AS n
"""
_TIMELINE = f"""
INSERT INTO timeline (identifier_key, occurred_at, message_id, source, received_at, channel, event,
  body, facets, campaign)
SELECT md5('i' || c)::uuid, at + k * interval '5 seconds', 'm' || n * 4 + k, 'shop', at,
  (ARRAY['website', 'app', 'email', 'website', 'app', 'chatbot', 'phone'])[1 + n % 7], CASE k
    WHEN 0 THEN 'page'
    WHEN 1 THEN (ARRAY['Product Viewed', 'Products Searched', 'Product List Viewed',
      'Email Link Clicked', 'Live Chat Message Received'])[1 + n % 5]
    WHEN 2 THEN (ARRAY['Product Added', 'Cart Viewed', 'Wishlist Added', 'Coupon Entered',
      'Product Removed', 'Support Requested'])[1 + n % 6]
    ELSE (ARRAY['Order Completed', 'Checkout Started', 'Checkout Step Viewed', 'Payment Failed',
      'Signed Out', 'Product Shared', 'Invite Sent', 'Support Resolved'])[1 + n % 8] END,
  convert_to(format('{_BODY}', n * 4 + k, c), 'UTF8'), 1, 'autumn'
FROM ({_SESSIONS}) AS s, generate_series(0, 3) AS k ORDER BY n, k
"""  # noqa: S608 - constants
# Who comes for the first time becomes aware; then each visit leads to consideration or an order.
_HISTORY = f"""
INSERT INTO stage_history (customer_id, previous, stage, entered_at, direction, rule, message_id,
  event, channel, source, cause_kind, definition_id)
SELECT md5('c' || c)::uuid, 'none', stage, at + k * interval '5 seconds', 'forward', 'r',
  'm' || n * 4 + k, 'page', 'website', 'shop', 'touchpoint', 1
FROM ({_SESSIONS}) AS s CROSS JOIN LATERAL (VALUES
  (0, 'awareness', round = 0), (1, 'consideration', round % 2 = 0),
  (3, CASE WHEN round = 1 THEN 'purchase' ELSE 'retention' END, n % 3 = 0 AND round > 0)
) AS e (k, stage, is_so) WHERE is_so
"""  # noqa: S608 - constants
_SIGNALS = f"""
INSERT INTO signals (signal_id, customer_id, rule, scope, due_at, state, published, revision,
  raised_at, definition_id, payload)
SELECT md5('s' || n)::uuid, md5('c' || c)::uuid, 'cart', '', at + interval '30 minutes',
  (ARRAY['raised', 'recovered', 'expired'])[1 + n % 3], true, 1, at, 1, '{{}}'
FROM ({_SESSIONS}) AS s WHERE n % 8 = 2
"""  # noqa: S608 - constants
_CUSTOMERS = """
INSERT INTO customers (customer_id, definition_id, state)
SELECT md5('c' || n)::uuid, 1, sha256(n::text::bytea) FROM generate_series(1, $1::bigint) AS n
"""
_IDENTIFIERS = """
INSERT INTO identifiers (identifier_key, kind, value, customer_id, since)
SELECT md5('i' || n)::uuid, 'user_id', 'u' || n, md5('c' || n)::uuid, now()
FROM generate_series(1, $1::bigint) AS n
"""


async def fill(url: str, customers: int, now: float) -> int:
    """The month before `now` (seconds since 1970) stands in the database; how many touchpoints.

    Nothing is noted as changed: whoever counts them counts them all.
    """
    connection = await asyncpg.connect(url)
    sessions = customers * TOUCHPOINTS_PER_CUSTOMER // SESSION_TOUCHPOINTS
    try:
        await connection.execute("SET session_replication_role = replica; SET timezone = 'UTC'")
        await connection.execute("SET synchronous_commit = off")
        await _make_month_before(connection, now)
        for statement in (_CUSTOMERS, _IDENTIFIERS):
            await connection.execute(statement, customers)
        at = await connection.fetchval("SELECT to_timestamp($1::float8)", now)
        for first in range(0, sessions, BATCH_SESSIONS):
            last = min(first + BATCH_SESSIONS, sessions)
            given = (first, last, customers, at, sessions, DAYS * 86_400 - 60)
            for statement in (_TIMELINE, _HISTORY, _SIGNALS):
                await connection.execute(statement, *given)
        await connection.execute("VACUUM ANALYZE")
    finally:
        await connection.close()
    return sessions * SESSION_TOUCHPOINTS


async def _make_month_before(connection: asyncpg.Connection, now: float) -> None:
    """A partition of its own for the last month too, as there is in one that has run for long."""
    rows = await connection.fetch(
        """
        SELECT date_trunc('month', to_timestamp($1::float8) - n * interval '30 days') AS month
        FROM generate_series(0, 1) AS n
        """,
        now,
    )
    for month in {row["month"] for row in rows}:
        name = f"timeline_{month:%Y_%m}"
        if not await connection.fetchval("SELECT to_regclass($1)", name):
            await _split_past(connection, name, month.isoformat())


async def _split_past(connection: asyncpg.Connection, name: str, start: str) -> None:
    await connection.execute(
        f"""
        ALTER TABLE timeline DETACH PARTITION timeline_past;
        CREATE TABLE {name} PARTITION OF timeline
          FOR VALUES FROM ('{start}') TO ('{start}'::timestamptz + interval '1 month');
        ALTER TABLE timeline ATTACH PARTITION timeline_past
          FOR VALUES FROM (MINVALUE) TO ('{start}')
        """
    )
