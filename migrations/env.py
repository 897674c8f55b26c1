"""Alembic's entry: runs on the connection that `services.journey_state.migrate` hands over."""

from __future__ import annotations

import asyncio
import os

from alembic import context
from sqlalchemy.engine import Connection
from sqlalchemy.ext.asyncio import create_async_engine

from services.journey_state.columns import is_described
from services.journey_state.migrate import driver_url
from services.journey_state.tables import metadata


def run(connection: Connection) -> None:
    """Migrate on this connection, in one transaction."""
    context.configure(
        connection=connection,
        target_metadata=metadata,
        compare_server_default=True,
        include_name=is_described,
    )
    with context.begin_transaction():
        context.run_migrations()


async def run_from_environment() -> None:
    """For `alembic revision --autogenerate` by a developer: the database named in the setting."""
    engine = create_async_engine(driver_url(os.environ["MILEPOST_DATABASE__URL"]))
    async with engine.begin() as connection:
        await connection.run_sync(run)
    await engine.dispose()


handed_over = context.config.attributes.get("connection")
if handed_over is None:
    asyncio.run(run_from_environment())
else:
    run(handed_over)
