"""The people behind pain, as rows of SQL: struck or not, each with what they came by."""

from __future__ import annotations

import re

from services.journey_state.definition import Definition
from services.journey_state.facets import FAILED
from services.journey_state.touch_queries import BODY, CAMPAIGN, DEVICE, kept_or, touches

REPEATS_MIN = 3  # times that one event comes during a stay before it is a loop
ERRORS = r"(fail(ed|ure)?|errors?|declined|rejected|denied|crashed|timed[ _-]?out|timeout)$"

_CALLS = "('page', 'screen', 'identify', 'group', 'alias')"
# Read as JSON are only records in which these words stand at all.
_FAILED = f"""CASE WHEN body LIKE CAST('%"error"%' AS bytea) THEN coalesce({BODY}
        #>> '{{properties,error}}', '') NOT IN ('', 'false', '0', '{{}}', '[]')
        ELSE false END"""
FAILED_ONE = kept_or(f"facets & {FAILED} <> 0", _FAILED)
_COLUMNS = f", {CAMPAIGN} AS campaign, {FAILED_ONE} AS failed"

# Stays in the period by what people came by and used: device of the touchpoint that entered the
# stage, the campaign that the customer had named last up to it, channels while in the stage.
# Stays follow each other: what comes behind the beginning of one is of that one, until the next.
_PLACE = f"""
  entry AS MATERIALIZED (
    SELECT message_id, source, nullif({DEVICE}, 'unknown') AS device FROM timeline
    WHERE occurred_at >= :from AND occurred_at < :to AND (message_id, source) IN
      (SELECT message_id, source FROM visit WHERE entered_at >= :from)
  ), marked AS (
    SELECT customer_id, occurred_at AS at, message_id, source, campaign, NULL::text AS stage,
      NULL::int AS rank, NULL::text AS channel, NULL::text AS direction, NULL::int AS next_rank,
      NULL::timestamptz AS left_at
    FROM felt WHERE campaign IS NOT NULL
    UNION ALL
    SELECT customer_id, entered_at, message_id, source, NULL, stage, rank, channel, direction,
      next_rank, left_at FROM visit
  ), run AS (
    SELECT *, count(campaign) OVER o AS named, count(stage) OVER o AS number FROM marked
    WINDOW o AS (PARTITION BY customer_id ORDER BY at, message_id, source, stage NULLS FIRST)
  ), during AS MATERIALIZED (
    SELECT * FROM (
      SELECT customer_id, channel, event, failed, count(stage) OVER
        (PARTITION BY customer_id ORDER BY at, message_id, source, stage NULLS LAST) AS number
      FROM (
        SELECT customer_id, occurred_at AS at, message_id, source, channel, event, failed,
          NULL::text AS stage FROM felt
        UNION ALL
        SELECT customer_id, entered_at, message_id, source, NULL, NULL, NULL, stage FROM visit
      ) AS mixed
    ) AS numbered WHERE event IS NOT NULL AND number > 0
  ), used AS (
    SELECT customer_id, number, array_agg(DISTINCT channel) AS channels FROM during
    GROUP BY customer_id, number
  ), place AS MATERIALIZED (
    SELECT r.customer_id, r.number, r.at AS entered_at, r.stage, r.rank, r.direction, r.next_rank,
      r.left_at, r.last_campaign AS campaign, e.device,
      array_append(u.channels, r.channel) AS channels, u.customer_id IS NOT NULL AS acted
    FROM (SELECT *, first_value(campaign) OVER (PARTITION BY customer_id, named
        ORDER BY at, message_id, source, stage NULLS FIRST) AS last_campaign FROM run) AS r
    LEFT JOIN entry AS e ON e.message_id = r.message_id AND e.source = r.source
    LEFT JOIN used AS u ON u.customer_id = r.customer_id AND u.number = r.number
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
    "active": "p.acted",
    "came": _CAME,
    "looped": f"{_CAME} AND p.direction IN ('backward', 're-entry')",
    "arrived": _ARRIVED,
    "leaked": f"""{_ARRIVED} AND NOT coalesce(p.next_rank > p.rank
      AND p.left_at <= p.entered_at + {_WAIT}, false)""",
    "finished": _FINISHED,
    "stalled": f"{_FINISHED} AND p.left_at > p.entered_at + {_USUAL}",
}

_ROW = "p.stage, p.customer_id, p.channels, p.device, p.campaign"
# What happened during the stay: an event, or a signal by its rule.
CAUSED = {
    "repeated": f"""SELECT {_ROW}, d.event AS cause
    FROM (SELECT customer_id, number, event FROM during WHERE event NOT IN {_CALLS}
      GROUP BY customer_id, number, event HAVING count(*) >= {REPEATS_MIN}) AS d
    JOIN place AS p
      ON p.customer_id = d.customer_id AND p.number = d.number""",  # noqa: S608 - constants
    "erred": f"""SELECT {_ROW}, d.event AS cause FROM during AS d
    JOIN place AS p ON p.customer_id = d.customer_id AND p.number = d.number
    WHERE d.failed OR d.event IN
      (SELECT event FROM (SELECT DISTINCT event FROM during OFFSET 0) AS known
      WHERE event = ANY(:errors) OR event ~* '{ERRORS}')""",  # noqa: S608 - constants
    "abandoned": f"""SELECT {_ROW}, g.rule AS cause FROM signaled AS g
    JOIN place AS p ON p.customer_id = g.customer_id AND p.entered_at <= g.due_at
      AND (p.left_at IS NULL OR p.left_at > g.due_at)
    WHERE g.state <> 'retracted' AND p.acted""",  # noqa: S608 - constants
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
    rules = [rule for rule in definition.abandonment if _NAMED_SO.search(rule.name)]
    return sorted(event for rule in rules if rule.opens for event in rule.opens.events)


_NAMED_SO = re.compile(ERRORS, re.IGNORECASE)
