"""The one compiler from filters to SQL: who is meant, for every figure and the list behind it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
from sqlalchemy import ARRAY, BigInteger, DateTime, Float, Text, Uuid, bindparam, text

from services.contracts.times import to_datetime
from services.journey_state import stay_queries
from services.journey_state.database import Connection
from services.journey_state.experiment_tables import (
    EXPERIMENT_EVENTS,
    assigned_people,
    experiment_tables,
)
from services.journey_state.feedback_tables import (
    FEEDBACK_PARTS,
    NPS_EVENTS,
    RATING_EVENTS,
    feedback_tables,
)
from services.journey_state.filters import Filters, names_in
from services.journey_state.flow_paths import flow_of, in_flow
from services.journey_state.pain_tables import PAIN_PARTS, pain_tables
from services.journey_state.segment_queries import Members, segment_tables, segment_values
from services.journey_state.touch_queries import CAMPAIGN, DEVICE, EVENT


class Asked(NamedTuple):
    """Filters, and what the definition in force says of the names in them."""

    filters: Filters
    stages: Sequence[str]  # in file order
    aliases: Mapping[str, str]  # other name of an event -> canonical
    members: Members | None = None  # of the segment, where one is asked for
    errors: Sequence[str] = ()  # events that are errors, whatever their names
    among: Sequence[UUID] | None = None  # nobody else counts, and nothing of others is read

    @property
    def steps(self) -> list[str]:
        """Those of the funnel: as asked for, else all stages."""
        steps = self.filters.steps
        return list(self.stages) if steps is None else steps.split(",")


PARTS = stay_queries.PARTS  # of each part the rows behind its number
STAGE_PARTS = tuple(part for part in PARTS if part not in ("touched", "signaled"))

# Whoever first came to a step; of the first one in the period, whatever `by` says.
_FIRST = """
    SELECT DISTINCT ON (customer_id) customer_id, entered_at, message_id, source,
      NULL::interval AS waited
    FROM stay WHERE stage = (:steps)[1] AND entered_at >= :begin AND entered_at < :end
    ORDER BY customer_id, entered_at, message_id, source"""
_FIRST_BY = """
    SELECT f.* FROM ({first}) AS f WHERE EXISTS (SELECT 1 FROM stage_history AS h
      WHERE h.customer_id = f.customer_id AND h.entered_at = f.entered_at
        AND h.message_id = f.message_id AND h.source = f.source AND h.superseded_at IS NULL
        AND h.channel = :startchannel)"""
_FOLLOWING = """
    SELECT DISTINCT ON (s.customer_id) s.customer_id, s.entered_at, s.message_id, s.source,
      {waited} AS waited
    FROM step{before} AS p JOIN stay AS s ON s.customer_id = p.customer_id
      AND s.stage = (:steps)[{number}] AND {order} {until}
    ORDER BY s.customer_id, s.entered_at, s.message_id, s.source"""
_AFTER = "(s.entered_at, s.message_id, s.source) > (p.entered_at, p.message_id, p.source)"

_TYPES: dict[str, Any] = {
    "from": DateTime(timezone=True),
    "to": DateTime(timezone=True),
    "begin": DateTime(timezone=True),
    "end": DateTime(timezone=True),
    "bounds": ARRAY(DateTime(timezone=True)),
    "stages": ARRAY(Text),
    "errors": ARRAY(Text),
    "waits": ARRAY(Float),
    "middle": DateTime(timezone=True),
    **dict.fromkeys(("parts", "places", "causes", "dimensions", "values"), ARRAY(Text)),
    "usuals": ARRAY(Float),
    "steps": ARRAY(Text),
    "flowexclude": ARRAY(Text),
    "npsevents": ARRAY(Text),
    "ratingevents": ARRAY(Text),
    "experimentevents": ARRAY(Text),
    "aliases": Text,
    "after": Uuid,
    "among": ARRAY(Uuid),
    "limit": BigInteger,
}


def tables_of(asked: Asked, *, reached: bool = True) -> str:
    """The tables `touch`, `signaled`, `stay`, `visit`, `person`, as a WITH clause.

    The last three have only the people whom the filters mean, with the column `reached` or without.
    """
    filters = asked.filters
    segment = f"{segment_tables(asked.members.segment)}, " if asked.members else ""
    experiment = f"{experiment_tables()}, " if filters.experiment is not None else ""
    return stay_queries.tables(
        touch_filters=_touch_filters(filters),
        signal_filters=_equal(filters, "rule", "state"),
        more=f"{segment}{experiment}",
        people=_people(filters),
        among=asked.among is not None,
        reached=reached,
    )


async def read(connection: Connection, statement: str, asked: Asked, **values: Any) -> list[Any]:
    """The rows of a statement behind `tables_of` these filters."""
    filters = asked.filters
    known = {
        "from": to_datetime(filters.from_at),
        "to": to_datetime(filters.to_at),
        "begin": to_datetime(filters.part_from_at),
        "end": to_datetime(filters.part_to_at),
        "stages": list(asked.stages),
        "steps": asked.steps,
        "among": asked.among,
        "aliases": msgspec.json.encode(asked.aliases).decode(),
        **{name.replace("_", ""): getattr(filters, name) for name in _NAMES},
        "flowexclude": names_in(filters.flow_exclude),
        "errors": list(asked.errors),
        "waits": [float(filters.within or 0)] * len(asked.stages),
        "usuals": [float(filters.within or 0)] * len(asked.stages),
        **{
            name: [asked.aliases.get(event, event) for event in events]
            for name, events in _EVENTS.items()
        },
        **values,
    }
    sql = f"{tables_of(asked, reached='reached' in statement)} {statement}"
    bound = segment_values(asked.members, filters, asked.aliases) if asked.members else {}
    known |= {name: one.value for name, one in bound.items()}
    used = {name: known[name] for name in set(_PLACEHOLDER.findall(sql))}
    named = _TYPES | {name: one.type for name, one in bound.items()}
    types = [bindparam(name, type_=named.get(name, Text())) for name in used]
    return list(await connection.execute(text(sql).bindparams(*types), used))


_EVENTS = {
    "npsevents": NPS_EVENTS,
    "ratingevents": RATING_EVENTS,
    "experimentevents": EXPERIMENT_EVENTS,
}
_PLACEHOLDER = re.compile(r"(?<![:\\]):([a-z][a-z0-9]*)")
_CELL = {
    "cause": "cause = :cause",
    "used_channel": ":usedchannel = ANY(channels)",
    "entry_device": "device = :entrydevice",
    "entry_campaign": "campaign = :entrycampaign",
}
_NAMES = ("channel", "source", "campaign", "device", "event", "experiment",
          "variation", "start_channel", "rule", "state", "stage",
          "flow_start", "flow_node", "flow_next", *_CELL)  # fmt: skip


class PersonRow(NamedTuple):
    """Somebody who is meant."""

    customer_id: UUID
    state: bytes


async def people_page(
    connection: Connection, asked: Asked, *, after: UUID | None, limit: int
) -> list[PersonRow]:
    """The people whom the filters mean, by their ids, from behind `after`.

    The whole set is found for each page: what it costs does not depend on the page's size.
    """
    rows = await read(
        connection,
        f"""
        SELECT c.customer_id, c.state FROM customers AS c
        WHERE c.merged_into IS NULL AND c.customer_id IN ({_meant(asked.filters)})
          {"" if after is None else "AND c.customer_id > :after"}
        ORDER BY c.customer_id LIMIT :limit
        """,  # noqa: S608 - constants
        asked,
        after=after,
        limit=limit,
    )
    return [PersonRow(*row) for row in rows]


def flow_tables(filters: Filters, columns: int) -> str:
    """Tables up to `shown`, more of the WITH clause: of each person and column the one node."""
    return flow_of(filters, columns, _people(filters))


def _meant(filters: Filters) -> str:
    if filters.flow_step is not None:
        return in_flow(filters, _people(filters))
    if filters.step is not None:
        number = int(filters.step)
        return f"WITH {steps_of(filters, number)} SELECT customer_id FROM step{number}"  # noqa: S608
    if filters.stage is None:
        return everybody(filters)
    if filters.part in PAIN_PARTS:
        said = [name for name in _CELL if getattr(filters, name) is not None]
        cell = " ".join(f"AND {_CELL[name]}" for name in said)
        rows = f"SELECT * FROM ({PAIN_PARTS[filters.part]}) AS part WHERE stage = :stage {cell}"  # noqa: S608
        return f"WITH {places(filters)} SELECT customer_id FROM ({rows}) AS meant"  # noqa: S608
    if filters.part in FEEDBACK_PARTS:
        tables, rows = feedback_of(filters), FEEDBACK_PARTS[filters.part]
        return f"WITH {tables} SELECT customer_id FROM ({rows}) AS meant WHERE stage = :stage"  # noqa: S608
    rows = PARTS[filters.part or "stock"]
    return f"SELECT customer_id FROM ({rows}) AS meant WHERE stage = :stage"  # noqa: S608


def everybody(filters: Filters) -> str:
    """Rows of all whom the filters mean, whatever their stages."""
    return f"SELECT customer_id FROM customers WHERE merged_into IS NULL {_people(filters)}"  # noqa: S608


def places(filters: Filters) -> str:
    """Tables for `PAIN_PARTS`, more of the WITH clause."""
    return pain_tables(_touch_filters(filters))


def feedback_of(filters: Filters) -> str:
    """Tables `scored` and `rated` for `FEEDBACK_PARTS`, more of the WITH clause."""
    return feedback_tables(_touch_filters(filters))


def steps_of(filters: Filters, count: int) -> str:
    """Tables `step1` and on, more of the WITH clause: who came so far, when, after what wait.

    Strictly: to each step after the one before, as early as can be. In any order: to all of them
    from the period's begin on; then there is no wait.
    """
    strict = filters.order != "any"
    following = {
        "waited": "s.entered_at - p.entered_at" if strict else "NULL::interval",
        "order": _AFTER if strict else "s.entered_at >= :begin",
        "until": "AND s.entered_at < :end" if filters.by == "period" else "",
    }
    first = _FIRST if filters.start_channel is None else _FIRST_BY.format(first=_FIRST)
    tables = [f"step1 AS ({first})"]
    for number in range(2, count + 1):
        rows = _FOLLOWING.format(before=number - 1, number=number, **following)
        tables.append(f"step{number} AS ({rows})")
    return ", ".join(tables)


def _people(filters: Filters) -> str:
    touched = "AND customer_id IN (SELECT customer_id FROM touch)"
    signaled = "AND customer_id IN (SELECT customer_id FROM signaled)"
    segmented = "AND customer_id IN (SELECT customer_id FROM segmented)"
    assigned = f"AND customer_id IN ({assigned_people(filters)})"
    asked = (
        (touched, filters.of_touchpoints),
        (signaled, filters.of_signals),
        (segmented, filters.segment is not None),
        (assigned, filters.experiment is not None),
    )
    return " ".join(sql for sql, so in asked if so)


def _touch_filters(filters: Filters) -> str:
    found = _equal(filters, "channel", "source")
    if filters.event is not None:
        found += f" AND {EVENT} = :event"
    if filters.campaign is not None:
        found += f" AND {CAMPAIGN} = :campaign"
    if filters.device is not None:
        found += f" AND {DEVICE} = :device"
    return found


def _equal(filters: Filters, *names: str) -> str:
    return " ".join(f"AND {name} = :{name}" for name in names if getattr(filters, name) is not None)
