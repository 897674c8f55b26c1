"""Roll up the map anew: who left is told by what was abandoned

Revision: 0018, after 0017.
"""

from __future__ import annotations

from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


# Whoever was rolled up already is again, in the background; the rows tell until then.
_ANEW = "UPDATE map_state SET definition_id = NULL, done_to = NULL, complete = false"


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("SET LOCAL statement_timeout = '10min'")
    op.execute(_ANEW)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("SET LOCAL statement_timeout = '10min'")
    op.execute(_ANEW)
