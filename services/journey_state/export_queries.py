"""Every SQL read for the export of a person: whole rows, in the order in which they came."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, DateTime, LargeBinary, Uuid, bindparam, text

from services.contracts.times import from_datetime, to_datetime
from services.journey_state.database import Connection
from services.journey_state.store.stretches import (
    CHECKPOINT_IN_STRETCH,
    owned,
    stretches,
    touchpoints_in_stretches,
)
from services.journey_state.touchpoint import Place

TOUCHPOINTS_TOPIC = 4  # publication.TopicCode.TOUCHPOINTS

# `alone`: nobody else owns or owned it. Of others' identifiers only what says something of theirs.
_THEIRS = f"""
    theirs AS (
      SELECT o.identifier_key, o.kind, o.value, NOT EXISTS
        (SELECT 1 FROM ownership_periods AS p WHERE p.identifier_key = o.identifier_key
         AND p.customer_id <> ALL(:owners)) AS alone
      FROM ({owned(":owners")}) AS o
    )
"""  # noqa: S608 - constants

_OF_CUSTOMERS = {
    "customers": """
        SELECT c.customer_id, c.merged_into, c.created_at, d.version AS definition, c.state
        FROM customers c LEFT JOIN definitions d USING (definition_id)
        WHERE c.customer_id = ANY(:owners) ORDER BY c.created_at, c.customer_id
    """,
    "identifiers": f"""
        WITH {_THEIRS}
        SELECT i.kind, i.value, i.since, i.moves, i.shared, i.unlinked, i.named
        FROM identifiers i JOIN theirs USING (identifier_key)
        WHERE i.customer_id = ANY(:owners) OR i.customer_id IS NULL
        ORDER BY i.since, i.kind, i.value
    """,  # noqa: S608 - constants
    "identifier_links": f"""
        WITH {_THEIRS}
        SELECT a.kind, a.value, l.kind AS linked_kind, b.value AS linked_value
        FROM identifier_links AS n JOIN theirs AS a USING (identifier_key)
          JOIN identifiers AS l ON l.identifier_key = n.linked_key
          LEFT JOIN theirs AS b ON b.identifier_key = n.linked_key
        WHERE a.alone OR b.alone ORDER BY a.kind, a.value, l.kind, l.value
    """,  # noqa: S608 - constants
    "ownership": """
        SELECT i.kind, i.value, p.from_at, p.from_message_id, p.from_source, p.customer_id
        FROM ownership_periods p LEFT JOIN identifiers i USING (identifier_key)
        WHERE p.customer_id = ANY(:owners)
        ORDER BY p.from_at, p.from_message_id, p.from_source
    """,
    "stage_history": """
        SELECT h.customer_id, h.previous, h.stage, h.entered_at, h.direction, h.rule, h.message_id,
          h.event, h.channel, h.source, h.cause_kind, d.version AS definition, h.ce_id,
          h.recorded_at, h.superseded_at
        FROM stage_history h LEFT JOIN definitions d USING (definition_id)
        WHERE h.customer_id = ANY(:owners) ORDER BY h.history_id
    """,
    "signals": """
        SELECT s.signal_id, s.customer_id, s.rule, s.scope, s.due_at, s.state, s.published,
          s.suppressed, s.revision, s.raised_at, s.reminded, s.raised_as, d.version AS definition,
          s.payload, s.recorded_at, s.updated_at
        FROM signals s LEFT JOIN definitions d USING (definition_id)
        WHERE s.customer_id = ANY(:owners) ORDER BY s.due_at, s.signal_id
    """,
    "conflicts": f"""
        WITH {_THEIRS}
        SELECT i.kind, i.value, c.from_customer_id, c.to_customer_id, c.reason, c.count,
          c.first_at, c.last_at
        FROM conflicts c LEFT JOIN identifiers i USING (identifier_key)
        WHERE c.from_customer_id = ANY(:owners) OR c.to_customer_id = ANY(:owners)
          OR c.identifier_key IN (SELECT identifier_key FROM theirs WHERE alone)
        ORDER BY c.first_at, c.reason
    """,  # noqa: S608 - constants
    # What an operator did to a shared one is others' business, unless it names theirs too.
    "operator_links": f"""
        WITH {_THEIRS}
        SELECT o.at, o.a_kind, o.a_value, o.b_kind, o.b_value FROM operator_links AS o
        LEFT JOIN theirs AS a ON a.identifier_key = o.a_key
        LEFT JOIN theirs AS b ON b.identifier_key = o.b_key
        WHERE a.alone OR b.alone OR (a.kind IS NOT NULL AND o.b_key IS NULL)
        ORDER BY o.link_id
    """,  # noqa: S608 - constants
    "intermediate_checkpoints": """
        SELECT customer_id, at, message_id, source, body FROM intermediate_checkpoints
        WHERE customer_id = ANY(:owners) ORDER BY customer_id, at, message_id, source
    """,
    "timers": "SELECT customer_id, wake_at FROM timers WHERE customer_id = ANY(:owners)",
    "queued_messages": """
        SELECT customer_id, ce_id, ce_type, version, created_at, value FROM outbox
        WHERE customer_id = ANY(:owners) ORDER BY outbox_id
    """,
}

_ALONE = f"WITH {_THEIRS} SELECT kind, value FROM theirs WHERE alone"  # noqa: S608 - constants

_LETTERS = """
    SELECT topic, partition, record_offset, key, value, reason, message, status, recorded_at,
      settled_at
    FROM dead_letters AS d WHERE EXISTS (
      SELECT 1 FROM unnest(:texts) AS text
      WHERE position(text IN coalesce(d.value, '')) > 0
        OR position(text IN coalesce(d.key, '')) > 0
        OR position(text IN convert_to(d.message, 'UTF8')) > 0)
    ORDER BY dead_letter_id
"""
_RETURNING = f"""
    SELECT ce_id, created_at, value FROM outbox AS o
    WHERE topic = {TOUCHPOINTS_TOPIC} AND EXISTS
      (SELECT 1 FROM unnest(:texts) AS text WHERE position(text IN o.value) > 0)
    ORDER BY outbox_id
"""  # noqa: S608 - constants

# A device that others had before or after leads only to what is this person's.
_CHECKPOINTS = f"""
    WITH {stretches(":owners")}
    SELECT c.cut_at, c.body FROM checkpoints AS c JOIN stretch AS s ON {CHECKPOINT_IN_STRETCH}
    ORDER BY c.cut_at, c.identifier_key
"""  # noqa: S608 - constants
_REMEMBERED = f"""
    WITH {stretches(":owners")}
    SELECT d.message_key, i.kind, i.value, d.received_at, d.occurred_at
    FROM dedupe AS d JOIN stretch AS s ON d.identifier_key = s.identifier_key
      AND d.occurred_at >= s.from_at AND (s.to_at IS NULL OR d.occurred_at < s.to_at)
    LEFT JOIN identifiers AS i ON i.identifier_key = d.identifier_key
    WHERE d.occurred_at < (SELECT declared_at FROM timeline_cut)
    ORDER BY d.occurred_at, d.message_key
"""  # noqa: S608 - constants

_CANCELLED = """
    SELECT rule, scope, source, message_id, cancelled_at, settled_at FROM cancelled_deadlines
    WHERE cancellation_key = ANY(:keys) OR message_key = ANY(:messages) ORDER BY cancelled_at
"""

_TIMELINE = touchpoints_in_stretches(
    ":owners", "t.occurred_at, t.message_id, t.source, t.too_late, t.body"
)

Row = dict[str, Any]


class Kept(NamedTuple):
    """A touchpoint as it came, and where it stands: one that was too late, at the cut."""

    place: Place
    too_late: bool
    body: bytes

    @property
    def message_id(self) -> str:
        return self.place[1]

    @property
    def source(self) -> str:
        return self.place[2]


_TYPES: Mapping[str, Any] = {
    "owners": ARRAY(Uuid),
    "keys": ARRAY(Uuid),
    "messages": ARRAY(Uuid),
    "texts": ARRAY(LargeBinary),
    "after": DateTime(timezone=True),
    "limit": BigInteger,
}


async def rows_of(connection: Connection, customer_ids: Sequence[UUID]) -> dict[str, list[Row]]:
    """What each table holds of the customer, given with those merged into it."""
    owners = list(customer_ids)
    return {
        name: await _read(connection, statement, owners=owners)
        for name, statement in _OF_CUSTOMERS.items()
    }


async def alone(connection: Connection, customer_ids: Sequence[UUID]) -> list[tuple[str, str]]:
    """The identifiers that nobody else owns or owned."""
    rows = await _read(connection, _ALONE, owners=list(customer_ids))
    return [(row["kind"], row["value"]) for row in rows]


async def letters(connection: Connection, texts: Sequence[bytes]) -> list[Row]:
    """Dead letters in whose bytes any of these stands, as part of a word or not."""
    return await _read(connection, _LETTERS, texts=list(texts))


async def returning(connection: Connection, texts: Sequence[bytes]) -> list[Row]:
    """The same of dead letters that are on their way back to their topic."""
    return await _read(connection, _RETURNING, texts=list(texts))


async def cancelled(
    connection: Connection, keys: Sequence[UUID], message_keys: Sequence[UUID]
) -> list[Row]:
    """The cancelled deadlines with these keys, and those whose last activity is one of these."""
    return await _read(connection, _CANCELLED, keys=list(keys), messages=list(message_keys))


async def checkpoints(connection: Connection, customer_ids: Sequence[UUID]) -> list[Row]:
    """What retention left of the customer's past: (cut_at, body), those merged into it too."""
    return await _read(connection, _CHECKPOINTS, owners=list(customer_ids))


async def remembered(connection: Connection, customer_ids: Sequence[UUID]) -> list[Row]:
    """What is remembered of messages whose touchpoints retention has cut."""
    if not await _read(connection, "SELECT 1 FROM timeline_cut WHERE declared_at IS NOT NULL"):
        return []  # the query reads all that is remembered of anybody
    return await _read(connection, _REMEMBERED, owners=list(customer_ids))


async def touchpoints(
    connection: Connection, customer_ids: Sequence[UUID], *, after: Place | None, limit: int
) -> list[Kept]:
    """The customer's touchpoints in the order, from behind a place, those too late at the cut."""
    at, message_id, source = after or (0, "", "")
    rows = await _read(
        connection,
        _TIMELINE,
        owners=list(customer_ids),
        after=None if after is None else to_datetime(at),
        message_id=message_id,
        source=source,
        limit=limit,
    )
    return [
        Kept(
            (from_datetime(row["occurred_at"]), row["message_id"], row["source"]),
            row["too_late"],
            row["body"],
        )
        for row in rows
    ]


async def _read(connection: Connection, statement: str, **values: Any) -> list[Row]:
    types = [bindparam(name, type_=_TYPES[name]) for name in values if name in _TYPES]
    result = await connection.execute(text(statement).bindparams(*types), values)
    return [dict(row) for row in result.mappings()]
