"""Every table of journey_state, as SQLAlchemy Core metadata that alembic reads."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    Identity,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    Table,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB, UUID

from services.journey_state import columns, map_tables, past_tables
from services.journey_state.columns import (
    now_column,
    ordered_text,
    time_column,
    written_by_column,
)

metadata = columns.metadata

# The truth about progress: moved in the transaction that holds a batch's effects.
consumer_offsets = Table(
    "consumer_offsets",
    metadata,
    Column("topic", Text, primary_key=True),
    Column("partition", Integer, primary_key=True, autoincrement=False),
    Column("next_offset", BigInteger, nullable=False),
    time_column("log_time", nullable=True),  # newest append time processed
    time_column("heartbeat_at", nullable=True),  # newest append time of a heartbeat of any instance
    Column("stopped", Text),  # why the partition stands still
    time_column("braked_at", nullable=True),  # it stays so until an operator lets it go on
    Column("marks", Text),  # 1: failed, of each recent record, the newest last; null: none failed
    # Someone was erased: what comes is compared with what may not come back.
    Column("erasures", Boolean, nullable=False, server_default=text("false")),
    postgresql_with={"fillfactor": "50"},
)

heartbeats = Table(
    "heartbeats",
    metadata,
    Column("partition", Integer, primary_key=True, autoincrement=False),
    Column("instance", Text, primary_key=True),
    time_column("low_watermark"),
    time_column("append_time"),
    Column("record_offset", BigInteger, nullable=False),
    Column("spool", Text, nullable=False),
    Column("phase", Text, nullable=False),
    postgresql_with={"fillfactor": "50"},
)

# What operators let go of, kept for ever: who held the watermark, and until when it was missed.
releases = Table(
    "releases",
    metadata,
    Column("release_id", BigInteger, Identity(), primary_key=True),
    Column("instance", Text, nullable=False),
    time_column("last_beat_at"),  # append time of the newest heartbeat processed before
    now_column("released_at"),
    time_column("hello_at", nullable=True),  # append time of the hello that ended it
)

ingest_gaps = Table(
    "ingest_gaps",
    metadata,
    Column("partition", Integer, primary_key=True, autoincrement=False),
    Column("from_at", DateTime(timezone=True), primary_key=True),
    time_column("to_at"),
)

watermark = Table(
    "watermark",
    metadata,
    Column("id", SmallInteger, primary_key=True, autoincrement=False),
    time_column("at", nullable=True),
    CheckConstraint("id = 1", name="single"),
    postgresql_with={"fillfactor": "50"},
)

# By what the workers compute: whoever computes beside them must do it by the same.
worker_settings = Table(
    "worker_settings",
    metadata,
    Column("id", SmallInteger, primary_key=True, autoincrement=False),
    Column("groups", JSONB, nullable=False),
    CheckConstraint("id = 1", name="single"),
)

definitions = Table(
    "definitions",
    metadata,
    Column("definition_id", SmallInteger, Identity(), primary_key=True),
    Column("version", Text, nullable=False),
    Column("journey", Text, nullable=False),
    Column("text", Text, nullable=False),
    now_column("activated_at"),  # by the wall clock
    time_column("in_force_from", nullable=True),  # on the watermark's scale; null: from ever
)

# Narrow and hot: nothing that changes is indexed, so updates stay in the page.
customers = Table(
    "customers",
    metadata,
    Column("customer_id", UUID, primary_key=True),
    Column("definition_id", SmallInteger, nullable=False),
    Column("state", LargeBinary, nullable=False),  # msgpack of customer.CustomerState
    Column("merged_into", UUID),
    now_column("created_at"),
    postgresql_with={"fillfactor": "70"},
)
Index(
    "ix_customers_merged_into",
    customers.c.merged_into,
    postgresql_where=customers.c.merged_into.is_not(None),
)
# Who is not yet under the definition in force: a recomputation changes the key once per customer.
Index(
    "ix_customers_definition_id_customer_id",
    customers.c.definition_id,
    customers.c.customer_id,
    postgresql_where=customers.c.merged_into.is_(None),
)

identifiers = Table(
    "identifiers",
    metadata,
    Column("identifier_key", UUID, primary_key=True),  # hash of kind and value
    Column("kind", Text, nullable=False),
    ordered_text("value"),
    Column("customer_id", UUID, index=True),  # the owner now; null: `named` and never met
    time_column("since"),  # occurred_at of the touchpoint that it was met on
    Column("moves", SmallInteger, nullable=False, server_default=text("0")),
    Column("shared", Boolean, nullable=False, server_default=text("false")),
    Column("unlinked", Boolean, nullable=False, server_default=text("false")),
    # By an operator or as an alias's previous user; no touchpoint carries it yet.
    Column("named", Boolean, nullable=False, server_default=text("false")),
)

# What touchpoints and operators named together, both ways: identity is a fold over such sets.
identifier_links = Table(
    "identifier_links",
    metadata,
    Column("identifier_key", UUID, primary_key=True),
    Column("linked_key", UUID, primary_key=True),
)

operator_links = Table(
    "operator_links",
    metadata,
    Column("link_id", BigInteger, Identity(), primary_key=True),
    time_column("at"),
    Column("a_key", UUID, nullable=False, index=True),
    Column("a_kind", Text, nullable=False),
    Column("a_value", Text, nullable=False),
    Column("b_key", UUID, index=True),  # null: `a` was unlinked
    Column("b_kind", Text),
    Column("b_value", Text),
)

# Only identifiers that have moved have rows here; for others the owner owns all the past.
ownership_periods = Table(
    "ownership_periods",
    metadata,
    Column("identifier_key", UUID, primary_key=True),
    Column("from_at", DateTime(timezone=True), primary_key=True),
    Column("from_message_id", Text(collation="C"), primary_key=True),
    Column("from_source", Text(collation="C"), primary_key=True),
    Column("customer_id", UUID, nullable=False, index=True),
)

conflicts = Table(
    "conflicts",
    metadata,
    Column("identifier_key", UUID, primary_key=True),
    Column("from_customer_id", UUID, primary_key=True),
    Column("to_customer_id", UUID, primary_key=True),
    Column("reason", Text, primary_key=True),
    Column("count", Integer, nullable=False, server_default=text("1")),
    time_column("first_at"),
    time_column("last_at"),
)

dedupe = past_tables.dedupe
timeline = past_tables.timeline
map_state = map_tables.map_state

stage_history = Table(
    "stage_history",
    metadata,
    Column("history_id", BigInteger, Identity(), primary_key=True),
    Column("customer_id", UUID, nullable=False),
    Column("previous", Text, nullable=False),
    Column("stage", Text, nullable=False),
    time_column("entered_at"),
    Column("direction", Text, nullable=False),
    Column("rule", Text, nullable=False),
    ordered_text("message_id"),
    Column("event", Text, nullable=False),
    Column("channel", Text, nullable=False),
    ordered_text("source"),
    Column("cause_kind", Text, nullable=False),
    Column("definition_id", SmallInteger, nullable=False),
    Column("ce_id", UUID),  # of the stage change that told of it; null: not published by itself
    now_column("recorded_at"),
    time_column("superseded_at", nullable=True),
    Column("historical", Boolean),  # was imported; null: before this was kept, see `cause_kind`
    written_by_column(),  # superseding it leaves this as it is
    CheckConstraint(
        "direction IN ('first', 'forward', 'backward', 're-entry')", name="direction_known"
    ),
)
Index(
    "ix_stage_history_customer_id_entered_at",
    stage_history.c.customer_id,
    stage_history.c.entered_at,
)
Index(
    "ix_stage_history_written_by",
    stage_history.c.written_by,
    postgresql_where=stage_history.c.written_by.is_not(None),
)

signals = Table(
    "signals",
    metadata,
    Column("signal_id", UUID, primary_key=True),
    Column("customer_id", UUID, nullable=False, index=True),
    Column("rule", Text, nullable=False),
    Column("scope", Text),
    time_column("due_at"),
    Column("state", Text, nullable=False),
    Column("published", Boolean, nullable=False),
    Column("suppressed", Text),
    Column("revision", Integer, nullable=False),
    time_column("raised_at"),  # the watermark at which it was raised
    Column("reminded", SmallInteger, nullable=False, server_default=text("0")),
    Column("raised_as", UUID),
    Column("definition_id", SmallInteger, nullable=False),
    Column("payload", JSONB, nullable=False),
    now_column("recorded_at"),
    now_column("updated_at"),
    written_by_column(),
    CheckConstraint("state IN ('raised', 'recovered', 'retracted', 'expired')", name="state_known"),
)
Index("ix_signals_rule_state_due_at", signals.c.rule, signals.c.state, signals.c.due_at)
Index("ix_signals_due_at_signal_id", signals.c.due_at, signals.c.signal_id)
Index(
    "ix_signals_raised_as", signals.c.raised_as, postgresql_where=signals.c.raised_as.is_not(None)
)
Index(
    "ix_signals_written_by",
    signals.c.written_by,
    postgresql_where=signals.c.written_by.is_not(None),
)

# What an operator cancelled: a fact on rule, scope and last activity, whoever's that is.
cancelled_deadlines = Table(
    "cancelled_deadlines",
    metadata,
    Column("cancellation_key", UUID, primary_key=True),
    Column("message_key", UUID, nullable=False, index=True),  # of the last activity
    Column("rule", Text, nullable=False),
    Column("scope", Text),
    ordered_text("source"),
    ordered_text("message_id"),
    now_column("cancelled_at"),
    # When the last activity was, once nothing after a cut can change its episode: it goes with it.
    time_column("settled_at", nullable=True),
)

# One row per customer with something to come; wake_at is never later than that, often earlier.
timers = Table(
    "timers",
    metadata,
    Column("customer_id", UUID, primary_key=True),
    Column("wake_at", DateTime(timezone=True), nullable=False, index=True),
    postgresql_with={"fillfactor": "70"},
)

outbox = Table(
    "outbox",
    metadata,
    Column("outbox_id", BigInteger, Identity(), primary_key=True),
    Column("shard", SmallInteger, nullable=False),
    Column("customer_id", UUID, nullable=False),
    Column("topic", SmallInteger, nullable=False),  # publication.TopicCode
    Column("version", BigInteger, nullable=False),
    Column("ce_id", UUID, nullable=False),
    Column("ce_type", Text, nullable=False),
    Column("value", LargeBinary),  # null: a tombstone
    now_column("created_at"),
    # Emptied all the time: giving the end of the file back would lock writers and the relay out.
    postgresql_with={"vacuum_truncate": "off", "autovacuum_vacuum_scale_factor": "0.01"},
)
Index("ix_outbox_shard_outbox_id", outbox.c.shard, outbox.c.outbox_id)

relay_shards = Table(
    "relay_shards",
    metadata,
    Column("shard", SmallInteger, primary_key=True, autoincrement=False),
)

dead_letters = Table(
    "dead_letters",
    metadata,
    Column("dead_letter_id", BigInteger, Identity(), primary_key=True),
    Column("topic", Text, nullable=False),
    Column("partition", Integer, nullable=False),
    Column("record_offset", BigInteger, nullable=False),
    Column("key", LargeBinary),
    Column("value", LargeBinary),
    Column("reason", Text, nullable=False),
    Column("message", Text, nullable=False),
    Column("status", Text, nullable=False, server_default=text("'open'")),
    now_column("recorded_at"),
    Column("heartbeat", Boolean, nullable=False, server_default=text("false")),
    time_column("settled_at", nullable=True),
    CheckConstraint("status IN ('open', 'replayed', 'dropped')", name="status_known"),
)
Index(
    "uq_dead_letters_record",
    dead_letters.c.topic,
    dead_letters.c.partition,
    dead_letters.c.record_offset,
    unique=True,
)

# Whoever was erased, by every id that they ever had; nothing here tells who they were.
erasures = Table(
    "erasures",
    metadata,
    Column("customer_id", UUID, primary_key=True),
    time_column("erased_at"),
    Column("receipt", JSONB, nullable=False),
    time_column("buried_again_at", nullable=True),  # when its second tombstone was queued
)

# What the hashes below are keyed with: without it they could be found by trying.
erasure_secret = Table(
    "erasure_secret",
    metadata,
    Column("id", SmallInteger, primary_key=True, autoincrement=False),
    Column("secret", LargeBinary, nullable=False),
    CheckConstraint("id = 1", name="single"),
)

# Events that name one of these with an `occurred_at` in the range are dropped for ever.
erased_identifiers = Table(
    "erased_identifiers",
    metadata,
    Column("identifier_hash", UUID, primary_key=True),
    Column("until_at", DateTime(timezone=True), primary_key=True),
    time_column("from_at", nullable=True),  # null: from ever
    # A shared device's: only events that have it as their primary identifier.
    Column("primary_only", Boolean, primary_key=True),
)

erased_messages = Table(
    "erased_messages",
    metadata,
    Column("message_hash", UUID, primary_key=True),
    Column("expires_at", DateTime(timezone=True), nullable=False, index=True),
)

# How much there was of what by people who were erased since, by day.
anonymous_counts = Table(
    "anonymous_counts",
    metadata,
    Column("day", Date, primary_key=True),
    Column("what", Text, primary_key=True),  # touchpoint, stage, signal
    Column("name", Text, primary_key=True),  # event, stage entered, rule
    Column("detail", Text, primary_key=True),  # channel, stage before, state
    Column("count", BigInteger, nullable=False),
)
