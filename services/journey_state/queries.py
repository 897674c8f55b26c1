"""Every SQL read about customers: who they are, where they stand, what was signaled."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    BigInteger,
    DateTime,
    Uuid,
    bindparam,
    func,
    literal,
    select,
    text,
    tuple_,
)

from services.contracts.times import from_datetime, to_datetime
from services.contracts.touchpoint import kind_order
from services.journey_state.database import Connection
from services.journey_state.keys import identifier_key
from services.journey_state.store.stretches import touchpoints_in_stretches
from services.journey_state.tables import (
    customers,
    definitions,
    erasures,
    identifiers,
    signals,
    stage_history,
    timers,
)


class CustomerRow(NamedTuple):
    """A customer that is present: not merged away."""

    customer_id: UUID
    state: bytes
    definition: str  # version of the definition that the state was computed by


async def customer(connection: Connection, customer_id: UUID) -> CustomerRow | None:
    """The customer that this id stands for now: of an id merged away, the survivor."""
    chain = (
        select(customers.c.customer_id, customers.c.merged_into)
        .where(customers.c.customer_id == customer_id)
        .cte("chain", recursive=True)
    )
    following = select(customers.c.customer_id, customers.c.merged_into).join(
        chain, customers.c.customer_id == chain.c.merged_into
    )
    chain = chain.union(following)
    rows = await connection.execute(
        select(customers.c.customer_id, customers.c.state, definitions.c.version)
        .join(chain, customers.c.customer_id == chain.c.customer_id)
        .outerjoin(definitions, definitions.c.definition_id == customers.c.definition_id)
        .where(customers.c.merged_into.is_(None))
    )
    row = rows.first()
    return None if row is None else CustomerRow(row[0], row[1], row[2] or "")


async def receipt(connection: Connection, customer_id: UUID) -> dict[str, Any] | None:
    """What was said of the erasure of whoever had this id; None: they were not erased."""
    e = erasures.c
    rows = await connection.execute(select(e.receipt).where(e.customer_id == customer_id))
    found: dict[str, Any] | None = rows.scalar()
    return found


async def owners(
    connection: Connection, candidates: Sequence[tuple[str, str]]
) -> dict[tuple[str, str], UUID]:
    """The present owners of those of the (kind, value) that have been met."""
    by_key = {UUID(bytes=identifier_key(kind, value)): (kind, value) for kind, value in candidates}
    rows = await connection.execute(
        select(identifiers.c.identifier_key, identifiers.c.customer_id).where(
            identifiers.c.identifier_key.in_(by_key), identifiers.c.customer_id.is_not(None)
        )
    )
    return {by_key[key]: customer_id for key, customer_id in rows}


async def identifier_kinds(connection: Connection) -> list[str]:
    """Every kind of identifier in use, in key order; reads the whole table."""
    rows = await connection.execute(select(identifiers.c.kind).distinct())
    return sorted(rows.scalars(), key=kind_order)


async def merged_ids(connection: Connection, customer_id: UUID) -> list[UUID]:
    """The customers that were merged into this one, at whatever remove."""
    gone = (
        select(customers.c.customer_id)
        .where(customers.c.merged_into == customer_id)
        .cte("gone", recursive=True)
    )
    gone = gone.union(
        select(customers.c.customer_id).join(gone, customers.c.merged_into == gone.c.customer_id)
    )
    rows = await connection.execute(select(gone.c.customer_id).order_by(gone.c.customer_id))
    return list(rows.scalars())


class HistoryRow(NamedTuple):
    """A stage that was entered, and by what; `left_at` is null for the present one."""

    stage: str
    entered_at: int
    left_at: int | None
    direction: str
    rule: str
    cause_kind: str
    message_id: str
    event: str
    channel: str
    source: str
    definition: str


async def history(connection: Connection, customer_id: UUID) -> list[HistoryRow]:
    """The stage history as it is known now, in the order."""
    h = stage_history.c
    place = (h.entered_at, h.message_id, h.source)
    left_at = func.lead(h.entered_at).over(order_by=place)
    rows = await connection.execute(
        select(
            h.stage,
            h.entered_at,
            left_at,
            h.direction,
            h.rule,
            h.cause_kind,
            h.message_id,
            h.event,
            h.channel,
            h.source,
            definitions.c.version,
        )
        .join(customers, customers.c.customer_id == h.customer_id)
        # A row that stands is what the customer's definition says, whichever said it first.
        .outerjoin(definitions, definitions.c.definition_id == customers.c.definition_id)
        .where(h.customer_id == customer_id, h.superseded_at.is_(None))
        .order_by(*place)
    )
    found = []
    for row in rows:
        left = None if row[2] is None else from_datetime(row[2])
        found.append(HistoryRow(row[0], from_datetime(row[1]), left, *row[3:10], row[10] or ""))
    return found


class ChangeRow(NamedTuple):
    """A stage that was entered, by whom, and when that was recorded."""

    history_id: int
    customer_id: UUID
    previous: str
    stage: str
    direction: str
    entered_at: int
    recorded_at: int
    rule: str
    cause_kind: str
    message_id: str
    event: str
    channel: str
    source: str


_H = stage_history.c
# What a `ChangeRow` is made of, by `change_row`.
CHANGE_COLUMNS = (
    _H.history_id,
    _H.customer_id,
    _H.previous,
    _H.stage,
    _H.direction,
    _H.entered_at,
    _H.recorded_at,
    _H.rule,
    _H.cause_kind,
    _H.message_id,
    _H.event,
    _H.channel,
    _H.source,
)


def change_row(row: Any) -> ChangeRow:
    """The row whose columns are `CHANGE_COLUMNS`."""
    times = (from_datetime(row[5]), from_datetime(row[6]))
    return ChangeRow._make((*row[:5], *times, *row[7:13]))


async def change_page(
    connection: Connection, *, customer_id: UUID | None, after: int | None, limit: int
) -> list[ChangeRow]:
    """Present history rows, the newest recorded first, from behind `after` (history id)."""
    statement = select(*CHANGE_COLUMNS).where(_H.superseded_at.is_(None))
    if customer_id is not None:
        statement = statement.where(_H.customer_id == customer_id)
    if after is not None:
        statement = statement.where(_H.history_id < after)
    rows = await connection.execute(statement.order_by(_H.history_id.desc()).limit(limit))
    return [change_row(row) for row in rows]


async def timeline(
    connection: Connection,
    customer_ids: Collection[UUID],
    *,
    after: tuple[int, str, str] | None,
    limit: int,
    newest: bool = False,
) -> list[bytes]:
    """The records of the customer's touchpoints in the order, from behind the place `after`.

    `newest`: the order backwards. Those that came too late to be folded are left out.

    `customer_ids`: the customer and those merged into it. An identifier that has moved counts for
    the time that it was theirs; each identifier's rows are read by index, `limit` at most.
    """
    at, message_id, source = after or (0, "", "")
    rows = await connection.execute(
        _TIMELINE[newest],
        {
            "owners": list(customer_ids),
            "after": None if after is None else to_datetime(at),
            "message_id": message_id,
            "source": source,
            "limit": limit,
        },
    )
    return list(rows.scalars())


# As text: the periods and the index scan per identifier can be read off it.
_TIMELINE = {
    newest: text(
        touchpoints_in_stretches(":owners", "t.body", "NOT too_late", newest=newest)
    ).bindparams(
        bindparam("owners", type_=ARRAY(Uuid)),
        bindparam("after", type_=DateTime(timezone=True)),
        bindparam("limit", type_=BigInteger),
    )
    for newest in (False, True)
}


class SignalRow(NamedTuple):
    """A signal: the value last published or computed, and what is true of it now."""

    signal_id: UUID
    customer_id: UUID
    rule: str
    scope: str | None
    due_at: int
    state: str
    published: bool
    suppressed: str | None
    revision: int
    payload: dict[str, Any]
    definition: str | None
    journey: str | None


_S = signals.c
# What a `SignalRow` is made of, by `signal_row`; definitions are to be joined.
SIGNAL_COLUMNS = (
    _S.signal_id,
    _S.customer_id,
    _S.rule,
    _S.scope,
    _S.due_at,
    _S.state,
    _S.published,
    _S.suppressed,
    _S.revision,
    _S.payload,
    definitions.c.version,
    definitions.c.journey,
)


def signal_row(row: Any) -> SignalRow:
    """The row whose first columns are `SIGNAL_COLUMNS`."""
    return SignalRow._make((*row[:4], from_datetime(row[4]), *row[5:12]))


async def signal_page(
    connection: Connection,
    *,
    rule: str | None = None,
    state: str | None = None,
    customer_id: UUID | None = None,
    after: tuple[int, UUID] | None = None,
    limit: int,
) -> list[SignalRow]:
    """Signals, the newest due time first, from behind `after` (due time, id)."""
    s = _S
    statement = select(*SIGNAL_COLUMNS).outerjoin(
        definitions, definitions.c.definition_id == s.definition_id
    )
    for column, value in ((s.rule, rule), (s.state, state), (s.customer_id, customer_id)):
        if value is not None:
            statement = statement.where(column == value)
    if after is not None:
        place = tuple_(literal(to_datetime(after[0])), literal(after[1]))
        statement = statement.where(tuple_(s.due_at, s.signal_id) < place)
    rows = await connection.execute(
        statement.order_by(s.due_at.desc(), s.signal_id.desc()).limit(limit)
    )
    return [signal_row(row) for row in rows]


async def signals_known(connection: Connection, signal_ids: Collection[UUID]) -> set[UUID]:
    """Those of the ids that have a signal, in whatever state."""
    rows = await connection.execute(
        select(signals.c.signal_id).where(signals.c.signal_id.in_(signal_ids))
    )
    return set(rows.scalars())


class WaitingRow(NamedTuple):
    """A customer with something to come, not before `wake_at`."""

    wake_at: int
    customer_id: UUID
    state: bytes


async def waiting_customers(
    connection: Connection, *, from_: tuple[int, UUID] | None, limit: int
) -> list[WaitingRow]:
    """Customers with a timer, the earliest first, from `from_` (wake time, id) on, inclusive."""
    statement = select(timers.c.wake_at, timers.c.customer_id, customers.c.state).join(
        customers, customers.c.customer_id == timers.c.customer_id
    )
    if from_ is not None:
        place = tuple_(literal(to_datetime(from_[0])), literal(from_[1]))
        statement = statement.where(tuple_(timers.c.wake_at, timers.c.customer_id) >= place)
    rows = await connection.execute(
        statement.order_by(timers.c.wake_at, timers.c.customer_id).limit(limit)
    )
    return [WaitingRow(from_datetime(row[0]), row[1], row[2]) for row in rows]
