"""Keep where the timeline is cut, and the checkpoints left there

Revision: 0010, after 0009.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("SET LOCAL statement_timeout = '10min'")
    op.create_table(
        "timeline_cut",
        sa.Column("id", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("phase", sa.Text(), server_default=sa.text("'idle'"), nullable=False),
        sa.Column("begun_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reached_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("declared_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("barrier", sa.BigInteger(), nullable=True),
        sa.Column("done_to", sa.UUID(), nullable=True),
        sa.CheckConstraint("id = 1", name=op.f("ck_timeline_cut_single")),
        sa.CheckConstraint(
            "phase IN ('idle', 'declared', 'cutting', 'reached', 'dropping')",
            name=op.f("ck_timeline_cut_phase_known"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_timeline_cut")),
        postgresql_with={"fillfactor": "50"},
    )
    op.execute("INSERT INTO timeline_cut (id) VALUES (1)")
    op.create_table(
        "checkpoints",
        sa.Column("identifier_key", sa.UUID(), nullable=False),
        sa.Column("cut_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("identifier_key", "cut_at", name=op.f("pk_checkpoints")),
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("SET LOCAL statement_timeout = '10min'")
    op.drop_table("checkpoints")
    op.drop_table("timeline_cut")
