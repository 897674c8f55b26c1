"""Note which transaction wrote a stage change or a signal

Revision: 0016, after 0015.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

TABLES = ("stage_history", "signals")


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("SET LOCAL statement_timeout = '10min'")
    for table in TABLES:
        # The default comes second: with it the column would be written into every row there is.
        op.add_column(table, sa.Column("written_by", sa.BigInteger(), nullable=True))
        op.alter_column(
            table, "written_by", server_default=sa.text("(pg_current_xact_id()::text)::bigint")
        )
        op.create_index(
            f"ix_{table}_written_by",
            table,
            ["written_by"],
            postgresql_where=sa.text("written_by IS NOT NULL"),
        )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("SET LOCAL statement_timeout = '10min'")
    for table in TABLES:
        op.drop_index(f"ix_{table}_written_by", table_name=table)
        op.drop_column(table, "written_by")
