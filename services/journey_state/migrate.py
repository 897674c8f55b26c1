"""Bring the schema to head: alembic run from code, so that no ini file must be found."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import create_async_engine

import services
from services.journey_state.store.partitions import make_months

_PACKAGED = Path(services.__file__).parent / "migrations"
_IN_TREE = Path(services.__file__).parent.parent / "migrations"

# Two programs that migrate at once take turns; the number is ours alone.
_MIGRATION_LOCK = 0x6D696C65


def alembic_config(connection: Connection | None = None) -> Config:
    """Alembic's configuration for the migrations that this installation carries."""
    config = Config()
    location = _PACKAGED if _PACKAGED.is_dir() else _IN_TREE
    config.set_main_option("script_location", str(location))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


async def upgrade(url: str, *, revision: str = "head") -> None:
    """After this the schema is at `revision`; safe to run from several programs at once.

    At the head, the timeline has partitions for some months ahead. Raises ConnectionError where
    the database lets nobody in.
    """
    engine = create_async_engine(driver_url(url))
    try:
        async with engine.begin() as connection:
            await connection.run_sync(_upgrade, revision)
        if revision == "head":
            async with engine.begin() as connection:
                driver = (await connection.get_raw_connection()).driver_connection
                await connection.exec_driver_sql("SELECT 1")  # begins the transaction
                await make_months(driver, datetime.now(UTC))
    except DBAPIError as error:
        if error.statement is None:  # it came no further than to the door
            raise ConnectionError(str(error.orig)) from error
        raise
    finally:
        await engine.dispose()


def driver_url(url: str) -> str:
    """The URL as SQLAlchemy wants it for asyncpg."""
    scheme, separator, rest = url.partition("://")
    if not separator or not scheme.startswith("postgres"):
        raise ValueError("a database URL looks like postgresql://user:password@host:5432/name")
    return f"postgresql+asyncpg://{rest}"


def _upgrade(connection: Connection, revision: str) -> None:
    connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_MIGRATION_LOCK})")
    command.upgrade(alembic_config(connection), revision)


def revisions() -> list[str]:
    """The migrations that this installation carries, the head first."""
    return [one.revision for one in ScriptDirectory.from_config(alembic_config()).walk_revisions()]
