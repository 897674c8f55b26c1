"""Let definitions be published one after the other, also the same one again

Revision: 0002, after 0001.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("SET LOCAL statement_timeout = '10min'")
    op.add_column(
        "definitions", sa.Column("in_force_from", sa.DateTime(timezone=True), nullable=True)
    )
    op.drop_constraint("uq_definitions_version", "definitions", type_="unique")
    op.create_index(
        "ix_customers_definition_id_customer_id",
        "customers",
        ["definition_id", "customer_id"],
        unique=False,
        postgresql_where=sa.text("merged_into IS NULL"),
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("SET LOCAL statement_timeout = '10min'")
    op.drop_index("ix_customers_definition_id_customer_id", table_name="customers")
    op.create_unique_constraint("uq_definitions_version", "definitions", ["version"])
    op.drop_column("definitions", "in_force_from")
