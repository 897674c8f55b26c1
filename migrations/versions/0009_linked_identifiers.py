"""Keep what is linked with what, so that identity can be computed again

Revision: 0009, after 0008.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("SET LOCAL statement_timeout = '10min'")
    op.create_table(
        "identifier_links",
        sa.Column("identifier_key", sa.UUID(), nullable=False),
        sa.Column("linked_key", sa.UUID(), nullable=False),
        sa.PrimaryKeyConstraint("identifier_key", "linked_key", name=op.f("pk_identifier_links")),
    )
    op.create_table(
        "operator_links",
        sa.Column("link_id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("a_key", sa.UUID(), nullable=False),
        sa.Column("a_kind", sa.Text(), nullable=False),
        sa.Column("a_value", sa.Text(), nullable=False),
        sa.Column("b_key", sa.UUID(), nullable=True),
        sa.Column("b_kind", sa.Text(), nullable=True),
        sa.Column("b_value", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("link_id", name=op.f("pk_operator_links")),
    )
    op.create_index(op.f("ix_operator_links_a_key"), "operator_links", ["a_key"])
    op.create_index(op.f("ix_operator_links_b_key"), "operator_links", ["b_key"])
    op.alter_column("identifiers", "customer_id", existing_type=postgresql.UUID(), nullable=True)
    op.add_column(
        "identifiers",
        sa.Column("named", sa.Boolean(), server_default=sa.text("false"), nullable=False),
    )
    # Who owned two identifiers, now or for a while, or was refused one, got them named together.
    op.execute(
        """
        INSERT INTO identifier_links (identifier_key, linked_key)
        WITH owned AS (
          SELECT customer_id, identifier_key FROM identifiers
          UNION SELECT customer_id, identifier_key FROM ownership_periods
          UNION SELECT from_customer_id, identifier_key FROM conflicts
          UNION SELECT to_customer_id, identifier_key FROM conflicts
        ), hub AS (
          SELECT DISTINCT ON (customer_id) customer_id, identifier_key AS hub_key
          FROM owned ORDER BY customer_id, identifier_key
        )
        SELECT hub_key, identifier_key FROM owned JOIN hub USING (customer_id)
        WHERE hub_key <> identifier_key
        UNION
        SELECT identifier_key, hub_key FROM owned JOIN hub USING (customer_id)
        WHERE hub_key <> identifier_key
        """
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("SET LOCAL statement_timeout = '10min'")
    op.execute("DELETE FROM identifiers WHERE customer_id IS NULL")
    op.drop_column("identifiers", "named")
    op.alter_column("identifiers", "customer_id", existing_type=postgresql.UUID(), nullable=False)
    op.drop_table("operator_links")
    op.drop_table("identifier_links")
