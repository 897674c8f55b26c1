"""Every SQL read for the export of a person: whole rows, in the order in which they came."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, LargeBinary, Uuid, bindparam, text

from services.journey_state.database import Connection
from services.journey_state.store.stretches import CHECKPOINT_IN_STRETCH, stretches

_OF_CUSTOMERS = {
    "identifiers": """
        SELECT kind, value, since, moves, shared, unlinked FROM identifiers
        WHERE customer_id = ANY(:owners) ORDER BY since, kind, value
    """,
    "ownership": """
        SELECT i.kind, i.value, p.from_at, p.from_message_id, p.from_source, p.customer_id
        FROM ownership_periods p LEFT JOIN identifiers i USING (identifier_key)
        WHERE p.identifier_key IN
          (SELECT identifier_key FROM ownership_periods WHERE customer_id = ANY(:owners))
          AND p.customer_id = ANY(:owners)
        ORDER BY p.from_at, p.from_message_id, p.from_source
    """,
    "stage_history": """
        SELECT h.previous, h.stage, h.entered_at, h.direction, h.rule, h.message_id, h.event,
          h.channel, h.source, h.cause_kind, d.version AS definition, h.ce_id, h.recorded_at,
          h.superseded_at
        FROM stage_history h LEFT JOIN definitions d USING (definition_id)
        WHERE h.customer_id = ANY(:owners) ORDER BY h.history_id
    """,
    "signals": """
        SELECT signal_id, customer_id, rule, scope, due_at, state, published, suppressed, revision,
          raised_at, reminded, raised_as, payload, recorded_at, updated_at
        FROM signals WHERE customer_id = ANY(:owners) ORDER BY due_at, signal_id
    """,
    "conflicts": """
        SELECT i.kind, i.value, c.from_customer_id, c.to_customer_id, c.reason, c.count,
          c.first_at, c.last_at
        FROM conflicts c LEFT JOIN identifiers i USING (identifier_key)
        WHERE c.from_customer_id = ANY(:owners) OR c.to_customer_id = ANY(:owners)
        ORDER BY c.first_at, c.reason
    """,
    "operator_links": """
        SELECT at, a_kind, a_value, b_kind, b_value FROM operator_links
        WHERE a_key IN (SELECT identifier_key FROM identifiers WHERE customer_id = ANY(:owners))
          OR b_key IN (SELECT identifier_key FROM identifiers WHERE customer_id = ANY(:owners))
        ORDER BY link_id
    """,
    "timers": "SELECT wake_at FROM timers WHERE customer_id = ANY(:owners)",
    "queued_messages": """
        SELECT ce_id, ce_type, version, created_at, value FROM outbox
        WHERE customer_id = ANY(:owners) ORDER BY outbox_id
    """,
}

_LETTERS = text(
    """
    SELECT topic, partition, record_offset, key, value, reason, message, status, recorded_at
    FROM dead_letters AS d WHERE EXISTS (
      SELECT 1 FROM unnest(:texts) AS text
      WHERE position(text IN coalesce(d.value, '')) > 0
        OR position(text IN coalesce(d.key, '')) > 0)
    ORDER BY dead_letter_id
    """
).bindparams(bindparam("texts", type_=ARRAY(LargeBinary)))

# A device that others had before or after leads only to what is this person's.
_CHECKPOINTS = text(
    f"""
    WITH {stretches(":owners")}
    SELECT c.cut_at, c.body FROM checkpoints AS c JOIN stretch AS s ON {CHECKPOINT_IN_STRETCH}
    ORDER BY c.cut_at, c.identifier_key
    """  # noqa: S608 - constants
).bindparams(bindparam("owners", type_=ARRAY(Uuid)))

_CANCELLED = text(
    """
    SELECT rule, scope, source, message_id, cancelled_at FROM cancelled_deadlines
    WHERE cancellation_key = ANY(:keys) ORDER BY cancelled_at
    """
).bindparams(bindparam("keys", type_=ARRAY(Uuid)))

Row = dict[str, Any]


async def rows_of(connection: Connection, customer_ids: Sequence[UUID]) -> Mapping[str, list[Row]]:
    """What each table holds of the customer, given with those merged into it."""
    found = {}
    for name, statement in _OF_CUSTOMERS.items():
        query = text(statement).bindparams(bindparam("owners", type_=ARRAY(Uuid)))
        found[name] = _rows(await connection.execute(query, {"owners": list(customer_ids)}))
    return found


async def letters(connection: Connection, texts: Sequence[bytes]) -> list[Row]:
    """Dead letters in whose bytes any of these stands, as part of a word or not."""
    return _rows(await connection.execute(_LETTERS, {"texts": list(texts)}))


async def cancelled(connection: Connection, keys: Sequence[UUID]) -> list[Row]:
    """The cancelled deadlines with these keys."""
    return _rows(await connection.execute(_CANCELLED, {"keys": list(keys)}))


async def checkpoints(connection: Connection, customer_ids: Sequence[UUID]) -> list[Row]:
    """What retention left of the customer's past: (cut_at, body), those merged into it too."""
    return _rows(await connection.execute(_CHECKPOINTS, {"owners": list(customer_ids)}))


def _rows(result: Any) -> list[Row]:
    return [dict(row) for row in result.mappings()]
