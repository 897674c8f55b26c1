"""Where the rows of other people may name a person who is being erased."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from services.journey_state.store import links
from services.journey_state.store.pool import Connection, uuid_array

TOUCHPOINTS_TOPIC = 4  # publication.TopicCode.TOUCHPOINTS


class Others(NamedTuple):
    """Whoever had to do with a person: identifiers named with theirs, and customers."""

    keys: list[bytes]
    customers: list[bytes]


class Body(NamedTuple):
    """A touchpoint of someone else whose bytes hold something of the person's."""

    identifier_key: bytes
    occurred_at: int
    message_id: str
    source: str
    body: bytes


class Left(NamedTuple):
    """A checkpoint of someone else."""

    identifier_key: bytes
    cut_at: int
    body: bytes


class Queued(NamedTuple):
    """A message about someone else that is in the outbox."""

    outbox_id: int
    customer_id: bytes
    topic: int
    ce_type: str
    value: bytes


async def others_of(
    connection: Connection, ids: Sequence[bytes], keys: Sequence[bytes], limit: int
) -> Others:
    """Everybody that these customers, or these identifiers of theirs, had to do with.

    Of more than `limit` connected identifiers that many are looked at.
    """
    reached = {key for key, _ in await links.connected(connection, keys, limit)} - set(keys)
    rows = await connection.fetch(
        """
        SELECT from_customer_id, to_customer_id FROM conflicts
        WHERE identifier_key = ANY($2::uuid[]) OR from_customer_id = ANY($1::uuid[])
          OR to_customer_id = ANY($1::uuid[])
        UNION SELECT customer_id, customer_id FROM signals WHERE raised_as = ANY($1::uuid[])
        """,
        ids,
        keys,
    )
    customers = {one for row in rows for one in row}
    customers.update(await links.customers_of(connection, reached))
    return Others(sorted(reached), sorted(customers - set(ids)))


async def bodies_holding(
    connection: Connection, keys: Sequence[bytes], texts: Sequence[bytes]
) -> list[Body]:
    """The touchpoints under these identifiers in whose bytes any of the texts stands."""
    rows = await connection.fetch(
        """
        SELECT identifier_key, occurred_at, message_id, source, body FROM timeline AS t
        WHERE identifier_key = ANY($1::text::uuid[]) AND EXISTS
          (SELECT 1 FROM unnest($2::bytea[]) AS text WHERE position(text IN t.body) > 0)
        """,
        uuid_array(keys),
        texts,
    )
    return [Body(*row) for row in rows]


async def replace_body(connection: Connection, body: Body) -> None:
    """The touchpoint has these bytes, and nothing beside them is of those before."""
    await connection.execute(
        """
        UPDATE timeline SET body = $5, facets = NULL, campaign = NULL
        WHERE identifier_key = $1 AND occurred_at = $2 AND message_id = $3 AND source = $4
        """,
        *body,
    )


async def checkpoints_of(connection: Connection, keys: Sequence[bytes]) -> list[Left]:
    """The checkpoints under these identifiers."""
    rows = await connection.fetch(
        """
        SELECT identifier_key, cut_at, body FROM checkpoints
        WHERE identifier_key = ANY($1::text::uuid[])
        """,
        uuid_array(keys),
    )
    return [Left(*row) for row in rows]


async def replace_checkpoint(connection: Connection, left: Left) -> None:
    """The checkpoint has these bytes."""
    await connection.execute(
        "UPDATE checkpoints SET body = $3 WHERE identifier_key = $1 AND cut_at = $2", *left
    )


async def replace_payload(
    connection: Connection, signal_id: bytes, payload: str, raised_as: bytes | None
) -> None:
    """The signal has this value."""
    await connection.execute(
        "UPDATE signals SET payload = $2::jsonb, raised_as = $3 WHERE signal_id = $1",
        signal_id,
        payload,
        raised_as,
    )


async def remove_superseded(
    connection: Connection,
    customer_ids: Sequence[bytes],
    named: Sequence[tuple[str, str]],
    before: int | None,
) -> None:
    """What was once believed of these customers by touchpoints that are not theirs is gone.

    `named`: (source, message_id) of those known. `before`: where the timeline is cut; of what
    happened before it nobody knows any more whose it was, unless the present history says so.
    """
    await connection.execute(
        """
        DELETE FROM stage_history AS h
        WHERE customer_id = ANY($1::uuid[]) AND superseded_at IS NOT NULL AND (
          (source, message_id) IN (SELECT * FROM unnest($2::text[], $3::text[]))
          OR (entered_at < $4 AND NOT EXISTS (
            SELECT 1 FROM stage_history AS n
            WHERE n.customer_id = h.customer_id AND n.superseded_at IS NULL
              AND n.source = h.source AND n.message_id = h.message_id)))
        """,
        customer_ids,
        [source for source, _ in named],
        [message_id for _, message_id in named],
        before,
    )


async def queued_about(connection: Connection, customer_ids: Sequence[bytes]) -> list[Queued]:
    """What waits to be told of these customers, in its order, tombstones left out."""
    rows = await connection.fetch(
        """
        SELECT outbox_id, customer_id, topic, ce_type, value FROM outbox
        WHERE customer_id = ANY($1::uuid[]) AND topic <> $2 AND value IS NOT NULL
        ORDER BY outbox_id
        """,
        customer_ids,
        TOUCHPOINTS_TOPIC,
    )
    return [Queued(*row) for row in rows]


async def replace_queued(connection: Connection, outbox_id: int, value: bytes) -> None:
    """The message says this, if it has not been sent."""
    await connection.execute("UPDATE outbox SET value = $2 WHERE outbox_id = $1", outbox_id, value)
