"""Stays in stages and signals as tables of a WITH clause, and the rows behind each part of them."""

from __future__ import annotations

from services.journey_state.touch_queries import AMONG, MOVED, MOVED_AMONG, OWN, touches

# One window, backwards: what comes next is what came before, and the frame only grows.
_STAYS = """
  stay AS (
    SELECT customer_id, stage, rank, channel, direction, entered_at, message_id, source,
      lag(rank) OVER b AS next_rank,
      lag(entered_at) OVER b AS left_at, lag(message_id) OVER b AS left_message_id,
      lag(source) OVER b AS left_source {reached}
    FROM (SELECT *, array_position(:stages, stage) AS rank FROM stage_history
      WHERE superseded_at IS NULL {people}) AS present
    WINDOW b AS (PARTITION BY customer_id ORDER BY entered_at DESC, message_id DESC, source DESC)
  ), visit AS (
    SELECT * FROM stay WHERE entered_at < :end AND (left_at IS NULL OR left_at >= :begin)
  ), person AS (
    SELECT p.stage, p.customer_id, CASE WHEN left_at < :end THEN 'moved'
      WHEN g.due_at >= p.entered_at THEN 'left' ELSE 'still_here' END AS outcome
    FROM (SELECT DISTINCT ON (stage, customer_id) * FROM visit
      ORDER BY stage, customer_id, entered_at DESC, message_id DESC, source DESC) AS p
    LEFT JOIN abandoned AS g ON g.customer_id = p.customer_id
  )"""

# A window of its own: only for who asks.
_REACHED = """,
      max(rank) FILTER (WHERE entered_at < :end) OVER
        (b ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS reached"""

_SIGNALS = "SELECT * FROM signals WHERE due_at >= :from AND due_at < :to {filters}"
# Whoever left something behind and did not come back for it, and when the last of it was due.
ABANDONED = "state IN ('raised', 'expired')"
_ABANDONED = """
  abandoned AS (
    SELECT customer_id, max(due_at) AS due_at FROM signals
    WHERE {standing} AND due_at < :end {of_them} GROUP BY customer_id
  ), """

# Of each part the rows behind its number: a person may have several.
PARTS = {
    "present": "SELECT stage, customer_id FROM visit",
    "entered": "SELECT stage, customer_id FROM visit WHERE entered_at >= :begin",
    "moved": "SELECT stage, customer_id FROM person WHERE outcome = 'moved'",
    "still_here": "SELECT stage, customer_id FROM person WHERE outcome = 'still_here'",
    "left": "SELECT stage, customer_id FROM person WHERE outcome = 'left'",
    "there": "SELECT stage, customer_id FROM person WHERE outcome <> 'moved'",
    "converted": """
      SELECT stage, customer_id FROM visit WHERE entered_at >= :begin AND reached > rank""",
    "ended": "SELECT stage, customer_id FROM visit WHERE left_at < :end",
    "stock": "SELECT stage, customer_id FROM stay WHERE left_at IS NULL",
    "touched": """
      SELECT s.stage, t.customer_id, t.channel, t.event, t.occurred_at AS at FROM touch AS t
      JOIN stay AS s ON s.customer_id = t.customer_id
        AND (t.occurred_at, t.message_id, t.source) >= (s.entered_at, s.message_id, s.source)
        AND (s.left_at IS NULL OR (t.occurred_at, t.message_id, t.source)
          < (s.left_at, s.left_message_id, s.left_source))""",
    "signaled": """
      SELECT s.stage, g.customer_id, g.rule, g.state, g.due_at AS at FROM signaled AS g
      JOIN stay AS s ON s.customer_id = g.customer_id
        AND s.entered_at <= g.due_at AND (s.left_at IS NULL OR s.left_at > g.due_at)""",
}


def tables(
    *,
    touch_filters: str = "",
    signal_filters: str = "",
    more: str = "",
    people: str = "",
    among: bool = False,
    reached: bool = True,
) -> str:
    """The tables `touch`, `signaled`, `abandoned`, `stay`, `visit`, `person`, as a WITH clause.

    `people` says of whom the last three are, behind tables of `more`. `among`: nothing is read but
    what is of the customers `:among`; of a shared identifier `touch` has what is of others too.
    """
    of_them = f"AND {AMONG}" if among else ""
    owners = f"{OWN}, {MOVED_AMONG}" if among else MOVED
    touch = touches("touch", filters=touch_filters, among=among)
    signals = _SIGNALS.format(filters=f"{of_them} {signal_filters}")
    abandoned = _ABANDONED.format(standing=ABANDONED, of_them=of_them)
    stays = _STAYS.format(people=f"{of_them} {people}", reached=_REACHED if reached else "")
    return f"WITH {owners}, {touch}, signaled AS ({signals}), {abandoned}{more}{stays}"
