"""Every SQL read of what explanations need: definitions by version."""

from __future__ import annotations

from sqlalchemy import select

from services.journey_state.database import Connection
from services.journey_state.tables import definitions


async def definition_text(connection: Connection, version: str) -> str | None:
    """The YAML of a definition that was in force at some time."""
    found = await connection.execute(
        select(definitions.c.text).where(definitions.c.version == version)
    )
    return found.scalar()
