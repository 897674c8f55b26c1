"""Roll up the map by quarters of an hour beside days, for the days of every zone

Revision: 0020, after 0019.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

# Whoever was rolled up already is again, in the background; the rows tell until then.
_ANEW = "UPDATE map_state SET definition_id = NULL, done_to = NULL, complete = false"


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("SET LOCAL statement_timeout = '10min'")
    _begin_anew()
    _make("map_counts", ("cell", "day", "prev_day"), {"people": False, "times": True}, 70)
    _make("map_slots", ("slot", "cell"), {"people": False, "times": True}, 70)
    _make("map_returns", ("slot", "prev_slot", "cell"), {"people": False})
    op.create_index(
        "ix_map_returns_prev_slot",
        "map_returns",
        ["prev_slot", "slot", "cell"],
        postgresql_include=["people"],
    )
    op.create_index(
        "ix_map_returns_slot", "map_returns", ["slot"], postgresql_where=sa.text("people = 0")
    )
    _make("map_dwells", ("cell", "slot", "seconds"), {"times": False})
    _make_people("slots", "prev_slots")


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("SET LOCAL statement_timeout = '10min'")
    _begin_anew()
    op.drop_table("map_slots")
    op.drop_table("map_returns")
    counts = ("cell", "day", "prev_day", "until_day")
    _make("map_counts", counts, {"people": False, "times": True}, 70)
    _make("map_dwells", ("cell", "seconds", "day"), {"times": False})
    _make_people("days", "prev_days", "until_days")


def _begin_anew() -> None:
    op.execute(_ANEW)
    for table in ("map_counts", "map_dwells", "map_people"):
        op.drop_table(table)


def _make(
    table: str, key: tuple[str, ...], counts: dict[str, bool], fillfactor: int | None = None
) -> None:
    """With integers as its key, and counts that are large or not."""
    kinds = {"cell": sa.BigInteger(), "seconds": sa.Double()}
    filled = {} if fillfactor is None else {"postgresql_with": {"fillfactor": str(fillfactor)}}
    op.create_table(
        table,
        *(
            sa.Column(name, kinds.get(name, sa.Integer()), autoincrement=False, nullable=False)
            for name in key
        ),
        *(
            sa.Column(name, sa.BigInteger() if large else sa.Integer(), nullable=False)
            for name, large in counts.items()
        ),
        sa.PrimaryKeyConstraint(*key, name=op.f(f"pk_{table}")),
        **filled,
    )


def _make_people(*times: str) -> None:
    integers = (*times, "times")
    op.create_table(
        "map_people",
        sa.Column("customer_id", sa.UUID(), nullable=False),
        sa.Column("cells", sa.ARRAY(sa.BigInteger()), nullable=False),
        *(sa.Column(name, sa.ARRAY(sa.Integer()), nullable=False) for name in integers),
        sa.Column("dwell_cells", sa.ARRAY(sa.BigInteger()), nullable=False),
        sa.Column("dwell_seconds", sa.ARRAY(sa.Double()), nullable=False),
        sa.Column(f"dwell_{times[0]}", sa.ARRAY(sa.Integer()), nullable=False),
        sa.PrimaryKeyConstraint("customer_id", name=op.f("pk_map_people")),
    )
