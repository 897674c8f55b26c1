"""Keep how recent records went, and when a dead letter was settled

Revision: 0006, after 0005.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("SET LOCAL statement_timeout = '1min'")
    op.add_column("consumer_offsets", sa.Column("braked_at", sa.DateTime(timezone=True)))
    op.add_column("consumer_offsets", sa.Column("marks", sa.Text()))
    op.add_column(
        "dead_letters",
        sa.Column("heartbeat", sa.Boolean(), server_default=sa.text("false"), nullable=False),
    )
    op.add_column("dead_letters", sa.Column("settled_at", sa.DateTime(timezone=True)))


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("SET LOCAL statement_timeout = '1min'")
    op.drop_column("dead_letters", "settled_at")
    op.drop_column("dead_letters", "heartbeat")
    op.drop_column("consumer_offsets", "marks")
    op.drop_column("consumer_offsets", "braked_at")
