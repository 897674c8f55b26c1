"""What filters and pain points ask of each touchpoint, in columns beside it.

Revision ID: 0019
Revises: 0018
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # A migration waits briefly for its locks and never holds up the running code for long.
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("SET LOCAL statement_timeout = '60s'")
    # Rows that are there keep null: of them the record itself is read, as before.
    op.add_column("timeline", sa.Column("facets", sa.SmallInteger()))
    op.add_column("timeline", sa.Column("campaign", sa.Text()))


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("SET LOCAL statement_timeout = '60s'")
    op.drop_column("timeline", "campaign")
    op.drop_column("timeline", "facets")
