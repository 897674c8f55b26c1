"""When each touchpoint was stored.

Revision ID: 0008
Revises: 0007
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # A migration waits briefly for its locks and never holds up the running code for long.
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("SET LOCAL statement_timeout = '60s'")
    # Rows that are there keep null: with a default at once they would all be stored just now.
    op.add_column("timeline", sa.Column("recorded_at", sa.DateTime(timezone=True)))
    op.alter_column("timeline", "recorded_at", server_default=sa.func.now())


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("SET LOCAL statement_timeout = '60s'")
    op.drop_column("timeline", "recorded_at")
