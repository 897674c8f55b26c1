"""The people behind pain, as rows of SQL: struck or not, each with what they came by."""

from __future__ import annotations

import re

from services.journey_state.definition import Definition
from services.journey_state.facets import FAILED
from services.journey_state.filters import CHANNELS
from services.journey_state.touch_queries import BODY, CAMPAIGN, DEVICE, kept_or, touches

REPEATS_MIN = 3  # times that one event comes during a stay before it is a loop
ERRORS = r"(fail(ed|ure)?|errors?|declined|rejected|denied|crashed|timed[ _-]?out|timeout)$"

_CALLS = "('page', 'screen', 'identify', 'group', 'alias')"
# Read as JSON are only records in which these words stand at all.
_FAILED = f"""CASE WHEN body LIKE CAST('%"error"%' AS bytea) THEN coalesce({BODY}
        #>> '{{properties,error}}', '') NOT IN ('', 'false', '0', '{{}}', '[]')
        ELSE false END"""
FAILED_ONE = kept_or(f"facets & {FAILED} <> 0", _FAILED)
# `asked`: what the filters of touchpoints let through; a device is that of any.
_COLUMNS = """, {campaign} AS campaign, {failed} AS failed, {device} AS device,
      (true {filters}) AS asked"""

# Sets of channels are numbers with a bit for each.
_CHANNELS = ", ".join(f"'{channel}'" for channel in CHANNELS)
_BIT = f"(1 << array_position(ARRAY[{_CHANNELS}], {{channel}}) >> 1)"
_SETS = f"""
  sets AS MATERIALIZED (
    SELECT used, array_agg(channel) AS channels
    FROM generate_series(0, {2 ** len(CHANNELS) - 1}) AS used,
      unnest(ARRAY[{_CHANNELS}]) AS channel
    WHERE used & {_BIT.format(channel="channel")} <> 0 GROUP BY used
  )"""  # noqa: S608 - constants
# The greatest of them is the campaign that was named last: text orders times as they follow.
_NAMED = """
      (ARRAY[encode(timestamptz_send(t.occurred_at + make_interval(hours => 17520000)), 'hex'),
        t.message_id, t.source, t.campaign] COLLATE "C")"""
_AT = "(t.occurred_at, t.message_id, t.source)"

# Stays in the period by what people came by and used: device of the touchpoint that entered the
# stage, the campaign that the customer had named last up to it, channels while in the stage.
# Stays follow each other: what comes behind the beginning of one is of that one, until the next.
# What came before the first is of none, and counts for the campaign alone.
_PLACE = f"""
  spell AS MATERIALIZED (
    SELECT row_number() OVER () AS number, customer_id, stage, rank, channel, direction, entered_at,
      message_id, source, next_rank, left_at, left_message_id, left_source FROM visit
  ), during AS MATERIALIZED (
    SELECT t.customer_id, s.number, t.event, count(*) FILTER (WHERE t.asked) AS times,
      bit_or({_BIT.format(channel="t.channel")}) FILTER (WHERE t.asked) AS used,
      bool_or(t.failed AND t.asked) AS failed,
      max({_NAMED}) FILTER (WHERE t.asked AND t.campaign IS NOT NULL) AS named,
      max({_NAMED}) FILTER (WHERE t.asked AND t.campaign IS NOT NULL
        AND {_AT} = (s.entered_at, s.message_id, s.source)) AS named_by_entry,
      max(nullif(t.device, 'unknown')) FILTER
        (WHERE {_AT} = (s.entered_at, s.message_id, s.source)) AS device
    FROM felt AS t LEFT JOIN spell AS s ON s.customer_id = t.customer_id
      AND {_AT} >= (s.entered_at, s.message_id, s.source)
      AND (s.left_at IS NULL OR s.left_at >= :end
        OR {_AT} < (s.left_at, s.left_message_id, s.left_source))
    WHERE s.number IS NOT NULL OR t.campaign IS NOT NULL
    GROUP BY t.customer_id, s.number, t.event
  ), summed AS MATERIALIZED (
    SELECT customer_id, number, bit_or(used) AS used, max(named) AS named,
      max(named_by_entry) AS named_by_entry, max(device) AS device, sum(times) > 0 AS acted
    FROM during GROUP BY customer_id, number
  ), {_SETS.strip()}, place AS MATERIALIZED (
    SELECT s.number, s.customer_id, s.entered_at, s.stage, s.rank, s.direction, s.next_rank,
      s.left_at, s.device, s.acted, s.used, sets.channels, (coalesce(s.named_by_entry,
        max(s.named) OVER (PARTITION BY s.customer_id ORDER BY s.entered_at, s.message_id, s.source
          ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), b.named))[4] AS campaign
    FROM (SELECT s.*, coalesce(u.used, 0) | coalesce({_BIT.format(channel="s.channel")}, 0) AS used,
        u.device, u.named, u.named_by_entry, coalesce(u.acted, false) AS acted
      FROM spell AS s LEFT JOIN summed AS u ON u.number = s.number) AS s
    LEFT JOIN summed AS b ON b.customer_id = s.customer_id AND b.number IS NULL
    LEFT JOIN sets ON sets.used = s.used
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
    FROM during AS d JOIN place AS p ON p.number = d.number
    WHERE d.event NOT IN {_CALLS} AND d.times >= {REPEATS_MIN}""",  # noqa: S608 - constants
    "erred": f"""SELECT {_ROW}, d.event AS cause
    FROM during AS d JOIN place AS p ON p.number = d.number
    WHERE d.times > 0 AND (d.failed OR d.event IN
      (SELECT event FROM (SELECT DISTINCT event FROM during OFFSET 0) AS known
      WHERE event = ANY(:errors) OR event ~* '{ERRORS}'))""",  # noqa: S608 - constants
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
    columns = _COLUMNS.format(campaign=CAMPAIGN, failed=FAILED_ONE, device=DEVICE, filters=filters)
    return f"{touches('felt', columns=columns)}, {_PLACE}"


def error_events(definition: Definition) -> list[str]:
    """The events that open an abandonment rule whose name says that something failed."""
    rules = [rule for rule in definition.abandonment if _NAMED_SO.search(rule.name)]
    return sorted(event for rule in rules if rule.opens for event in rule.opens.events)


_NAMED_SO = re.compile(ERRORS, re.IGNORECASE)
