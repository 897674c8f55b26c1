"""Create the tables of journey_state

Revision: 0001, the first.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    # A migration waits briefly for its locks and never holds up the running code for long.
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("SET LOCAL statement_timeout = '10min'")
    op.create_table(
        "conflicts",
        sa.Column("identifier_key", sa.UUID(), nullable=False),
        sa.Column("from_customer_id", sa.UUID(), nullable=False),
        sa.Column("to_customer_id", sa.UUID(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("count", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("first_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint(
            "identifier_key",
            "from_customer_id",
            "to_customer_id",
            "reason",
            name=op.f("pk_conflicts"),
        ),
    )
    op.create_table(
        "consumer_offsets",
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("partition", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("next_offset", sa.BigInteger(), nullable=False),
        sa.Column("log_time", sa.DateTime(timezone=True), nullable=True),
        sa.Column("heartbeat_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("stopped", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("topic", "partition", name=op.f("pk_consumer_offsets")),
        postgresql_with={"fillfactor": "50"},
    )
    op.create_table(
        "customers",
        sa.Column("customer_id", sa.UUID(), nullable=False),
        sa.Column("definition_id", sa.SmallInteger(), nullable=False),
        sa.Column("state", sa.LargeBinary(), nullable=False),
        sa.Column("merged_into", sa.UUID(), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("customer_id", name=op.f("pk_customers")),
        postgresql_with={"fillfactor": "70"},
    )
    op.create_index(
        "ix_customers_merged_into",
        "customers",
        ["merged_into"],
        unique=False,
        postgresql_where=sa.text("merged_into IS NOT NULL"),
    )
    op.create_table(
        "dead_letters",
        sa.Column("dead_letter_id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("partition", sa.Integer(), nullable=False),
        sa.Column("record_offset", sa.BigInteger(), nullable=False),
        sa.Column("key", sa.LargeBinary(), nullable=True),
        sa.Column("value", sa.LargeBinary(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), server_default=sa.text("'open'"), nullable=False),
        sa.Column(
            "recorded_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "status IN ('open', 'replayed', 'dropped')", name=op.f("ck_dead_letters_status_known")
        ),
        sa.PrimaryKeyConstraint("dead_letter_id", name=op.f("pk_dead_letters")),
    )
    op.create_index(
        "uq_dead_letters_record",
        "dead_letters",
        ["topic", "partition", "record_offset"],
        unique=True,
    )
    op.create_table(
        "dedupe",
        sa.Column("message_key", sa.UUID(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("identifier_key", sa.UUID(), nullable=False),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("message_key", name=op.f("pk_dedupe")),
    )
    op.create_table(
        "definitions",
        sa.Column("definition_id", sa.SmallInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("journey", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column(
            "activated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("definition_id", name=op.f("pk_definitions")),
        sa.UniqueConstraint("version", name=op.f("uq_definitions_version")),
    )
    op.create_table(
        "heartbeats",
        sa.Column("partition", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("instance", sa.Text(), nullable=False),
        sa.Column("low_watermark", sa.DateTime(timezone=True), nullable=False),
        sa.Column("append_time", sa.DateTime(timezone=True), nullable=False),
        sa.Column("record_offset", sa.BigInteger(), nullable=False),
        sa.Column("spool", sa.Text(), nullable=False),
        sa.Column("phase", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("partition", "instance", name=op.f("pk_heartbeats")),
        postgresql_with={"fillfactor": "50"},
    )
    op.create_table(
        "identifiers",
        sa.Column("identifier_key", sa.UUID(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(collation="C"), nullable=False),
        sa.Column("customer_id", sa.UUID(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("moves", sa.SmallInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("shared", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("unlinked", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.PrimaryKeyConstraint("identifier_key", name=op.f("pk_identifiers")),
    )
    op.create_index(
        op.f("ix_identifiers_customer_id"), "identifiers", ["customer_id"], unique=False
    )
    op.create_table(
        "ingest_gaps",
        sa.Column("partition", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("from_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("to_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("partition", "from_at", name=op.f("pk_ingest_gaps")),
    )
    op.create_table(
        "outbox",
        sa.Column("outbox_id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("shard", sa.SmallInteger(), nullable=False),
        sa.Column("customer_id", sa.UUID(), nullable=False),
        sa.Column("topic", sa.SmallInteger(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("ce_id", sa.UUID(), nullable=False),
        sa.Column("ce_type", sa.Text(), nullable=False),
        sa.Column("value", sa.LargeBinary(), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("outbox_id", name=op.f("pk_outbox")),
        postgresql_with={"vacuum_truncate": "off", "autovacuum_vacuum_scale_factor": "0.01"},
    )
    op.create_index("ix_outbox_shard_outbox_id", "outbox", ["shard", "outbox_id"], unique=False)
    op.create_table(
        "ownership_periods",
        sa.Column("identifier_key", sa.UUID(), nullable=False),
        sa.Column("from_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("from_message_id", sa.Text(collation="C"), nullable=False),
        sa.Column("from_source", sa.Text(collation="C"), nullable=False),
        sa.Column("customer_id", sa.UUID(), nullable=False),
        sa.PrimaryKeyConstraint(
            "identifier_key",
            "from_at",
            "from_message_id",
            "from_source",
            name=op.f("pk_ownership_periods"),
        ),
    )
    op.create_index(
        op.f("ix_ownership_periods_customer_id"), "ownership_periods", ["customer_id"], unique=False
    )
    op.create_table(
        "relay_shards",
        sa.Column("shard", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("shard", name=op.f("pk_relay_shards")),
    )
    op.create_table(
        "signals",
        sa.Column("signal_id", sa.UUID(), nullable=False),
        sa.Column("customer_id", sa.UUID(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=True),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("published", sa.Boolean(), nullable=False),
        sa.Column("suppressed", sa.Text(), nullable=True),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("raised_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reminded", sa.SmallInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("raised_as", sa.UUID(), nullable=True),
        sa.Column("definition_id", sa.SmallInteger(), nullable=False),
        sa.Column("payload", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column(
            "recorded_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "state IN ('raised', 'recovered', 'retracted', 'expired')",
            name=op.f("ck_signals_state_known"),
        ),
        sa.PrimaryKeyConstraint("signal_id", name=op.f("pk_signals")),
    )
    op.create_index(op.f("ix_signals_customer_id"), "signals", ["customer_id"], unique=False)
    op.create_index("ix_signals_due_at_signal_id", "signals", ["due_at", "signal_id"], unique=False)
    op.create_index(
        "ix_signals_rule_state_due_at", "signals", ["rule", "state", "due_at"], unique=False
    )
    op.create_table(
        "stage_history",
        sa.Column("history_id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("customer_id", sa.UUID(), nullable=False),
        sa.Column("previous", sa.Text(), nullable=False),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("entered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("direction", sa.Text(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("message_id", sa.Text(collation="C"), nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(collation="C"), nullable=False),
        sa.Column("cause_kind", sa.Text(), nullable=False),
        sa.Column("definition_id", sa.SmallInteger(), nullable=False),
        sa.Column("ce_id", sa.UUID(), nullable=True),
        sa.Column(
            "recorded_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("superseded_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "direction IN ('first', 'forward', 'backward', 're-entry')",
            name=op.f("ck_stage_history_direction_known"),
        ),
        sa.PrimaryKeyConstraint("history_id", name=op.f("pk_stage_history")),
    )
    op.create_index(
        "ix_stage_history_customer_id_entered_at",
        "stage_history",
        ["customer_id", "entered_at"],
        unique=False,
    )
    op.create_table(
        "timeline",
        sa.Column("identifier_key", sa.UUID(), nullable=False),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("message_id", sa.Text(collation="C"), nullable=False),
        sa.Column("source", sa.Text(collation="C"), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
    )
    op.create_index(
        "ix_timeline_identifier_key_occurred_at",
        "timeline",
        ["identifier_key", "occurred_at"],
        unique=False,
    )
    op.create_table(
        "timers",
        sa.Column("customer_id", sa.UUID(), nullable=False),
        sa.Column("wake_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("customer_id", name=op.f("pk_timers")),
        postgresql_with={"fillfactor": "70"},
    )
    op.create_index(op.f("ix_timers_wake_at"), "timers", ["wake_at"], unique=False)
    op.create_table(
        "watermark",
        sa.Column("id", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("id = 1", name=op.f("ck_watermark_single")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_watermark")),
        postgresql_with={"fillfactor": "50"},
    )
    op.execute("INSERT INTO watermark (id) VALUES (1)")
    op.execute("INSERT INTO relay_shards SELECT generate_series(0, 15)")


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("SET LOCAL statement_timeout = '10min'")
    op.drop_table("watermark")
    op.drop_index(op.f("ix_timers_wake_at"), table_name="timers")
    op.drop_table("timers")
    op.drop_index("ix_timeline_identifier_key_occurred_at", table_name="timeline")
    op.drop_table("timeline")
    op.drop_index("ix_stage_history_customer_id_entered_at", table_name="stage_history")
    op.drop_table("stage_history")
    op.drop_index("ix_signals_rule_state_due_at", table_name="signals")
    op.drop_index("ix_signals_due_at_signal_id", table_name="signals")
    op.drop_index(op.f("ix_signals_customer_id"), table_name="signals")
    op.drop_table("signals")
    op.drop_table("relay_shards")
    op.drop_index(op.f("ix_ownership_periods_customer_id"), table_name="ownership_periods")
    op.drop_table("ownership_periods")
    op.drop_index("ix_outbox_shard_outbox_id", table_name="outbox")
    op.drop_table("outbox")
    op.drop_table("ingest_gaps")
    op.drop_index(op.f("ix_identifiers_customer_id"), table_name="identifiers")
    op.drop_table("identifiers")
    op.drop_table("heartbeats")
    op.drop_table("definitions")
    op.drop_table("dedupe")
    op.drop_index("uq_dead_letters_record", table_name="dead_letters")
    op.drop_table("dead_letters")
    op.drop_index(
        "ix_customers_merged_into",
        table_name="customers",
        postgresql_where=sa.text("merged_into IS NOT NULL"),
    )
    op.drop_table("customers")
    op.drop_table("consumer_offsets")
    op.drop_table("conflicts")
