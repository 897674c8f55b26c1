"""What a customer adds to the map's roll-ups: SQL behind the tables of the one compiler.

Time is told in slots: quarters of an hour, at which the days of every zone begin. Of each cell
(part, stage, detail, name) and each slot in which a customer has something there stands one person,
with the slot before it in which they had (`prev_slot`). So people of the slots from F to T are
those with `slot` in them and `prev_slot` before F: each person once, at their first slot. Other
parts have in its place:

- present: when the stay before, in the same stage, ended;
- converted: stands at the slot in which a stage further on was entered, with the entry before, and
  converted_before at the same with the entry itself: people of the one less those of the other;
- abandoned: stands at the slot in which something that was left behind in the stay first came due,
  and abandoned_ended at that in which such a stay ended; both are summed from the first slot on.
"""

from __future__ import annotations

from services.journey_state.stay_queries import ABANDONED, PARTS, tables

SLOT_SECONDS = 900
DAY_SLOTS = 96
GAP_SLOTS_MAX = 93 * DAY_SLOTS  # a quarter: over a longer gap nothing is told, nor asked
NEVER = -(1 << 31)  # `prev_slot`: not within that gap
BINS_PER_E = 64  # dwells of one cell differ by 1.6 % at most

_DAYS_BEFORE = 1_000_000  # before 1970: PostgreSQL rounds towards 0


def slot(at: str) -> str:
    """The slot of this instant, since 1970."""
    return f"CAST(floor(date_part('epoch', {at}) / {SLOT_SECONDS}) AS int)"


def day(slot: str) -> str:
    """The day of UTC of this slot, since 1970."""
    return f"(({slot} + {_DAYS_BEFORE * DAY_SLOTS}) / {DAY_SLOTS} - {_DAYS_BEFORE})"


def cell(part: str, stage: str, detail: str, name: str) -> str:
    """The hash that stands for these expressions."""
    text = f"concat({part}, chr(31), {stage}, chr(31), {detail}, chr(31), {name})"
    return f"hashtextextended({text}, 0)"


LASTED = "CAST(extract(epoch FROM left_at - entered_at) AS float8)"
BIN = f"CAST(floor(ln(greatest({LASTED}, 0) + 1) * {BINS_PER_E}) AS int)::text"
DWELL_CELL = cell("'dwell'", "stage", BIN, "''")

# The touched, the warned and those who ended: each is counted in its own slot.
_OCCURRENCES = f"""
  touched AS MATERIALIZED ({PARTS["touched"]}), warned AS ({PARTS["signaled"]}),
  occurrence AS (
    SELECT customer_id, 'channel' AS part, stage, '' AS detail, channel AS name,
      {slot("at")} AS slot, count(*) AS times FROM touched GROUP BY 1, 2, 3, 4, 5, 6
    UNION ALL
    SELECT customer_id, 'event', stage, '', event, {slot("at")}, count(*)
    FROM touched GROUP BY 1, 2, 3, 4, 5, 6
    UNION ALL
    SELECT customer_id, 'signaled', stage, state, rule, {slot("at")}, count(*)
    FROM warned GROUP BY 1, 2, 3, 4, 5, 6
    UNION ALL
    SELECT customer_id, 'ended', stage, '', '', {slot("left_at")}, count(*)
    FROM stay WHERE left_at IS NOT NULL GROUP BY 1, 2, 3, 4, 5, 6
  )"""  # noqa: S608 - constants

# Of several entries in one slot the first: whoever came more often in it is told apart by
# nothing else. The first entry has the earliest way further.
_STAYS = f"""
  again AS MATERIALIZED (
    SELECT *, {slot("entered_at")} AS slot, {slot("left_at")} AS left_slot,
      {slot("lag(left_at) OVER w")} AS left_before
    FROM stay
    WINDOW w AS (PARTITION BY customer_id, stage ORDER BY entered_at, message_id, source)
  ), further AS (
    SELECT s.customer_id, s.entered_at, s.message_id, s.source,
      {slot("min(l.entered_at)")} AS further_slot
    FROM stay AS s JOIN stay AS l ON l.customer_id = s.customer_id AND l.rank > s.rank
      AND (l.entered_at, l.message_id, l.source) > (s.entered_at, s.message_id, s.source)
    GROUP BY 1, 2, 3, 4
  ), entry AS (
    SELECT DISTINCT ON (customer_id, stage, slot) customer_id, stage, slot, left_before,
      further_slot, count(*) OVER (PARTITION BY customer_id, stage, slot) AS times
    FROM again LEFT JOIN further USING (customer_id, entered_at, message_id, source)
    ORDER BY customer_id, stage, slot, entered_at, message_id, source
  ), entered AS (
    SELECT *, lag(slot) OVER (PARTITION BY customer_id, stage ORDER BY slot) AS before FROM entry
  ), given_up AS (
    SELECT s.customer_id, s.stage, {slot("s.left_at")} AS left_slot,
      {slot("min(g.due_at)")} AS slot
    FROM stay AS s JOIN signals AS g ON g.customer_id = s.customer_id AND g.{ABANDONED}
      AND g.due_at >= s.entered_at AND (s.left_at IS NULL OR g.due_at < s.left_at)
    GROUP BY s.customer_id, s.stage, s.entered_at, s.message_id, s.source, s.left_at
  )"""  # noqa: S608 - constants

# Whoever has two in one slot is in no period by the second: it is not told.
CONTRIBUTIONS = f"""
{tables(among=True)}, {_OCCURRENCES}, {_STAYS},
  line (customer_id, part, stage, detail, name, slot, before, times) AS (
    SELECT customer_id, part, stage, detail, name, slot,
      lag(slot) OVER (PARTITION BY customer_id, part, stage, detail, name ORDER BY slot), times
    FROM occurrence
    UNION ALL
    SELECT customer_id, 'entered', stage, '', '', slot, before, times FROM entered
    UNION ALL
    SELECT customer_id, 'present', stage, '', '', slot, left_before, 0
    FROM entered WHERE left_before IS DISTINCT FROM slot
    UNION ALL
    SELECT customer_id, 'converted', stage, '', '', further_slot, before, 0
    FROM entered WHERE further_slot IS NOT NULL
    UNION ALL
    SELECT customer_id, 'converted_before', stage, '', '', further_slot, slot, 0
    FROM entered WHERE further_slot > slot
    UNION ALL
    SELECT customer_id, 'abandoned', stage, '', '', slot, NULL, count(*)
    FROM given_up GROUP BY 1, 3, 6
    UNION ALL
    SELECT customer_id, 'abandoned_ended', stage, '', '', left_slot, NULL, count(*)
    FROM given_up WHERE left_slot IS NOT NULL GROUP BY 1, 3, 6
  ), told AS MATERIALIZED (
    SELECT *, {cell("part", "stage", "detail", "name")} AS cell,
      coalesce(CASE WHEN slot - before <= {GAP_SLOTS_MAX} THEN before END, {NEVER}) AS prev_slot
    FROM line
  ), lasted AS MATERIALIZED (
    SELECT customer_id, stage, {BIN} AS bin, {DWELL_CELL} AS cell, {LASTED} AS seconds,
      {slot("left_at")} AS slot
    FROM stay WHERE left_at IS NOT NULL
  )"""  # noqa: S608 - constants
