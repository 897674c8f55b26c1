"""What the map costs: `python -m tests.journey_state.map_cost URL`, URL an empty migrated database.

It has 200,000 touchpoints of 20,000 customers in 30 days, with 80,000 stays and 20,000 signals.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable
from functools import partial
from time import perf_counter

import asyncpg

from services.contracts.times import read_time
from services.journey_state import map_queries, trend_queries
from services.journey_state.buckets import bounds
from services.journey_state.database import Connection, Database
from services.journey_state.filters import parse
from services.journey_state.people_queries import Asked

NOW = "2026-11-25T00:00:00Z"
STAGES = ["awareness", "consideration", "purchase", "retention", "advocacy"]
FILTERS: tuple[dict[str, str], ...] = (
    {},
    {"from": "2026-11-18"},
    {"channel": "app"},
    {"campaign": "spring"},
)
BODY = (
    '{"schema":1,"message_id":"m%s","source":"shop","channel":"website","type":"track",'
    '"event":"Product Viewed","occurred_at":"2026-11-21T20:00:00.000Z","received_at":'
    '"2026-11-21T20:00:00.000Z","original_timestamp":null,"sent_at":null,"clock":"ok",'
    '"zone":null,"identifiers":{"user_id":"u1"},"previous_id":null,"group_id":null,'
    '"properties":{"product_id":"p1","price":12.5,"currency":"EUR","name":"Blue mug"},'
    '"traits":{},"context":{"page":{"path":"/product/p1","url":"https://shop.example/p1"},'
    '"campaign":{"name":"spring"},"userAgent":"Mozilla/5.0 (X11; Linux x86_64) Chrome/126"},'
    '"consent":{"analytics":true},"bot":false,"historical":false}'
)
FILL = f"""
INSERT INTO customers (customer_id, definition_id, state)
SELECT md5('c' || n)::uuid, 1, '' FROM generate_series(1, 20000) n;
INSERT INTO identifiers (identifier_key, kind, value, customer_id, since)
SELECT md5('i' || n)::uuid, 'user_id', 'u' || n, md5('c' || n)::uuid, '2026-09-21'
FROM generate_series(1, 20000) n;
INSERT INTO ownership_periods
SELECT md5('i' || n * 100)::uuid, from_at, '', '', md5('c' || n * 100 + moved)::uuid
FROM generate_series(1, 190) n,
  (VALUES (0, '-infinity'::timestamptz), (1, '2026-11-10')) AS p (moved, from_at);
INSERT INTO timeline
SELECT md5('i' || 1 + n % 20000)::uuid, '{NOW}'::timestamptz - n * interval '12.9 s', 'm' || n,
  'shop', '{NOW}', (ARRAY['website', 'app', 'email'])[1 + n % 3],
  (ARRAY['page', 'Product Viewed', 'Product Added', 'Order Completed'])[1 + n % 4],
  convert_to(format('{BODY}', n), 'UTF8') FROM generate_series(1, 200000) n;
INSERT INTO stage_history (customer_id, previous, stage, entered_at, direction, rule, message_id,
  event, channel, source, cause_kind, definition_id)
SELECT md5('c' || 1 + n % 20000)::uuid, 'none',
  (ARRAY['awareness', 'consideration', 'purchase', 'consideration'])[1 + n / 20000],
  '2026-10-26'::timestamptz + n / 20000 * interval '7 days' + n % 20000 * interval '10 s',
  'first', 'r', 'h' || n, 'page', 'website', 'shop', 'touchpoint', 1
FROM generate_series(0, 79999) n;
INSERT INTO signals (signal_id, customer_id, rule, scope, due_at, state, published, revision,
  raised_at, definition_id, payload)
SELECT md5('s' || n)::uuid, md5('c' || n)::uuid, 'cart', '',
  '2026-11-01'::timestamptz + n * interval '90 s',
  (ARRAY['raised', 'recovered', 'expired', 'retracted'])[n % 4 + 1], true, 1, '2026-09-21', 1,
  '{{}}'
FROM generate_series(1, 20000) n;
ANALYZE;
"""


async def measure(url: str) -> None:
    """Fill the database, then print milliseconds per statement, the second time asked."""
    connection = await asyncpg.connect(url)
    await connection.execute(FILL)
    await connection.close()
    database = Database.at(url)
    for said in FILTERS:
        filters = parse(said, read_time(NOW))
        asked = Asked(filters, STAGES, {"Purchase": "Order Completed"})
        counts: dict[str, Callable[[Connection], Awaitable[object]]] = {
            "map": partial(map_queries.figures, asked=asked),
            "trend": partial(trend_queries.moves, asked=asked, bounds=bounds(filters, "day")),
        }
        taken = {}
        for name, count in [*counts.items(), *counts.items()]:
            async with database.reading() as reading:
                began = perf_counter()
                await count(reading)
                taken[name] = round(1000 * (perf_counter() - began))
        print(said, taken)
    await database.close()


if __name__ == "__main__":
    asyncio.run(measure(sys.argv[1]))
