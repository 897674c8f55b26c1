"""Erasures: who was erased, what may not come back, and what stays of it in numbers.

Revision: 0007, after 0006
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_AWARE = sa.DateTime(timezone=True)


def upgrade() -> None:
    # A migration waits briefly for its locks and never holds up the running code for long.
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("SET LOCAL statement_timeout = '10min'")
    op.add_column(
        "consumer_offsets",
        sa.Column("erasures", sa.Boolean(), server_default=sa.text("false"), nullable=False),
    )
    op.create_index(
        "ix_signals_raised_as",
        "signals",
        ["raised_as"],
        postgresql_where=sa.text("raised_as IS NOT NULL"),
    )
    op.create_table(
        "erasures",
        sa.Column("customer_id", sa.UUID(), nullable=False),
        sa.Column("erased_at", _AWARE, nullable=False),
        sa.Column("receipt", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("customer_id", name=op.f("pk_erasures")),
    )
    op.create_table(
        "erasure_secret",
        sa.Column("id", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_erasure_secret_single")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_erasure_secret")),
    )
    op.create_table(
        "erased_identifiers",
        sa.Column("identifier_hash", sa.UUID(), nullable=False),
        sa.Column("until_at", _AWARE, nullable=False),
        sa.Column("from_at", _AWARE, nullable=True),
        sa.Column("primary_only", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint(
            "identifier_hash", "until_at", "primary_only", name=op.f("pk_erased_identifiers")
        ),
    )
    op.create_table(
        "erased_messages",
        sa.Column("message_hash", sa.UUID(), nullable=False),
        sa.Column("expires_at", _AWARE, nullable=False),
        sa.PrimaryKeyConstraint("message_hash", name=op.f("pk_erased_messages")),
    )
    op.create_index(op.f("ix_erased_messages_expires_at"), "erased_messages", ["expires_at"])
    op.create_table(
        "anonymous_counts",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("day", "what", "name", "detail", name=op.f("pk_anonymous_counts")),
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("SET LOCAL statement_timeout = '10min'")
    op.drop_table("anonymous_counts")
    op.drop_index(op.f("ix_erased_messages_expires_at"), table_name="erased_messages")
    op.drop_table("erased_messages")
    op.drop_table("erased_identifiers")
    op.drop_table("erasure_secret")
    op.drop_table("erasures")
    op.drop_index("ix_signals_raised_as", table_name="signals")
    op.drop_column("consumer_offsets", "erasures")
