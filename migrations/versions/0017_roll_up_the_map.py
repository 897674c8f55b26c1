"""Roll the journey map's figures up by day, and note whose have changed since

Revision: 0017, after 0016.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

# (table, event, rows that say who changed, columns of `map_changes` that they give)
_NOTED = (
    ("timeline", "INSERT", "new", "NULL::uuid, identifier_key"),
    ("timeline", "UPDATE", "both", "NULL::uuid, identifier_key"),
    ("timeline", "DELETE", "old", "NULL::uuid, identifier_key"),
    ("stage_history", "INSERT", "new", "customer_id, NULL::uuid"),
    ("stage_history", "UPDATE", "both", "customer_id, NULL::uuid"),
    ("stage_history", "DELETE", "old", "customer_id, NULL::uuid"),
    ("signals", "INSERT", "new", "customer_id, NULL::uuid"),
    ("signals", "UPDATE", "both", "customer_id, NULL::uuid"),
    ("signals", "DELETE", "old", "customer_id, NULL::uuid"),
    ("identifiers", "INSERT", "new", "customer_id, NULL::uuid"),
    ("identifiers", "UPDATE", "both", "customer_id, NULL::uuid"),
    ("identifiers", "DELETE", "old", "customer_id, NULL::uuid"),
    ("ownership_periods", "INSERT", "new", "customer_id, identifier_key"),
    ("ownership_periods", "UPDATE", "both", "customer_id, identifier_key"),
    ("ownership_periods", "DELETE", "old", "customer_id, identifier_key"),
)
_REFERENCING = {
    "new": "NEW TABLE AS new_rows",
    "old": "OLD TABLE AS old_rows",
    "both": "NEW TABLE AS new_rows OLD TABLE AS old_rows",
}
_ROWS = {
    "new": "SELECT DISTINCT {columns} FROM new_rows",
    "old": "SELECT DISTINCT {columns} FROM old_rows",
    "both": "SELECT {columns} FROM new_rows UNION SELECT {columns} FROM old_rows",
}


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("SET LOCAL statement_timeout = '10min'")
    _make_tables()
    # Each statement notes whose rows it changed, whatever program it is of.
    for table, event, rows, columns in _NOTED:
        name = f"note_{table}_{event.lower()}"
        op.execute(
            f"""
            CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
              INSERT INTO map_changes (customer_id, identifier_key)
              {_ROWS[rows].format(columns=columns)};
              RETURN NULL;
            END $$
            """
        )
        op.execute(
            f"CREATE TRIGGER {name} AFTER {event} ON {table} "
            f"REFERENCING {_REFERENCING[rows]} FOR EACH STATEMENT EXECUTE FUNCTION {name}()"
        )
    op.create_index(
        "ix_timeline_occurred_at",
        "timeline",
        ["occurred_at"],
        postgresql_using="brin",
        postgresql_ops={"occurred_at": "timestamptz_minmax_multi_ops"},
        postgresql_with={"pages_per_range": "32", "autosummarize": "on"},
    )


def _make_tables() -> None:
    op.create_table(
        "map_state",
        sa.Column("id", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("definition_id", sa.SmallInteger(), nullable=True),
        sa.Column("done_to", sa.UUID(), nullable=True),
        sa.Column("complete", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_map_state_single")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_map_state")),
        postgresql_with={"fillfactor": "50"},
    )
    op.execute("INSERT INTO map_state (id) VALUES (1)")
    op.create_table(
        "map_cells",
        sa.Column("cell", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("part", sa.Text(), nullable=False),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("cell", name=op.f("pk_map_cells")),
    )
    op.create_table(
        "map_counts",
        sa.Column("cell", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("day", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("prev_day", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("until_day", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("people", sa.Integer(), nullable=False),
        sa.Column("times", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("cell", "day", "prev_day", "until_day", name=op.f("pk_map_counts")),
        postgresql_with={"fillfactor": "70"},
    )
    op.create_table(
        "map_dwells",
        sa.Column("cell", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("seconds", sa.Double(), autoincrement=False, nullable=False),
        sa.Column("day", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("times", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("cell", "seconds", "day", name=op.f("pk_map_dwells")),
    )
    op.create_table(
        "map_people",
        sa.Column("customer_id", sa.UUID(), nullable=False),
        *(
            sa.Column(name, sa.ARRAY(kind), nullable=False)
            for name, kind in (
                ("cells", sa.BigInteger()),
                ("days", sa.Integer()),
                ("prev_days", sa.Integer()),
                ("until_days", sa.Integer()),
                ("times", sa.Integer()),
                ("dwell_cells", sa.BigInteger()),
                ("dwell_seconds", sa.Double()),
                ("dwell_days", sa.Integer()),
            )
        ),
        sa.PrimaryKeyConstraint("customer_id", name=op.f("pk_map_people")),
    )
    op.create_table(
        "map_changes",
        sa.Column("customer_id", sa.UUID(), nullable=True),
        sa.Column("identifier_key", sa.UUID(), nullable=True),
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("SET LOCAL statement_timeout = '10min'")
    op.drop_index("ix_timeline_occurred_at", "timeline")
    for table, event, _, _ in _NOTED:
        name = f"note_{table}_{event.lower()}"
        op.execute(f"DROP TRIGGER {name} ON {table}")
        op.execute(f"DROP FUNCTION {name}()")
    for table in ("changes", "people", "dwells", "counts", "cells", "state"):
        op.drop_table(f"map_{table}")
