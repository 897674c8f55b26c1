"""The tables of the past: which copies count, touchpoints, and what is left of those cut off."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    Index,
    LargeBinary,
    SmallInteger,
    Table,
    Text,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import UUID

from services.journey_state.columns import metadata, ordered_text, time_column

dedupe = Table(
    "dedupe",
    metadata,
    Column("message_key", UUID, primary_key=True),  # hash of source and message_id
    time_column("received_at"),  # of the copy that counts
    Column("identifier_key", UUID, nullable=False),  # where that copy stands in the timeline
    time_column("occurred_at"),
)

# By month, so that retention drops whole partitions; `store/partitions.py` makes them.
timeline = Table(
    "timeline",
    metadata,
    Column("identifier_key", UUID, nullable=False),  # the primary identifier
    time_column("occurred_at"),
    ordered_text("message_id"),
    ordered_text("source"),
    time_column("received_at"),
    Column("channel", Text, nullable=False),
    Column("event", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),  # the record's value as it came
    Column("too_late", Boolean, nullable=False, server_default=text("false")),  # never folded
    # When the transaction that stored it began; null: before this was kept, see `received_at`.
    Column("recorded_at", DateTime(timezone=True), server_default=func.now()),
    # What filters and pain points ask (facets.py); null: the record is read whenever it is asked.
    Column("facets", SmallInteger),
    Column("campaign", Text),
    postgresql_partition_by="RANGE (occurred_at)",
)
Index("ix_timeline_identifier_key_occurred_at", timeline.c.identifier_key, timeline.c.occurred_at)
# Touchpoints come about in their order: a summary of some pages each costs next to nothing. Several
# ranges of each, so that late ones among them do not spoil it.
Index(
    "ix_timeline_occurred_at",
    timeline.c.occurred_at,
    postgresql_using="brin",
    postgresql_ops={"occurred_at": "timestamptz_minmax_multi_ops"},
    postgresql_with={"pages_per_range": "32", "autosummarize": "on"},
)

# One row: where the timeline is cut, and how far a cut under way has come (store/cuts.py).
timeline_cut = Table(
    "timeline_cut",
    metadata,
    Column("id", SmallInteger, primary_key=True, autoincrement=False),
    Column("phase", Text, nullable=False, server_default=text("'idle'")),
    time_column("begun_at", nullable=True),
    time_column("reached_at", nullable=True),
    time_column("declared_at", nullable=True),
    Column("barrier", BigInteger),
    Column("done_to", UUID),
    CheckConstraint("id = 1", name="single"),
    CheckConstraint(
        "phase IN ('idle', 'declared', 'cutting', 'reached', 'dropping')", name="phase_known"
    ),
    postgresql_with={"fillfactor": "50"},
)

# What is left of a customer before the cut, under the first identifier it owned there.
checkpoints = Table(
    "checkpoints",
    metadata,
    Column("identifier_key", UUID, primary_key=True),
    Column("cut_at", DateTime(timezone=True), primary_key=True),
    Column("body", LargeBinary, nullable=False),  # msgpack of checkpoint.Checkpoint
)

# What W was, noted once a minute as long as a worker runs; kept as long as the timeline.
watermark_history = Table(
    "watermark_history",
    metadata,
    Column("recorded_at", DateTime(timezone=True), primary_key=True),
    time_column("at"),
)

# Within the kept past: what a customer's state was at a place (intermediate.py).
intermediate_checkpoints = Table(
    "intermediate_checkpoints",
    metadata,
    Column("customer_id", UUID, primary_key=True),
    Column("at", DateTime(timezone=True), primary_key=True),
    Column("message_id", Text(collation="C"), primary_key=True),
    Column("source", Text(collation="C"), primary_key=True),
    Column("body", LargeBinary, nullable=False),  # msgpack of intermediate.Intermediate
)
