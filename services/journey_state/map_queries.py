"""The figures of the journey map, each counted over the rows that its list of people names."""

from __future__ import annotations

from typing import NamedTuple

from services.journey_state.database import Connection
from services.journey_state.people_queries import PARTS, STAGE_PARTS, Asked, read

TOUCHPOINTS_MAX = 10  # of one stage: those of the most people


class Count(NamedTuple):
    """How many people, and how many rows they have there: stays, touchpoints or signals."""

    people: int
    times: int


class Touches(NamedTuple):
    """Touchpoints in the period while the customer was in a stage: by channel or by event."""

    stage: str
    channel: str | None
    event: str | None
    counted: Count


class Signals(NamedTuple):
    """Signals due in the period, by the stage that the customer was in then."""

    stage: str
    rule: str
    state: str
    counted: Count


class Figures(NamedTuple):
    """All that the map shows."""

    parts: dict[tuple[str, str], Count]  # by stage and part; what is missing is nobody
    dwell: dict[str, list[float]]  # by stage, of stays that ended in the period: p50, p90
    touches: list[Touches]
    signals: list[Signals]


# Each person's rows first: what is told apart by hashes need not be sorted.
_PARTS = f"""
  SELECT 'part' AS figure, stage, part AS name, NULL AS detail, count(*) AS people,
    CAST(sum(times) AS bigint) AS times, NULL AS seconds
  FROM (
    SELECT stage, part, customer_id, count(*) AS times
    FROM ({
    " UNION ALL ".join(
        f"SELECT '{part}' AS part, p.* FROM ({PARTS[part]}) AS p" for part in STAGE_PARTS
    )
}) AS parts GROUP BY stage, part, customer_id
  ) AS theirs GROUP BY stage, part"""  # noqa: S608 - constants
_DWELL = """
  SELECT 'dwell', stage, NULL, NULL, NULL, NULL, percentile_cont(ARRAY[0.5, 0.9])
    WITHIN GROUP (ORDER BY CAST(extract(epoch FROM left_at - entered_at) AS float8))
  FROM visit WHERE left_at < :end GROUP BY stage"""
_TOUCHES = f"""
  SELECT 'touches', stage, channel, event, people, times, NULL FROM (
    SELECT stage, channel, event, count(*) AS people, CAST(sum(times) AS bigint) AS times,
      row_number() OVER (PARTITION BY stage, event IS NULL
        ORDER BY count(*) DESC, sum(times) DESC, event COLLATE "C") AS place
    FROM (
      SELECT stage, channel, event, customer_id, count(*) AS times
      FROM ({PARTS["touched"]}) AS touched
      GROUP BY GROUPING SETS ((stage, channel, customer_id), (stage, event, customer_id))
    ) AS theirs GROUP BY stage, channel, event
  ) AS counted"""  # noqa: S608 - constants
_SIGNALS = f"""
  SELECT 'signals', stage, rule, state, count(DISTINCT customer_id), count(*), NULL
  FROM ({PARTS["signaled"]}) AS signaled GROUP BY stage, rule, state"""  # noqa: S608 - constants


async def figures(
    connection: Connection, asked: Asked, events_max: int | None = TOUCHPOINTS_MAX
) -> Figures:
    """All of it, counted over the rows, which are read once for all.

    Touchpoints by stage and channel, and of each stage the events of the most people; None: all.
    """
    shown = "" if events_max is None else f"WHERE event IS NULL OR place <= {events_max:d}"
    of_each = (_PARTS, _DWELL, f"{_TOUCHES} {shown}", _SIGNALS)
    rows = await read(connection, " UNION ALL ".join(of_each), asked)
    parts, dwell = {}, {}
    touches, signals = [], []
    for figure, stage, name, detail, people, times, seconds in rows:
        if figure == "part":
            parts[stage, name] = Count(people, times)
        elif figure == "dwell":
            dwell[stage] = list(seconds)
        elif figure == "touches":
            touches.append(Touches(stage, name, detail, Count(people, times)))
        else:
            signals.append(Signals(stage, name, detail, Count(people, times)))
    return Figures(parts, dwell, sorted(touches, key=_most_first), sorted(signals))


def _most_first(one: Touches) -> tuple[object, ...]:
    return (one.stage, -one.counted.people, -one.counted.times, one.event or "", one.channel or "")
