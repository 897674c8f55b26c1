"""Every SQL read of what explanations need besides the timeline: definitions, signals, facts."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import func, select

from services.contracts.times import from_datetime
from services.journey_state.database import Connection
from services.journey_state.tables import cancelled_deadlines, customers, definitions, signals


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
