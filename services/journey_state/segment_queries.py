"""Segments as SQL: the table `segmented` of the people whom one means."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
from sqlalchemy import ARRAY, DateTime, LargeBinary, Text, Uuid, bindparam, text

from services.contracts.times import to_datetime
from services.journey_state import consent
from services.journey_state.customer import decode_state
from services.journey_state.database import Connection
from services.journey_state.filters import Filters
from services.journey_state.segments import Behaviour, Segment
from services.journey_state.touch_queries import EVENT, touches

_ALL_TIME_US = 1 << 62
_ROWS_MAX = 1_000  # states that are held at once


class Bound(NamedTuple):
    """The value of a placeholder, and its SQL type."""

    value: Any
    type: Any


class Members(NamedTuple):
    """A segment, and whom its traits and consent mean, as they are now; None: they ask nothing."""

    segment: Segment
    of_state: Sequence[UUID] | None


def segment_tables(segment: Segment) -> str:
    """Tables up to `segmented`, behind `moved`, `touch` apart."""
    named = _behaviours(segment)
    tables = [
        touches(name, within=_within(name, one), filters=_filters(name, one))
        for name, one in named.items()
    ]
    if segment.channels:
        tables.append(touches("segtouch", filters="AND channel = ANY(:segchannels)"))
    conditions = ["merged_into IS NULL"]
    if segment.of_state:
        conditions.append("customer_id IN (SELECT unnest(:members))")
    if segment.stages:
        conditions.append(f"customer_id IN ({_IN_STAGES})")
    if segment.channels:
        conditions.append("customer_id IN (SELECT customer_id FROM segtouch)")
    for name, one in named.items():
        did = f"SELECT customer_id FROM {name} GROUP BY customer_id"  # noqa: S608 - our own names
        negated = "NOT" if name.startswith("segnot") else ""
        often = f"HAVING count(*) >= {one.at_least:d}"
        conditions.append(f"customer_id {negated} IN ({did} {often})")
    people = f"SELECT customer_id FROM customers WHERE {' AND '.join(conditions)}"  # noqa: S608
    return ", ".join([*tables, f"segmented AS ({people})"])


_IN_STAGES = """
  SELECT customer_id FROM (
    SELECT DISTINCT ON (customer_id) customer_id, stage FROM stage_history
    WHERE superseded_at IS NULL
    ORDER BY customer_id, entered_at DESC, message_id DESC, source DESC
  ) AS newest WHERE stage = ANY(:segstages)"""


def segment_values(
    members: Members, filters: Filters, aliases: Mapping[str, str]
) -> dict[str, Bound]:
    """What the placeholders of `segment_tables` stand for."""
    segment = members.segment
    values = {
        "members": Bound(list(members.of_state or ()), ARRAY(Uuid)),
        "segstages": Bound(list(segment.stages), ARRAY(Text)),
        "segchannels": Bound(list(segment.channels), ARRAY(Text)),
    }
    for name, one in _behaviours(segment).items():
        events = [aliases.get(event, event) for event in one.events]
        values[f"{name}events"] = Bound(events, ARRAY(Text))
        values[f"{name}channels"] = Bound(list(one.channels), ARRAY(Text))
        if one.within_us is not None:
            begins = to_datetime(max(0, filters.to_at - one.within_us))
            values[f"{name}from"] = Bound(begins, DateTime(timezone=True))
    return values


def _behaviours(segment: Segment) -> dict[str, Behaviour]:
    """By the name of the table of its touchpoints."""
    did = {f"segdid{n}": one for n, one in enumerate(segment.did)}
    return did | {f"segnot{n}": one for n, one in enumerate(segment.not_did)}


def _within(name: str, one: Behaviour) -> str:
    begins = "" if one.within_us is None else f"occurred_at >= :{name}from AND "
    return f"{begins}occurred_at < :to"


def _filters(name: str, one: Behaviour) -> str:
    channels = f"AND channel = ANY(:{name}channels)" if one.channels else ""
    return f"AND {EVENT} = ANY(:{name}events) {channels}"


async def members_of(connection: Connection, segment: Segment) -> Members:
    """The segment with the people whom its traits and consent mean.

    PostgreSQL looks for the bytes of names and values in states and thereby finds all who may
    be meant, and few others; what these states say decides.
    """
    if not segment.of_state:
        return Members(segment, None)
    patterns = _patterns(segment)
    conditions = [f"state LIKE ANY(:like{n})" for n in range(len(patterns))]
    sql = text(
        "SELECT customer_id, state FROM customers WHERE merged_into IS NULL AND "  # noqa: S608
        + " AND ".join(conditions)
    ).bindparams(*(bindparam(f"like{n}", type_=ARRAY(LargeBinary)) for n in range(len(patterns))))
    found: list[UUID] = []
    values = {f"like{n}": one for n, one in enumerate(patterns)}
    rows = await connection.stream(sql.execution_options(max_row_buffer=_ROWS_MAX), values)
    async for some in rows.partitions(_ROWS_MAX):
        for customer_id, state in some:
            journey = decode_state(state).journey
            if segment.fits(journey.traits, consent.current(journey.consent, _ALL_TIME_US)):
                found.append(customer_id)
    return Members(segment, found)


def _patterns(segment: Segment) -> list[list[bytes]]:
    """Of each condition the patterns, any of which the state of whoever meets it has."""
    found = [[_like(purpose)] for purpose in segment.consent]
    for trait, values in segment.traits.items():
        if all(isinstance(value, str) for value in values):
            found.append([_like(trait, value) for value in values])
        else:  # a number may be written in several ways
            found.append([_like(trait)])
    return found


def _like(*parts: Any) -> bytes:
    encoded = (msgspec.msgpack.encode(part) for part in parts)
    escaped = (
        one.replace(b"\\", b"\\\\").replace(b"%", b"\\%").replace(b"_", b"\\_") for one in encoded
    )
    return b"%" + b"%".join(escaped) + b"%"
