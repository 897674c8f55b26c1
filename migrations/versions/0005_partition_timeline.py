"""Cut the timeline into partitions by month; what there is becomes the one of the past

Revision: 0005, after 0004.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

COLUMNS = (
    "identifier_key, occurred_at, message_id, source, received_at, channel, event, body, too_late"
)
# Rows are not copied: the old table becomes the partition of everything before this instant.
PAST = """
DO $$
DECLARE
  newest timestamptz := (SELECT max(occurred_at) FROM timeline_past);
  bound timestamptz := date_trunc('month', now() AT TIME ZONE 'UTC') AT TIME ZONE 'UTC';
BEGIN
  IF newest IS NOT NULL THEN
    bound := greatest(bound, (date_trunc('month', newest AT TIME ZONE 'UTC')
      + interval '1 month') AT TIME ZONE 'UTC');
  END IF;
  EXECUTE format('ALTER TABLE timeline ATTACH PARTITION timeline_past '
    'FOR VALUES FROM (MINVALUE) TO (%L)', bound);
END $$
"""


def upgrade() -> None:
    # A migration waits briefly for its locks and never holds up the running code for long.
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("SET LOCAL statement_timeout = '10min'")
    op.execute("ALTER TABLE timeline RENAME TO timeline_past")
    op.add_column(
        "timeline_past",
        sa.Column("too_late", sa.Boolean(), server_default=sa.text("false"), nullable=False),
    )
    op.execute(
        "ALTER INDEX ix_timeline_identifier_key_occurred_at "
        "RENAME TO timeline_past_identifier_key_occurred_at_idx"
    )
    op.execute(
        "CREATE TABLE timeline (LIKE timeline_past INCLUDING DEFAULTS) "
        "PARTITION BY RANGE (occurred_at)"
    )
    op.create_index(
        "ix_timeline_identifier_key_occurred_at", "timeline", ["identifier_key", "occurred_at"]
    )
    op.execute("CREATE TABLE timeline_default PARTITION OF timeline DEFAULT")
    op.execute(PAST)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("SET LOCAL statement_timeout = '10min'")
    op.execute("CREATE TABLE whole (LIKE timeline INCLUDING DEFAULTS)")
    op.execute(
        f"INSERT INTO whole ({COLUMNS}) SELECT {COLUMNS} FROM timeline"  # noqa: S608
    )
    op.drop_table("timeline")
    op.execute("ALTER TABLE whole RENAME TO timeline")
    op.drop_column("timeline", "too_late")
    op.create_index(
        "ix_timeline_identifier_key_occurred_at", "timeline", ["identifier_key", "occurred_at"]
    )
