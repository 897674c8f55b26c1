"""The tables of the map's roll-ups: figures by time, whose they are, and what has changed since."""

from __future__ import annotations

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Double,
    Index,
    Integer,
    SmallInteger,
    Table,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import UUID

from services.journey_state.columns import metadata

# One row: by which definition, and how far the first walk over all customers has come.
map_state = Table(
    "map_state",
    metadata,
    Column("id", SmallInteger, primary_key=True, autoincrement=False),
    Column("definition_id", SmallInteger),  # null: nothing was rolled up yet
    Column("done_to", UUID),  # customers up to this id are in the figures
    Column("complete", Boolean, nullable=False, server_default=text("false")),
    CheckConstraint("id = 1", name="single"),
    postgresql_with={"fillfactor": "50"},
)

# What is counted: a number for each combination of part, stage and names.
map_cells = Table(
    "map_cells",
    metadata,
    Column("cell", BigInteger, primary_key=True, autoincrement=False),  # hash of the others
    Column("part", Text, nullable=False),
    Column("stage", Text, nullable=False),
    Column("detail", Text, nullable=False),
    Column("name", Text, nullable=False),
)

# People by a day of theirs in a cell and by their day there before it (store/rollups.py).
map_counts = Table(
    "map_counts",
    metadata,
    Column("cell", BigInteger, primary_key=True, autoincrement=False),
    Column("day", Integer, primary_key=True, autoincrement=False),  # since 1970, of UTC
    Column("prev_day", Integer, primary_key=True, autoincrement=False),
    Column("people", Integer, nullable=False),
    Column("times", BigInteger, nullable=False),
    postgresql_with={"fillfactor": "70"},
)

# The same for the hours between a midnight of UTC and one elsewhere: people by a slot (a quarter of
# an hour since 1970) of theirs in a cell, whatever was before.
map_slots = Table(
    "map_slots",
    metadata,
    Column("slot", Integer, primary_key=True, autoincrement=False),
    Column("cell", BigInteger, primary_key=True, autoincrement=False),
    Column("people", Integer, nullable=False),
    Column("times", BigInteger, nullable=False),
    postgresql_with={"fillfactor": "70"},
)

# Whoever comes back to a cell: by the slot in which, and by theirs before it.
map_returns = Table(
    "map_returns",
    metadata,
    Column("slot", Integer, primary_key=True, autoincrement=False),
    Column("prev_slot", Integer, primary_key=True, autoincrement=False),
    Column("cell", BigInteger, primary_key=True, autoincrement=False),
    Column("people", Integer, nullable=False),
    Index("ix_map_returns_prev_slot", "prev_slot", "slot", "cell", postgresql_include=["people"]),
    # Rows that count nobody any more.
    Index("ix_map_returns_slot", "slot", postgresql_where=text("people = 0")),
)

# How long stays lasted, by the slot in which they ended.
map_dwells = Table(
    "map_dwells",
    metadata,
    Column("cell", BigInteger, primary_key=True, autoincrement=False),
    Column("slot", Integer, primary_key=True, autoincrement=False),
    Column("seconds", Double, primary_key=True, autoincrement=False),
    Column("times", Integer, nullable=False),
)

# What of the figures is a customer's, so that it can be taken out again.
map_people = Table(
    "map_people",
    metadata,
    Column("customer_id", UUID, primary_key=True),
    Column("cells", ARRAY(BigInteger), nullable=False),
    Column("slots", ARRAY(Integer), nullable=False),
    Column("prev_slots", ARRAY(Integer), nullable=False),
    Column("times", ARRAY(Integer), nullable=False),
    Column("dwell_cells", ARRAY(BigInteger), nullable=False),
    Column("dwell_seconds", ARRAY(Double), nullable=False),
    Column("dwell_slots", ARRAY(Integer), nullable=False),
)

# Written by triggers on whatever the figures are made of; taken away by the roll-up. A heap without
# an index: nothing is cheaper to write.
map_changes = Table(
    "map_changes",
    metadata,
    Column("customer_id", UUID),
    Column("identifier_key", UUID),  # or whoever owns it, or did
)
