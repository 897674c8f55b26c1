"""What the tables of journey_state have in common: metadata, and kinds of columns."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, DateTime, MetaData, Text, func, text

TIMELINE_PARTITION = "timeline_"  # what the name of each begins with

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)


def is_described(name: str | None, kind: str, _parents: object) -> bool:
    """Whether the metadata speaks of it: of every table but partitions. For alembic."""
    if kind != "table" or name is None or name in metadata.tables:
        return True
    return not name.startswith(TIMELINE_PARTITION)


def time_column(name: str, *, nullable: bool = False) -> Column[object]:
    """An instant."""
    return Column(name, DateTime(timezone=True), nullable=nullable)


def now_column(name: str) -> Column[object]:
    """The time of the transaction that made the row."""
    return Column(name, DateTime(timezone=True), nullable=False, server_default=func.now())


def ordered_text(name: str) -> Column[str]:
    """Text whose order is that of its bytes, as the order of touchpoints demands."""
    return Column(name, Text(collation="C"), nullable=False)


# The transaction that this is evaluated in, whole: it never comes again.
THIS_TRANSACTION = "(pg_current_xact_id()::text)::bigint"


def written_by_column() -> Column[int]:
    """The transaction that wrote the row as it stands; null: before this was kept."""
    return Column("written_by", BigInteger, server_default=text(THIS_TRANSACTION))
