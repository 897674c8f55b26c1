"""PostgreSQL as the query API reads it: a bounded pool of read-only snapshots."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
from sqlalchemy import text
from sqlalchemy.exc import DataError, DBAPIError, NotSupportedError, ProgrammingError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

CONNECT_SECONDS_MAX = 5.0
STATEMENT_SECONDS_MAX = 15
# What counts over all touchpoints of a period may take longer, though less than proxies wait, and
# more memory to do it in.
COUNTING_SECONDS_MAX = 55
COUNTING_MEMORY_MB = 32
_SERVER_SETTINGS = {
    "application_name": "milepost-api",
    "statement_timeout": f"{STATEMENT_SECONDS_MAX}s",
    "default_transaction_read_only": "on",
    "jit": "off",
}

_COUNTING = text(
    f"SELECT set_config('statement_timeout', '{COUNTING_SECONDS_MAX}s', true),"
    f" set_config('work_mem', '{COUNTING_MEMORY_MB}MB', true)"
)

Connection = AsyncConnection


class DatabaseAwayError(Exception):
    """PostgreSQL does not answer, or not in time; try again later."""


class TookTooLongError(DatabaseAwayError):
    """PostgreSQL was still at it when the time for it was over."""


_SCHEMA_MISSING = frozenset({"42P01", "42703"})  # undefined table, undefined column
_CANCELED = "57014"
_OUR_FAULT = (ProgrammingError, DataError, NotSupportedError)


class Database:
    """PostgreSQL as the query API sees it: bounded, and never written to."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    @classmethod
    def at(cls, url: str, *, connections_max: int = 8) -> Database:
        """A database that connects when first read; `url` as libpq writes it."""

        async def connect() -> asyncpg.Connection:
            return await asyncpg.connect(
                url, timeout=CONNECT_SECONDS_MAX, server_settings=_SERVER_SETTINGS
            )

        engine = create_async_engine(
            "postgresql+asyncpg://",
            async_creator=connect,
            isolation_level="REPEATABLE READ",
            pool_size=connections_max,
            max_overflow=0,
            pool_timeout=CONNECT_SECONDS_MAX,
            pool_pre_ping=True,
        )
        return cls(engine)

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Connection]:
        """One snapshot for several reads; raises DatabaseAwayError."""
        try:
            async with self._engine.connect() as connection:
                yield connection
        except DBAPIError as error:
            if isinstance(error, _OUR_FAULT) and not _is_schema_missing(error):
                raise
            kind = TookTooLongError if _state(error) == _CANCELED else DatabaseAwayError
            raise kind(_reason(error)) from error
        except (PoolTimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError, OSError) as error:
            raise DatabaseAwayError(_reason(error)) from error

    @asynccontextmanager
    async def counting(self) -> AsyncIterator[Connection]:
        """The same, for statements that go over all of a period; raises TookTooLongError too."""
        async with self.reading() as connection:
            await connection.execute(_COUNTING)
            yield connection

    async def close(self) -> None:
        """After this no connection is left."""
        await self._engine.dispose()


def _state(error: DBAPIError) -> str:
    return getattr(error.orig, "sqlstate", None) or ""


def _is_schema_missing(error: DBAPIError) -> bool:
    return _state(error) in _SCHEMA_MISSING


def _reason(error: Exception) -> str:
    if isinstance(error, DBAPIError):
        if _is_schema_missing(error):
            return "the schema is missing or too old: run `milepost migrate`"
        return str(error.orig).rpartition(">: ")[2].partition("\n")[0]
    return str(error).partition("\n")[0] or type(error).__name__
