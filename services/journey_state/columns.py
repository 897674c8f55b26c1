"""Columns as the tables of journey_state have them."""

from __future__ import annotations

from sqlalchemy import Column, DateTime, Text, func


def time_column(name: str, *, nullable: bool = False) -> Column[object]:
    """An instant."""
    return Column(name, DateTime(timezone=True), nullable=nullable)


def now_column(name: str) -> Column[object]:
    """The time of the transaction that made the row."""
    return Column(name, DateTime(timezone=True), nullable=False, server_default=func.now())


def ordered_text(name: str) -> Column[str]:
    """Text whose order is that of its bytes, as the order of touchpoints demands."""
    return Column(name, Text(collation="C"), nullable=False)
