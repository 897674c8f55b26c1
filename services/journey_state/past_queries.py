"""Every SQL read about the past: what explanations need, and what was known at a time."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, DateTime, Uuid, bindparam, func, or_, select, text

from services.contracts.times import from_datetime, to_datetime
from services.journey_state.database import Connection
from services.journey_state.ownership import Link, Unlink
from services.journey_state.past_tables import checkpoints, timeline_cut, watermark_history
from services.journey_state.queries import SIGNAL_COLUMNS, SignalRow, signal_row
from services.journey_state.tables import (
    cancelled_deadlines,
    customers,
    definitions,
    operator_links,
    signals,
    stage_history,
)


class DefinitionRow(NamedTuple):
    """One publication of a definition; `in_force_from` is a W, None: from ever."""

    definition_id: int
    version: str
    text: str
    in_force_from: int | None


async def newest_definition_id(connection: Connection) -> int | None:
    """That of the definition in force; None before the worker's first start."""
    found = await connection.execute(select(func.max(definitions.c.definition_id)))
    newest: int | None = found.scalar()
    return newest


async def all_definitions(connection: Connection) -> list[DefinitionRow]:
    """Every definition that was ever published, the one in force last."""
    d = definitions.c
    rows = await connection.execute(
        select(d.definition_id, d.version, d.text, d.in_force_from).order_by(d.definition_id)
    )
    return [
        DefinitionRow(*row[:3], None if row[3] is None else from_datetime(row[3])) for row in rows
    ]


async def definition_id_of(connection: Connection, customer_id: UUID) -> int:
    """That of the definition that the customer's state was computed by."""
    found = await connection.execute(
        select(customers.c.definition_id).where(customers.c.customer_id == customer_id)
    )
    return int(found.scalar_one())


class KeptRow(NamedTuple):
    """A signal as it is stored."""

    signal_id: UUID
    rule: str
    scope: str | None
    due_at: int
    state: str
    published: bool
    suppressed: str | None
    raised_at: int
    reminded: int
    payload: dict[str, Any]


async def kept_signals(
    connection: Connection, customer_id: UUID, rule: str, limit: int
) -> list[KeptRow]:
    """The customer's signals of a rule, in whatever state, those due last first."""
    s = signals.c
    rows = await connection.execute(
        select(
            s.signal_id,
            s.rule,
            s.scope,
            s.due_at,
            s.state,
            s.published,
            s.suppressed,
            s.raised_at,
            s.reminded,
            s.payload,
        )
        .where(s.customer_id == customer_id, s.rule == rule)
        .order_by(s.due_at.desc(), s.signal_id.desc())
        .limit(limit)
    )
    return [
        KeptRow(*row[:3], from_datetime(row[3]), *row[4:7], from_datetime(row[7]), row[8], row[9])
        for row in rows
    ]


async def rule_of_signal(connection: Connection, customer_id: UUID, signal_id: UUID) -> str | None:
    """The rule of the customer's signal."""
    s = signals.c
    found = await connection.execute(
        select(s.rule).where(s.signal_id == signal_id, s.customer_id == customer_id)
    )
    return found.scalar()


async def cancelled(connection: Connection, keys: Collection[UUID]) -> set[UUID]:
    """Those of the keys of episodes that an operator cancelled."""
    c = cancelled_deadlines.c
    rows = await connection.execute(select(c.cancellation_key).where(c.cancellation_key.in_(keys)))
    return set(rows.scalars())


async def connected_keys(connection: Connection, customer_id: UUID, limit: int) -> list[UUID]:
    """The identifiers named together with the customer's, at whatever remove: one connected set.

    Of more than `limit` that many.
    """
    rows = await connection.execute(_CONNECTED, {"customer": customer_id, "limit": limit})
    return list(rows.scalars())


_CONNECTED = text(
    """
    WITH RECURSIVE reached (identifier_key) AS (
      (SELECT identifier_key FROM identifiers WHERE customer_id = :customer
       UNION SELECT identifier_key FROM ownership_periods WHERE customer_id = :customer)
      UNION
      SELECT l.linked_key FROM reached AS r
      JOIN identifier_links AS l ON l.identifier_key = r.identifier_key
    )
    SELECT identifier_key FROM reached LIMIT :limit
    """
).bindparams(bindparam("customer", type_=Uuid), bindparam("limit", type_=BigInteger))


class KnownId(NamedTuple):
    """A customer id, merged away or not, and its state as it was last."""

    customer_id: UUID
    state: bytes


async def ids_of(connection: Connection, keys: Collection[UUID], limit: int) -> list[KnownId]:
    """Every customer id of these identifiers, of earlier owners and of those merged away too."""
    rows = await connection.execute(_IDS, {"keys": list(keys), "limit": limit})
    return [KnownId(*row) for row in rows]


_IDS = text(
    """
    WITH owner AS (
      SELECT customer_id FROM identifiers WHERE identifier_key = ANY(:keys)
      UNION SELECT customer_id FROM ownership_periods WHERE identifier_key = ANY(:keys)
    )
    SELECT customer_id, state FROM customers
    WHERE customer_id IN (SELECT customer_id FROM owner)
      OR merged_into IN (SELECT customer_id FROM owner)
    ORDER BY customer_id LIMIT :limit
    """
).bindparams(bindparam("keys", type_=ARRAY(Uuid)), bindparam("limit", type_=BigInteger))


async def operator_acts(
    connection: Connection, keys: Collection[UUID], known_at: int
) -> list[Link | Unlink]:
    """What operators had linked and unlinked of these identifiers by then."""
    o = operator_links.c
    rows = await connection.execute(
        select(o.at, o.a_kind, o.a_value, o.b_kind, o.b_value).where(
            or_(o.a_key.in_(keys), o.b_key.in_(keys)), o.at <= to_datetime(known_at)
        )
    )
    return [
        Unlink((row[1], row[2]), from_datetime(row[0]))
        if row[3] is None
        else Link((row[1], row[2]), (row[3], row[4]), from_datetime(row[0]))
        for row in rows
    ]


class StoredRow(NamedTuple):
    """A stored touchpoint; one that was too late stands at the cut that it was too late for."""

    occurred_at: int
    too_late: bool
    body: bytes


async def touchpoints_known(
    connection: Connection,
    keys: Collection[UUID],
    *,
    since: int | None,
    known_at: int,
    limit: int,
) -> list[StoredRow]:
    """What was stored under these identifiers by then, in no order; of more, `limit`.

    `since`: what occurred before is left out.
    """
    rows = await connection.execute(
        _KNOWN,
        {
            "keys": list(keys),
            "since": None if since is None else to_datetime(since),
            "known_at": to_datetime(known_at),
            "limit": limit,
        },
    )
    return [StoredRow(from_datetime(row[0]), row[1], row[2]) for row in rows]


_KNOWN = text(
    """
    SELECT occurred_at, too_late, body FROM timeline
    WHERE identifier_key = ANY(:keys) AND coalesce(recorded_at, received_at) <= :known_at
      AND (CAST(:since AS timestamptz) IS NULL OR occurred_at >= :since)
    LIMIT :limit
    """
).bindparams(
    bindparam("keys", type_=ARRAY(Uuid)),
    bindparam("since", type_=DateTime(timezone=True)),
    bindparam("known_at", type_=DateTime(timezone=True)),
    bindparam("limit", type_=BigInteger),
)


async def cut_at(connection: Connection) -> int | None:
    """Before this instant only checkpoints are kept; None: everything is."""
    found = (await connection.execute(select(timeline_cut.c.reached_at))).scalar()
    return None if found is None else from_datetime(found)


async def checkpoints_under(
    connection: Connection, keys: Collection[UUID], cut: int
) -> list[bytes]:
    """The checkpoints that were left at the cut under these identifiers."""
    c = checkpoints.c
    rows = await connection.execute(
        select(c.body).where(c.identifier_key.in_(keys), c.cut_at == to_datetime(cut))
    )
    return list(rows.scalars())


async def checkpoints_of(
    connection: Connection, customer_ids: Collection[UUID], cut: int
) -> list[bytes]:
    """The checkpoints at the cut under identifiers that these customers owned there."""
    rows = await connection.execute(
        _CHECKPOINTS, {"owners": list(customer_ids), "cut": to_datetime(cut)}
    )
    return list(rows.scalars())


# Before its first period an identifier belonged to the first one's customer, as without periods.
_CHECKPOINTS = text(
    """
    SELECT c.body FROM (
      SELECT identifier_key, customer_id FROM identifiers WHERE customer_id = ANY(:owners)
      UNION
      SELECT identifier_key, customer_id FROM ownership_periods WHERE customer_id = ANY(:owners)
    ) AS own
    JOIN checkpoints AS c ON c.identifier_key = own.identifier_key AND c.cut_at = :cut
    WHERE own.customer_id = coalesce(
      (SELECT p.customer_id FROM ownership_periods AS p
       WHERE p.identifier_key = own.identifier_key
       ORDER BY p.from_at > :cut, abs(extract(epoch FROM p.from_at - :cut)) LIMIT 1),
      own.customer_id)
    """
).bindparams(
    bindparam("owners", type_=ARRAY(Uuid)), bindparam("cut", type_=DateTime(timezone=True))
)


class RecordedRow(NamedTuple):
    """A row of the stage history: what it says, and from when to when it was held to be so."""

    customer_id: UUID
    stage: str
    entered_at: int
    direction: str
    rule: str
    cause_kind: str
    message_id: str
    event: str
    channel: str
    source: str
    definition: str
    recorded_at: int
    superseded_at: int | None


async def recorded_history(
    connection: Connection, customer_ids: Collection[UUID], known_at: int | None, limit: int
) -> list[RecordedRow]:
    """The history in the order, as it was known at an instant; None: all that ever was.

    Of more than `limit` rows the last.
    """
    h = stage_history.c
    statement = (
        select(
            h.customer_id,
            h.stage,
            h.entered_at,
            h.direction,
            h.rule,
            h.cause_kind,
            h.message_id,
            h.event,
            h.channel,
            h.source,
            definitions.c.version,
            h.recorded_at,
            h.superseded_at,
        )
        .outerjoin(definitions, definitions.c.definition_id == h.definition_id)
        .where(h.customer_id.in_(customer_ids))
    )
    if known_at is not None:
        instant = to_datetime(known_at)
        statement = statement.where(
            h.recorded_at <= instant,
            or_(h.superseded_at.is_(None), h.superseded_at > instant),
        )
    order = (h.entered_at, h.message_id, h.source, h.history_id)
    rows = await connection.execute(
        statement.order_by(*(column.desc() for column in order)).limit(limit)
    )
    return [_recorded(row) for row in reversed(rows.all())]


def _recorded(row: Any) -> RecordedRow:
    superseded_at = None if row[12] is None else from_datetime(row[12])
    times = (from_datetime(row[11]), superseded_at)
    return RecordedRow._make((*row[:2], from_datetime(row[2]), *row[3:10], row[10] or "", *times))


class SignalThen(NamedTuple):
    """A signal that was stored by some instant; `changed`: it is not as it was then."""

    row: SignalRow
    changed: bool


async def signals_then(
    connection: Connection, customer_ids: Collection[UUID], known_at: int, limit: int
) -> list[SignalThen]:
    """The signals stored by then of all these customers, those due last first."""
    s, instant = signals.c, to_datetime(known_at)
    rows = await connection.execute(
        select(*SIGNAL_COLUMNS, s.updated_at > instant)
        .outerjoin(definitions, definitions.c.definition_id == s.definition_id)
        .where(s.customer_id.in_(customer_ids), s.recorded_at <= instant)
        .order_by(s.due_at.desc(), s.signal_id.desc())
        .limit(limit)
    )
    return [SignalThen(signal_row(row), row[12]) for row in rows]


async def definition_id_known(connection: Connection, known_at: int) -> int | None:
    """That of the definition last published by then."""
    d = definitions.c
    found = await connection.execute(
        select(func.max(d.definition_id)).where(d.activated_at <= to_datetime(known_at))
    )
    newest: int | None = found.scalar()
    return newest


async def watermark_notes(connection: Connection, known_at: int) -> list[tuple[int, int]]:
    """(when, W then) as noted last up to an instant and first after it, of those that there are."""
    w, instant = watermark_history.c, to_datetime(known_at)
    before = select(w.recorded_at, w.at).where(w.recorded_at <= instant)
    after = select(w.recorded_at, w.at).where(w.recorded_at > instant)
    rows = [
        *await connection.execute(before.order_by(w.recorded_at.desc()).limit(1)),
        *await connection.execute(after.order_by(w.recorded_at).limit(1)),
    ]
    return [(from_datetime(row[0]), from_datetime(row[1])) for row in rows]
