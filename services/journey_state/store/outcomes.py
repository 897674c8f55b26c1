"""What was computed: history, signals, timers, outbox, dead letters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from services.journey_state.store.pool import Connection, int_array, uuid_array

RELAY_SHARDS = 16  # rows of `relay_shards`, made by the first migration


class HistoryRow(NamedTuple):
    """One row of the stage history as it is stored."""

    customer_id: bytes
    previous: str
    stage: str
    entered_at: int
    direction: str
    rule: str
    message_id: str
    event: str
    channel: str
    source: str
    cause_kind: str
    definition_id: int
    ce_id: bytes | None
    historical: bool


class SignalRow(NamedTuple):
    """One signal, by its id."""

    signal_id: bytes
    customer_id: bytes
    rule: str
    scope: str | None
    due_at: int
    state: str
    published: bool
    suppressed: str | None
    revision: int
    raised_at: int
    reminded: int
    raised_as: bytes | None
    definition_id: int
    payload: str  # JSON


class OutboxRow(NamedTuple):
    """One message on its way to a topic."""

    shard: int
    customer_id: bytes
    topic: int
    version: int
    ce_id: bytes
    ce_type: str
    value: bytes | None
    created_at: int


def _columns(rows: Sequence[tuple[Any, ...]]) -> list[list[Any]]:
    return [list(column) for column in zip(*rows, strict=True)]


async def add_history(connection: Connection, rows: Sequence[HistoryRow]) -> None:
    """Append rows to the stage history."""
    await connection.copy_records_to_table(
        "stage_history", records=rows, columns=HistoryRow._fields
    )


async def read_history(
    connection: Connection, customer_ids: Sequence[bytes]
) -> list[tuple[int, HistoryRow]]:
    """The present history rows with their ids, in the order."""
    rows = await connection.fetch(
        """
        SELECT history_id, customer_id, previous, stage, entered_at, direction, rule, message_id,
          event, channel, source, cause_kind, definition_id, ce_id,
          coalesce(historical, cause_kind = 'import')
        FROM stage_history
        WHERE customer_id = ANY($1::uuid[]) AND superseded_at IS NULL
        ORDER BY entered_at, message_id, source
        """,
        customer_ids,
    )
    return [(row[0], HistoryRow(*row[1:])) for row in rows]


async def supersede_history(connection: Connection, history_ids: Sequence[int]) -> None:
    """These rows are no longer the present history; they stay as what was known."""
    await connection.execute(
        "UPDATE stage_history SET superseded_at = now() WHERE history_id = ANY($1::bigint[])",
        history_ids,
    )


async def save_signals(connection: Connection, rows: Sequence[SignalRow]) -> None:
    """Insert or update signals, one row each by the unique key."""
    await connection.execute(
        """
        INSERT INTO signals (signal_id, customer_id, rule, scope, due_at, state, published,
          suppressed, revision, raised_at, reminded, raised_as, definition_id, payload)
        SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::timestamptz[],
          $6::text[], $7::bool[], $8::text[], $9::int[], $10::timestamptz[], $11::smallint[],
          $12::uuid[], $13::smallint[], $14::jsonb[])
        ON CONFLICT (signal_id) DO UPDATE
        SET customer_id = excluded.customer_id, state = excluded.state,
          published = excluded.published, suppressed = excluded.suppressed,
          revision = excluded.revision, raised_at = excluded.raised_at,
          reminded = excluded.reminded, raised_as = excluded.raised_as,
          payload = excluded.payload, updated_at = now(), written_by = excluded.written_by
        """,
        *_columns(rows),
    )


async def read_signals(connection: Connection, customer_ids: Sequence[bytes]) -> list[SignalRow]:
    """Every signal of the customers, retracted ones too."""
    rows = await connection.fetch(
        """
        SELECT signal_id, customer_id, rule, scope, due_at, state, published, suppressed,
          revision, raised_at, reminded, raised_as, definition_id, payload
        FROM signals WHERE customer_id = ANY($1::uuid[]) ORDER BY due_at, rule, scope
        """,
        customer_ids,
    )
    return [SignalRow(*row) for row in rows]


async def wake_earlier(connection: Connection, wakes: Sequence[tuple[bytes, int]]) -> None:
    """Have a look at each customer no later than when W reaches the given instant."""
    ordered = sorted(wakes)
    await connection.execute(
        """
        INSERT INTO timers AS t (customer_id, wake_at)
        SELECT customer_id, timestamptz 'epoch' + wake * interval '1 microsecond'
        FROM unnest($1::text::uuid[], $2::text::bigint[]) AS n (customer_id, wake)
        ON CONFLICT (customer_id) DO UPDATE SET wake_at = excluded.wake_at
        """,
        uuid_array(w[0] for w in ordered),
        int_array(w[1] for w in ordered),
    )


async def stop_timers(connection: Connection, customer_ids: Sequence[bytes]) -> None:
    """Nothing more is to come for these customers."""
    await connection.execute(
        "DELETE FROM timers WHERE customer_id = ANY($1::uuid[])", sorted(customer_ids)
    )


async def stop_lost_timers(connection: Connection, customer_ids: Sequence[bytes]) -> None:
    """Those of these that are no customers, whose rows were lost, keep nobody waiting."""
    await connection.execute(
        """
        DELETE FROM timers AS t WHERE customer_id = ANY($1::uuid[])
          AND NOT EXISTS (SELECT FROM customers AS c WHERE c.customer_id = t.customer_id)
        """,
        sorted(customer_ids),
    )


async def due_customers(connection: Connection, watermark: int, limit: int) -> list[bytes]:
    """Customers to look at now that W has come this far, the longest waiting first."""
    rows = await connection.fetch(
        "SELECT customer_id FROM timers WHERE wake_at <= $1 ORDER BY wake_at LIMIT $2",
        watermark,
        limit,
    )
    return [row[0] for row in rows]


async def add_to_outbox(connection: Connection, rows: Sequence[OutboxRow]) -> None:
    """Queue messages; their order here is their order per customer on the topics."""
    await connection.copy_records_to_table("outbox", records=rows, columns=OutboxRow._fields)


async def claim_shard(connection: Connection, shard: int) -> bool:
    """Whether this transaction holds the shard: one relay at a time, freed by commit or death."""
    row = await connection.fetchrow(
        "SELECT 1 FROM relay_shards WHERE shard = $1 FOR UPDATE SKIP LOCKED", shard
    )
    return row is not None


async def waiting_shards(connection: Connection) -> list[int]:
    """The shards that hold messages, the longest waiting first."""
    rows = await connection.fetch("SELECT shard FROM outbox GROUP BY shard ORDER BY min(outbox_id)")
    return [row[0] for row in rows]


async def read_outbox(
    connection: Connection, shard: int, limit: int
) -> list[tuple[int, OutboxRow]]:
    """The oldest messages of a shard with their ids."""
    rows = await connection.fetch(
        """
        SELECT outbox_id, shard, customer_id, topic, version, ce_id, ce_type, value, created_at
        FROM outbox
        WHERE shard = $1 ORDER BY outbox_id LIMIT $2
        """,
        shard,
        limit,
    )
    return [(row[0], OutboxRow(*row[1:])) for row in rows]


async def next_in_outbox(
    connection: Connection, after: int, limit: int
) -> list[tuple[int, OutboxRow]]:
    """The oldest messages behind this id, of whatever shard, with their ids."""
    rows = await connection.fetch(
        """
        SELECT outbox_id, shard, customer_id, topic, version, ce_id, ce_type, value, created_at
        FROM outbox WHERE outbox_id > $1 ORDER BY outbox_id LIMIT $2
        """,
        after,
        limit,
    )
    return [(row[0], OutboxRow(*row[1:])) for row in rows]


async def remove_from_outbox(connection: Connection, outbox_ids: Sequence[int]) -> None:
    """These messages are on their topics, acknowledged."""
    await connection.execute(
        "DELETE FROM outbox WHERE outbox_id = ANY($1::text::bigint[])", int_array(outbox_ids)
    )
