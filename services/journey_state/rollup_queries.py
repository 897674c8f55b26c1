"""What a customer adds to the map's roll-ups: SQL behind the tables of the one compiler.

Of each cell (part, stage, detail, name) and each day on which a customer has something there stands
one person, with the day before it on which they had (`prev_day`). So people of the days from F to T
are those with `day` in them and `prev_day` before F: each person once, at their first day. Other
parts have what they are told apart by in its place:

- present: when the stay before, in the same stage, ended;
- converted: beside the entry before, when a stage further on was entered (`until_day`);
- abandoned: the day on which something that was left behind in the stay first came due, and
  abandoned_ended: the day on which such a stay ended; both are summed from the first day on.
"""

from __future__ import annotations

from services.journey_state.stay_queries import ABANDONED, PARTS, tables

GAP_DAYS_MAX = 93  # a quarter: over a longer one nothing is told, and periods are no longer
NEVER = -(1 << 31)  # `prev_day`: not within that gap
EVER = (1 << 31) - 1  # `until_day`
BINS_PER_E = 64  # dwells of one cell differ by 1.6 % at most

_DAY = "(({at} AT TIME ZONE 'UTC')::date - DATE '1970-01-01')"


def day(at: str) -> str:
    """The day of UTC of this instant, since 1970."""
    return _DAY.format(at=at)


def cell(part: str, stage: str, detail: str, name: str) -> str:
    """The hash that stands for these expressions."""
    text = f"concat({part}, chr(31), {stage}, chr(31), {detail}, chr(31), {name})"
    return f"('x' || left(md5({text}), 16))::bit(64)::bigint"


LASTED = "CAST(extract(epoch FROM left_at - entered_at) AS float8)"
BIN = f"CAST(floor(ln(greatest({LASTED}, 0) + 1) * {BINS_PER_E}) AS int)::text"
DWELL_CELL = cell("'dwell'", "stage", BIN, "''")

# The touched, the warned and those who ended: each is counted on its own day.
_OCCURRENCES = f"""
  touched AS MATERIALIZED ({PARTS["touched"]}), warned AS ({PARTS["signaled"]}),
  occurrence AS (
    SELECT customer_id, 'channel' AS part, stage, '' AS detail, channel AS name,
      {day("at")} AS day, count(*) AS times FROM touched GROUP BY 1, 2, 3, 4, 5, 6
    UNION ALL
    SELECT customer_id, 'event', stage, '', event, {day("at")}, count(*)
    FROM touched GROUP BY 1, 2, 3, 4, 5, 6
    UNION ALL
    SELECT customer_id, 'signaled', stage, state, rule, {day("at")}, count(*)
    FROM warned GROUP BY 1, 2, 3, 4, 5, 6
    UNION ALL
    SELECT customer_id, 'ended', stage, '', '', {day("left_at")}, count(*)
    FROM stay WHERE left_at IS NOT NULL GROUP BY 1, 2, 3, 4, 5, 6
  )"""  # noqa: S608 - constants

# Of several entries on one day the first: whoever came more often that day is told apart by
# nothing else. The first entry has the earliest way further.
_STAYS = f"""
  again AS MATERIALIZED (
    SELECT *, {day("entered_at")} AS day, {day("left_at")} AS left_day,
      {day("lag(left_at) OVER w")} AS left_before
    FROM stay
    WINDOW w AS (PARTITION BY customer_id, stage ORDER BY entered_at, message_id, source)
  ), further AS (
    SELECT s.customer_id, s.entered_at, s.message_id, s.source,
      {day("min(l.entered_at)")} AS further_day
    FROM stay AS s JOIN stay AS l ON l.customer_id = s.customer_id AND l.rank > s.rank
      AND (l.entered_at, l.message_id, l.source) > (s.entered_at, s.message_id, s.source)
    GROUP BY 1, 2, 3, 4
  ), entry AS (
    SELECT DISTINCT ON (customer_id, stage, day) customer_id, stage, day, left_before, further_day,
      count(*) OVER (PARTITION BY customer_id, stage, day) AS times
    FROM again LEFT JOIN further USING (customer_id, entered_at, message_id, source)
    ORDER BY customer_id, stage, day, entered_at, message_id, source
  ), entered AS (
    SELECT *, lag(day) OVER (PARTITION BY customer_id, stage ORDER BY day) AS before FROM entry
  ), given_up AS (
    SELECT s.customer_id, s.stage, {day("s.left_at")} AS left_day, {day("min(g.due_at)")} AS day
    FROM stay AS s JOIN signals AS g ON g.customer_id = s.customer_id AND g.{ABANDONED}
      AND g.due_at >= s.entered_at AND (s.left_at IS NULL OR g.due_at < s.left_at)
    GROUP BY s.customer_id, s.stage, s.entered_at, s.message_id, s.source, s.left_at
  )"""  # noqa: S608 - constants

CONTRIBUTIONS = f"""
{tables(among=True)}, {_OCCURRENCES}, {_STAYS},
  line (customer_id, part, stage, detail, name, day, before, until, times) AS (
    SELECT customer_id, part, stage, detail, name, day,
      lag(day) OVER (PARTITION BY customer_id, part, stage, detail, name ORDER BY day),
      NULL::int, times FROM occurrence
    UNION ALL
    SELECT customer_id, 'entered', stage, '', '', day, before, NULL, times FROM entered
    UNION ALL
    SELECT customer_id, 'present', stage, '', '', day, left_before, NULL, 0 FROM entered
    UNION ALL
    SELECT customer_id, 'converted', stage, '', '', day, before, further_day, 0
    FROM entered WHERE further_day IS NOT NULL
    UNION ALL
    SELECT customer_id, 'abandoned', stage, '', '', day, NULL, NULL, count(*)
    FROM given_up GROUP BY 1, 3, 6
    UNION ALL
    SELECT customer_id, 'abandoned_ended', stage, '', '', left_day, NULL, NULL, count(*)
    FROM given_up WHERE left_day IS NOT NULL GROUP BY 1, 3, 6
    UNION ALL
    SELECT customer_id, 'dwell', stage, {BIN}, '', {day("left_at")}, NULL, NULL, count(*)
    FROM stay WHERE left_at IS NOT NULL GROUP BY 1, 3, 4, 6
  ), told AS MATERIALIZED (
    SELECT *, {cell("part", "stage", "detail", "name")} AS cell,
      coalesce(CASE WHEN day - before <= {GAP_DAYS_MAX} THEN before END, {NEVER}) AS prev_day,
      coalesce(CASE WHEN until - day <= {GAP_DAYS_MAX} THEN until END, {EVER}) AS until_day
    FROM line
  ), lasted AS MATERIALIZED (
    SELECT customer_id, {DWELL_CELL} AS cell, {LASTED} AS seconds, {day("left_at")} AS day
    FROM stay WHERE left_at IS NOT NULL
  )"""  # noqa: S608 - constants
