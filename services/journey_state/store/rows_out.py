"""Whole tables read in batches, for files of them: touchpoints, stage changes, signals."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any, NamedTuple

from services.journey_state.store.pool import Connection

BATCH_ROWS = 1000
# Of one batch: the first comes once PostgreSQL has met so many that fit.
BATCH_SECONDS_MAX = 3600

Row = tuple[Any, ...]


class Span(NamedTuple):
    """From an instant, included, to another, excluded; microseconds."""

    since: int
    before: int


# An identifier that moved belongs to whom it belonged at the touchpoint's place.
_TIMELINE = """
    SELECT coalesce(c.merged_into, o.customer_id), t.occurred_at, t.received_at, t.recorded_at,
      t.message_id, t.source, t.channel, t.event, t.too_late, t.body
    FROM timeline AS t
    LEFT JOIN identifiers AS i ON i.identifier_key = t.identifier_key
    LEFT JOIN LATERAL (
      SELECT p.customer_id FROM ownership_periods AS p
      WHERE p.identifier_key = t.identifier_key
        AND (p.from_at, p.from_message_id, p.from_source)
          <= (t.occurred_at, t.message_id COLLATE "C", t.source COLLATE "C")
      ORDER BY p.from_at DESC, p.from_message_id DESC, p.from_source DESC LIMIT 1
    ) AS p ON true
    CROSS JOIN LATERAL (SELECT coalesce(p.customer_id, i.customer_id) AS customer_id) AS o
    LEFT JOIN customers AS c ON c.customer_id = o.customer_id
    WHERE t.occurred_at >= $1 AND t.occurred_at < $2
"""
_TRANSITIONS = """
    SELECT coalesce(c.merged_into, h.customer_id), h.entered_at, h.previous, h.stage, h.direction,
      h.cause_kind, h.rule, h.event, h.channel, h.source, h.message_id, d.journey, d.version,
      h.historical, h.recorded_at
    FROM stage_history AS h
    LEFT JOIN customers AS c ON c.customer_id = h.customer_id
    LEFT JOIN definitions AS d ON d.definition_id = h.definition_id
    WHERE h.superseded_at IS NULL AND h.entered_at >= $1 AND h.entered_at < $2
"""
_SIGNALS = """
    SELECT s.signal_id, coalesce(c.merged_into, s.customer_id), s.rule, s.scope, s.state,
      s.published, s.suppressed, s.revision, s.due_at, s.raised_at, s.reminded, d.journey,
      d.version, s.recorded_at, s.updated_at, s.payload
    FROM signals AS s
    LEFT JOIN customers AS c ON c.customer_id = s.customer_id
    LEFT JOIN definitions AS d ON d.definition_id = s.definition_id
    WHERE s.due_at >= $1 AND s.due_at < $2
"""


def timeline(connection: Connection, span: Span) -> AsyncIterator[list[Row]]:
    """Touchpoints that occurred in the span, in no order, with the customer whose they are."""
    return _batches(connection, _TIMELINE, span)


def transitions(connection: Connection, span: Span) -> AsyncIterator[list[Row]]:
    """Stage changes in force that were entered in the span, in no order."""
    return _batches(connection, _TRANSITIONS, span)


def signals(connection: Connection, span: Span) -> AsyncIterator[list[Row]]:
    """Signals due in the span, in no order."""
    return _batches(connection, _SIGNALS, span)


async def _batches(connection: Connection, statement: str, span: Span) -> AsyncIterator[list[Row]]:
    await connection.execute(f"SET LOCAL statement_timeout = '{BATCH_SECONDS_MAX}s'")
    # All rows are read: the plan is to be the one that ends first, not the one that begins first.
    await connection.execute("SET LOCAL cursor_tuple_fraction = 1")
    cursor = await connection.cursor(statement, *span, timeout=BATCH_SECONDS_MAX)
    while rows := await cursor.fetch(BATCH_ROWS, timeout=BATCH_SECONDS_MAX):
        yield rows
