"""The paths of people through stages, channels or touchpoints, as more tables of a WITH clause."""

from __future__ import annotations

from services.journey_state.filters import FLOW_STEPS_MAX, FLOW_TOP_DEFAULT, Filters

# What a path is made of. Stages that the definition in force does not have are left out.
_STAGES = """
    SELECT customer_id, stage AS name, entered_at AS at, message_id, source FROM visit
    WHERE rank IS NOT NULL {without}"""
_TOUCHES = """
    SELECT customer_id, name, at, message_id, source
    FROM (SELECT *, lag(name) OVER w AS before FROM
        (SELECT customer_id, {name} AS name, occurred_at AS at, message_id, source FROM touch)
        AS named WHERE true {people} {without}
      WINDOW w AS (PARTITION BY customer_id ORDER BY at, message_id, source)) AS told
    WHERE name IS DISTINCT FROM before"""

# From the anchor on, in the direction of the flow.
_ANCHORED = """
    SELECT * FROM (SELECT *, count(*) FILTER (WHERE name = :flowstart) OVER
        (PARTITION BY customer_id ORDER BY at {way}, message_id {way}, source {way}
        ROWS UNBOUNDED PRECEDING) AS anchors FROM walked) AS counted
    WHERE anchors > 0"""

_PLACED = """
    SELECT customer_id, at, row_number() OVER (PARTITION BY customer_id
        ORDER BY at {way}, message_id {way}, source {way}) AS step,
      CASE WHEN row_number() OVER (PARTITION BY customer_id, name
        ORDER BY at, message_id, source) > 1 THEN 'back:' ELSE 'at:' END || name AS node
    FROM {walked}"""

_ENDED = """
    SELECT f.customer_id, f.step,
      CASE WHEN g.due_at >= f.at {strayed} THEN 'left' ELSE 'still_here' END AS node
    FROM (SELECT DISTINCT ON (customer_id) * FROM placed ORDER BY customer_id, step DESC) AS f
    LEFT JOIN abandoned AS g ON g.customer_id = f.customer_id"""
# In a stage that the definition in force does not have.
_STRAYED = """OR f.customer_id IN (SELECT customer_id FROM visit
        WHERE rank IS NULL AND (left_at IS NULL OR left_at >= :end))"""
_BEGUN = "SELECT customer_id, max(step) AS step, 'began' AS node FROM placed GROUP BY customer_id"

# Whoever's path has ended stays where it did: each column has everybody once.
_SHOWN = """
  columned AS (
    SELECT customer_id, step, node, at, true AS walking FROM placed WHERE step <= {columns}
    UNION ALL
    SELECT f.customer_id, s.step, f.node, NULL, false
    FROM finished AS f, generate_series(f.step + 1, {columns}) AS s (step)
  ), ranked AS (
    SELECT step, node, row_number() OVER (PARTITION BY step
      ORDER BY count(*) DESC, node COLLATE "C") AS place
    FROM columned WHERE walking GROUP BY step, node
  ), shown AS (
    SELECT c.customer_id, c.step, c.at,
      CASE WHEN {cut} THEN 'other' ELSE c.node END AS node
    FROM columned AS c LEFT JOIN ranked AS r ON r.step = c.step AND r.node = c.node AND c.walking
  )"""


def flow_of(filters: Filters, columns: int, people: str) -> str:
    """Tables up to `shown`: of each person and column the one node; `people` limits who counts.

    Cut to the nodes of the most people per column only after everybody was counted.
    """
    way = "DESC" if filters.flow_direction == "backward" else "ASC"
    without = "AND NOT {} = ANY(:flowexclude)" if filters.flow_exclude else ""
    if filters.flow == "stage":
        walked = _STAGES.format(without=without.format("stage"))
    else:
        name = "event" if filters.flow == "touchpoint" else "channel"
        walked = _TOUCHES.format(name=name, people=people, without=without.format("name"))
    anchored = "" if filters.flow_start is None else f", anchored AS ({_ANCHORED.format(way=way)})"
    placed = _PLACED.format(way=way, walked="anchored" if anchored else "walked")
    ended = _ENDED.format(strayed=_STRAYED if filters.flow == "stage" else "")
    finished = _BEGUN if way == "DESC" else ended
    top = filters.flow_top or FLOW_TOP_DEFAULT
    shown = _SHOWN.format(columns=columns, cut="false" if top == "all" else f"r.place > {top}")
    return (
        f"walked AS ({walked}) {anchored}, placed AS ({placed}), finished AS ({finished}), {shown}"
    )


def in_flow(filters: Filters, people: str) -> str:
    """The query of the people at `flow_step`: in all its nodes, in one, or going on to another."""
    step = int(filters.flow_step or "1")
    found = f"SELECT customer_id FROM shown WHERE step = {step}"  # noqa: S608 - a number
    if filters.flow_node is not None:
        found += " AND node = :flownode"
    if filters.flow_next is not None:
        after = f"SELECT customer_id FROM shown WHERE step = {step + 1} AND node = :flownext"  # noqa: S608
        found += f" AND customer_id IN ({after})"
    columns = min(step + 1, FLOW_STEPS_MAX)
    return f"WITH {flow_of(filters, columns, people)} {found}"
