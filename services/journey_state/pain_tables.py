"""The people behind pain, as rows of SQL: struck or not, each with what they came by."""

from __future__ import annotations

import re

from services.journey_state.definition import Definition
from services.journey_state.touch_queries import BODY, CAMPAIGN, DEVICE, touches

REPEATS_MIN = 3  # times that one event comes during a stay before it is a loop
ERRORS = r"(fail(ed|ure)?|errors?|declined|rejected|denied|crashed|timed[ _-]?out|timeout)$"

_CALLS = "('page', 'screen', 'identify', 'group', 'alias')"
# Read as JSON are only records in which these words stand at all.
_COLUMNS = f""",
      {CAMPAIGN} AS campaign,
      CASE WHEN body LIKE CAST('%"error"%' AS bytea) THEN coalesce({BODY}
        #>> '{{properties,error}}', '') NOT IN ('', 'false', '0', '{{}}', '[]')
        ELSE false END AS failed"""
# Stays in the period by what they began with: channel and device of the touchpoint that entered the
# stage, and the campaign that the customer had named last, up to it.
_PLACE = f"""
  entry AS MATERIALIZED (
    SELECT message_id, source, nullif({DEVICE}, 'unknown') AS device FROM timeline
    WHERE occurred_at >= :from AND occurred_at < :to AND (message_id, source) IN
      (SELECT message_id, source FROM visit WHERE entered_at >= :from)
  ), marked AS (
    SELECT customer_id, occurred_at AS entered_at, message_id, source, campaign,
      NULL::text AS stage, NULL::int AS rank, NULL::text AS channel, NULL::text AS direction,
      NULL::int AS next_rank, NULL::timestamptz AS left_at, NULL::text AS left_message_id,
      NULL::text AS left_source
    FROM felt WHERE campaign IS NOT NULL
    UNION ALL
    SELECT customer_id, entered_at, message_id, source, NULL, stage, rank, channel, direction,
      next_rank, left_at, left_message_id, left_source FROM visit
  ), run AS (
    SELECT *, count(campaign) OVER o AS number FROM marked
    WINDOW o AS (PARTITION BY customer_id
      ORDER BY entered_at, message_id, source, stage NULLS FIRST)
  ), place AS MATERIALIZED (
    SELECT r.customer_id, r.entered_at, r.message_id, r.source, r.stage, r.rank, r.channel,
      r.direction, r.next_rank, r.left_at, r.left_message_id, r.left_source, r.campaign, e.device
    FROM (SELECT customer_id, entered_at, message_id, source, stage, rank, channel, direction,
        next_rank, left_at, left_message_id, left_source, first_value(campaign) OVER
          (PARTITION BY customer_id, number
            ORDER BY entered_at, message_id, source, stage NULLS FIRST) AS campaign
      FROM run) AS r
    LEFT JOIN entry AS e ON e.message_id = r.message_id AND e.source = r.source
    WHERE r.stage IS NOT NULL
  )"""  # noqa: S608 - constants

_WAIT = "make_interval(secs => (:waits)[p.rank])"  # of the stage
_USUAL = "make_interval(secs => (:usuals)[p.rank])"
_ARRIVED = f"""p.entered_at >= :begin AND p.entered_at < :end - {_WAIT}
  AND p.rank < cardinality(:stages)"""
_FINISHED = "p.left_at < :end AND p.next_rank > p.rank"
_CAME = "p.entered_at >= :begin"
# Of each part that is told from the stay alone, which stays those are.
OF_STAYS = {
    "stayed": "true",
    "came": _CAME,
    "looped": f"{_CAME} AND p.direction IN ('backward', 're-entry')",
    "arrived": _ARRIVED,
    "leaked": f"""{_ARRIVED} AND NOT coalesce(p.next_rank > p.rank
      AND p.left_at <= p.entered_at + {_WAIT}, false)""",
    "finished": _FINISHED,
    "stalled": f"{_FINISHED} AND p.left_at > p.entered_at + {_USUAL}",
}

_ROW = "p.stage, p.customer_id, p.channel, p.device, p.campaign"
_THEN = """p.customer_id = t.customer_id
    AND (t.occurred_at, t.message_id, t.source) >= (p.entered_at, p.message_id, p.source)
    AND (p.left_at IS NULL OR (t.occurred_at, t.message_id, t.source)
      < (p.left_at, p.left_message_id, p.left_source))"""
# What happened during the stay: an event, or a signal by its rule.
CAUSED = {
    "repeated": f"""SELECT {_ROW}, t.event AS cause
    FROM (SELECT * FROM felt WHERE (customer_id, event) IN (SELECT customer_id, event FROM felt
      WHERE event NOT IN {_CALLS} GROUP BY customer_id, event
      HAVING count(*) >= {REPEATS_MIN})) AS t
    JOIN place AS p ON {_THEN}
    GROUP BY {_ROW}, p.entered_at, t.event
    HAVING count(*) >= {REPEATS_MIN}""",  # noqa: S608 - constants
    "erred": f"""SELECT {_ROW}, t.event AS cause FROM felt AS t JOIN place AS p ON {_THEN}
    WHERE t.failed OR t.event IN
      (SELECT event FROM (SELECT DISTINCT event FROM felt OFFSET 0) AS known
      WHERE event = ANY(:errors) OR event ~* '{ERRORS}')""",  # noqa: S608 - constants
    "abandoned": f"""SELECT {_ROW}, g.rule AS cause FROM signaled AS g
    JOIN place AS p ON p.customer_id = g.customer_id AND p.entered_at <= g.due_at
      AND (p.left_at IS NULL OR p.left_at > g.due_at)
    WHERE g.state <> 'retracted'""",  # noqa: S608 - constants
}
PAIN_PARTS = CAUSED | {
    part: f"SELECT {_ROW}, NULL AS cause FROM place AS p WHERE {stays}"  # noqa: S608 - constants
    for part, stays in OF_STAYS.items()
}


def pain_tables(filters: str) -> str:
    """Tables up to `place`, more of the WITH clause; `filters` of touchpoints, in SQL."""
    return f"{touches('felt', filters=filters, columns=_COLUMNS)}, {_PLACE}"


def error_events(definition: Definition) -> list[str]:
    """The events that open an abandonment rule whose name says that something failed."""
    rules = [rule for rule in definition.abandonment if _FAILED.search(rule.name)]
    return sorted(event for rule in rules if rule.opens for event in rule.opens.events)


_FAILED = re.compile(ERRORS, re.IGNORECASE)
