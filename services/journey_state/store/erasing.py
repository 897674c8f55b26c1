"""Every statement that takes a person out of the tables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from services.journey_state.store import links
from services.journey_state.store.people import Period
from services.journey_state.store.pool import Connection, uuid_array
from services.journey_state.store.stretches import CHECKPOINT_IN_STRETCH, owned, stretches

TOUCHPOINTS_TOPIC = 4  # publication.TopicCode.TOUCHPOINTS


class OwnedRow(NamedTuple):
    """An identifier that someone owns, or owned for a while, and its owner now.

    None: nobody does; it was only named, as the previous id of an alias.
    """

    identifier_key: bytes
    kind: str
    value: str
    since: int
    customer_id: bytes | None


class ErasedTouchpoint(NamedTuple):
    """What is known of a touchpoint that was removed, for as long as the transaction lasts."""

    source: str
    message_id: str


class Letter(NamedTuple):
    """A dead letter that may be about someone."""

    dead_letter_id: int
    key: bytes | None
    value: bytes | None
    message: str


async def merged_ids(connection: Connection, customer_id: bytes) -> list[bytes]:
    """The customers that were merged into this one, at whatever remove."""
    rows = await connection.fetch(
        """
        WITH RECURSIVE gone AS (
          SELECT customer_id FROM customers WHERE merged_into = $1
          UNION SELECT c.customer_id FROM customers c JOIN gone g ON c.merged_into = g.customer_id
        )
        SELECT customer_id FROM gone ORDER BY 1
        """,
        customer_id,
    )
    return [row[0] for row in rows]


async def owned_identifiers(connection: Connection, ids: Sequence[bytes]) -> list[OwnedRow]:
    """Everything that these customers own or owned, and what they alone have named."""
    rows = await connection.fetch(owned("$1::uuid[]"), ids)
    return [OwnedRow(*row) for row in rows]


_STRETCHES = stretches("$1::uuid[]")

_ADD_COUNTS = """
    ON CONFLICT (day, what, name, detail) DO UPDATE
    SET count = anonymous_counts.count + excluded.count
"""


async def remove_touchpoints(
    connection: Connection, ids: Sequence[bytes]
) -> list[ErasedTouchpoint]:
    """Their touchpoints leave the timeline; how many there were of what is counted by day."""
    rows = await connection.fetch(
        f"""
        WITH {_STRETCHES}, gone AS (
          DELETE FROM timeline AS t USING stretch AS s
          WHERE t.identifier_key = s.identifier_key AND t.occurred_at >= s.from_at
            AND (t.occurred_at, t.message_id, t.source)
              >= (s.from_at, s.from_message_id COLLATE "C", s.from_source COLLATE "C")
            AND (s.to_at IS NULL OR (t.occurred_at, t.message_id, t.source)
              < (s.to_at, s.to_message_id COLLATE "C", s.to_source COLLATE "C"))
          RETURNING t.source, t.message_id, t.occurred_at, t.channel, t.event
        ), counted AS (
          INSERT INTO anonymous_counts (day, what, name, detail, count)
          SELECT (occurred_at AT TIME ZONE 'UTC')::date, 'touchpoint', event, channel, count(*)
          FROM gone GROUP BY 1, 3, 4 {_ADD_COUNTS}
        )
        SELECT source, message_id FROM gone
        """,  # noqa: S608 - constants
        ids,
    )
    return [ErasedTouchpoint(*row) for row in rows]


async def remembered(connection: Connection, ids: Sequence[bytes], before: int) -> list[bytes]:
    """The message keys of those of their events from before an instant that are remembered.

    It reads the whole window of messages, which has no index by identifier.
    """
    rows = await connection.fetch(
        f"""
        WITH {_STRETCHES}
        SELECT d.message_key FROM dedupe AS d JOIN stretch AS s
          ON d.identifier_key = s.identifier_key AND d.occurred_at >= s.from_at
          AND (s.to_at IS NULL OR d.occurred_at < s.to_at)
        WHERE d.occurred_at < $2
        """,  # noqa: S608 - constants
        ids,
        before,
    )
    return [row[0] for row in rows]


async def remove_checkpoints(connection: Connection, ids: Sequence[bytes]) -> list[bytes]:
    """What is kept of their time before a cut of the timeline goes; gives the bodies."""
    rows = await connection.fetch(
        f"""
        WITH {_STRETCHES}
        DELETE FROM checkpoints AS c USING stretch AS s
        WHERE {CHECKPOINT_IN_STRETCH} RETURNING c.body
        """,  # noqa: S608 - constants
        ids,
    )
    return [row[0] for row in rows]


async def remove_history(
    connection: Connection, ids: Sequence[bytes]
) -> tuple[int, list[ErasedTouchpoint]]:
    """Their stage history goes; the stages entered are counted by day.

    Gives how many rows, and the touchpoints that the present ones were about.
    """
    rows = await connection.fetch(
        f"""
        WITH gone AS (
          DELETE FROM stage_history WHERE customer_id = ANY($1::uuid[])
          RETURNING entered_at, previous, stage, superseded_at, source, message_id
        ), counted AS (
          INSERT INTO anonymous_counts (day, what, name, detail, count)
          SELECT (entered_at AT TIME ZONE 'UTC')::date, 'stage', stage, previous, count(*)
          FROM gone WHERE superseded_at IS NULL GROUP BY 1, 3, 4 {_ADD_COUNTS}
        )
        SELECT source, message_id, superseded_at IS NULL FROM gone
        """,  # noqa: S608 - constants
        ids,
    )
    return len(rows), [ErasedTouchpoint(*row[:2]) for row in rows if row[2]]


async def remove_signals(connection: Connection, ids: Sequence[bytes]) -> list[bytes]:
    """Their signals go, counted by the day of `due`; gives the ids."""
    rows = await connection.fetch(
        f"""
        WITH gone AS (
          DELETE FROM signals WHERE customer_id = ANY($1::uuid[])
          RETURNING signal_id, due_at, rule, state
        ), counted AS (
          INSERT INTO anonymous_counts (day, what, name, detail, count)
          SELECT (due_at AT TIME ZONE 'UTC')::date, 'signal', rule, state, count(*)
          FROM gone GROUP BY 1, 3, 4 {_ADD_COUNTS}
        )
        SELECT signal_id FROM gone
        """,  # noqa: S608 - constants
        ids,
    )
    return [row[0] for row in rows]


_OF_CUSTOMERS = {
    "intermediate_checkpoints": "DELETE FROM intermediate_checkpoints "
    "WHERE customer_id = ANY($1::uuid[])",
    "timers": "DELETE FROM timers WHERE customer_id = ANY($1::uuid[])",
    "queued_messages": "DELETE FROM outbox WHERE customer_id = ANY($1::uuid[])",
    "ownership_periods": "DELETE FROM ownership_periods WHERE customer_id = ANY($1::uuid[])",
    "customers": "DELETE FROM customers WHERE customer_id = ANY($1::uuid[])",
}


async def remove_rows(
    connection: Connection,
    ids: Sequence[bytes],
    keys: Sequence[bytes],
    message_keys: Sequence[bytes],
    cancellations: Sequence[bytes],
) -> dict[str, int]:
    """Everything else of the customers, their identifiers and their messages; how many rows.

    `cancellations`: the keys of deadlines of theirs that may have been cancelled.
    """
    conflicts = await connection.execute(
        """
        DELETE FROM conflicts WHERE identifier_key = ANY($2::uuid[])
          OR from_customer_id = ANY($1::uuid[]) OR to_customer_id = ANY($1::uuid[])
        """,
        ids,
        keys,
    )
    removed = {"conflicts": _count(conflicts)}
    remembered = await connection.execute(
        "DELETE FROM dedupe WHERE message_key = ANY($1::text::uuid[])", uuid_array(message_keys)
    )
    removed["remembered_messages"] = _count(remembered)
    cancelled = await connection.execute(
        """
        DELETE FROM cancelled_deadlines
        WHERE message_key = ANY($1::text::uuid[]) OR cancellation_key = ANY($2::text::uuid[])
        """,
        uuid_array(message_keys),
        uuid_array(cancellations),
    )
    removed["cancelled_deadlines"] = _count(cancelled)
    for name, statement in _OF_CUSTOMERS.items():
        removed[name] = _count(await connection.execute(statement, ids))
    await links.forget_links(connection, keys)
    identifiers = await connection.execute(
        "DELETE FROM identifiers WHERE identifier_key = ANY($1::uuid[])", keys
    )
    return removed | {"identifiers": _count(identifiers)}


async def keep_periods(
    connection: Connection, key: bytes, periods: Sequence[Period], *, moves_max: int
) -> None:
    """A shared identifier has had these owners, the last of them now, and no other."""
    moves = len(periods) - 1
    await connection.execute("DELETE FROM ownership_periods WHERE identifier_key = $1", key)
    if moves:
        await connection.executemany(
            """
            INSERT INTO ownership_periods
              (identifier_key, from_at, from_message_id, from_source, customer_id)
            VALUES ($1, $2, $3, $4, $5)
            """,
            [(key, *period.start, period.customer_id) for period in periods],
        )
    await connection.execute(
        """
        UPDATE identifiers SET customer_id = $2, moves = $3, shared = $4
        WHERE identifier_key = $1
        """,
        key,
        periods[-1].customer_id,
        moves,
        moves >= moves_max,
    )


async def letters_holding(connection: Connection, texts: Sequence[bytes]) -> list[Letter]:
    """The dead letters in whose bytes any of these stands, as part of a word or not."""
    rows = await connection.fetch(
        """
        SELECT dead_letter_id, key, value, message FROM dead_letters AS d WHERE EXISTS (
          SELECT 1 FROM unnest($1::bytea[]) AS text
          WHERE position(text IN coalesce(d.value, '')) > 0
            OR position(text IN coalesce(d.key, '')) > 0
            OR position(text IN convert_to(d.message, 'UTF8')) > 0)
        """,
        texts,
    )
    return [Letter(*row) for row in rows]


async def records_holding(connection: Connection, texts: Sequence[bytes]) -> list[Letter]:
    """The same of dead letters that are on their way back to their topic."""
    rows = await connection.fetch(
        """
        SELECT outbox_id, NULL::bytea, value, '' FROM outbox AS o
        WHERE topic = $2 AND EXISTS
          (SELECT 1 FROM unnest($1::bytea[]) AS text WHERE position(text IN o.value) > 0)
        """,
        texts,
        TOUCHPOINTS_TOPIC,
    )
    return [Letter(*row) for row in rows]


async def remove_records(connection: Connection, ids: Sequence[int]) -> None:
    """These are not sent."""
    await connection.execute("DELETE FROM outbox WHERE outbox_id = ANY($1::bigint[])", ids)


async def remove_letters(connection: Connection, ids: Sequence[int]) -> None:
    """These dead letters go."""
    await connection.execute(
        "DELETE FROM dead_letters WHERE dead_letter_id = ANY($1::bigint[])", ids
    )


def _count(tag: str) -> int:
    """The number of rows in what PostgreSQL says of a statement, such as `DELETE 3`."""
    return int(tag.rpartition(" ")[2])
