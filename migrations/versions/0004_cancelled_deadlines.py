"""Deadlines that operators cancelled.

Revision: 0004, after 0003
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # A migration waits briefly for its locks and never holds up the running code for long.
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("SET LOCAL statement_timeout = '10min'")
    op.create_table(
        "cancelled_deadlines",
        sa.Column("cancellation_key", sa.UUID(), nullable=False),
        sa.Column("message_key", sa.UUID(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=True),
        sa.Column("source", sa.Text(collation="C"), nullable=False),
        sa.Column("message_id", sa.Text(collation="C"), nullable=False),
        sa.Column(
            "cancelled_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("cancellation_key", name=op.f("pk_cancelled_deadlines")),
    )
    op.create_index(
        op.f("ix_cancelled_deadlines_message_key"), "cancelled_deadlines", ["message_key"]
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("SET LOCAL statement_timeout = '10min'")
    op.drop_index(op.f("ix_cancelled_deadlines_message_key"), table_name="cancelled_deadlines")
    op.drop_table("cancelled_deadlines")
