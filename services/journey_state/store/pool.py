"""Connections as the worker wants them: integer times, 16-byte ids, a limit on every wait."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any, TypeAlias

import asyncpg

from services.contracts.times import SECOND_US

Connection: TypeAlias = Any  # asyncpg's pooled connection, which has no types of its own

COMMAND_SECONDS_MAX = 60.0
CONNECT_SECONDS_MAX = 5.0

# A stuck worker must not hold a customer's lock for longer than its peers wait for it.
_SERVER_SETTINGS = {
    "application_name": "milepost-worker",
    "statement_timeout": "60000",
    "lock_timeout": "5000",
    "idle_in_transaction_session_timeout": "30000",
    "jit": "off",
}

# What PostgreSQL says of the values that it is given: data exceptions, integrity, row too large.
_DATA_CLASSES = ("21", "22", "23", "54")

_READING = {
    "application_name": "milepost-backtest",
    "default_transaction_read_only": "on",
    "idle_in_transaction_session_timeout": "0",  # one waits while others read its snapshot
}

_POSTGRES_EPOCH_US = 946_684_800 * SECOND_US  # 2000-01-01

TRANSIENT = (
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    # What asyncpg says when a connection is lost in the middle of its own exchange.
    asyncpg.InternalClientError,
    asyncpg.ProtocolError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.DeadlockDetectedError,
    asyncpg.SerializationError,
    asyncpg.LockNotAvailableError,
    asyncpg.QueryCanceledError,
    asyncpg.TooManyConnectionsError,
    asyncpg.IdleInTransactionSessionTimeoutError,
    asyncpg.DiskFullError,
    asyncpg.InsufficientResourcesError,
    OSError,
    TimeoutError,
)
REFUSED = (asyncpg.PostgresError,)
SCHEMA_MISSING = (asyncpg.UndefinedTableError, asyncpg.UndefinedColumnError)


def blames_the_data(error: Exception) -> bool:
    """Whether the error is about what was given, and not about the database or the moment."""
    if isinstance(error, asyncpg.PostgresError):
        return str(error.sqlstate or "")[:2] in _DATA_CLASSES
    if isinstance(error, asyncpg.InterfaceError):
        return isinstance(error, ValueError)  # asyncpg's own encoder refuses a value
    return not isinstance(error, (*TRANSIENT, MemoryError))


class Store:
    """A bounded pool of connections to PostgreSQL."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    @classmethod
    async def connect(cls, url: str, *, connections_max: int = 4) -> Store:
        """A store on this database; raises one of `TRANSIENT` when it is not reachable."""
        with _as_unreachable():
            pool = await asyncpg.create_pool(
                url,
                min_size=1,
                max_size=connections_max,
                timeout=CONNECT_SECONDS_MAX,
                command_timeout=COMMAND_SECONDS_MAX,
                server_settings=_SERVER_SETTINGS,
                init=_set_codecs,
            )
        return cls(pool)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        """One transaction: committed at the end, rolled back on any error."""
        async with (
            self._pool.acquire(timeout=CONNECT_SECONDS_MAX) as connection,
            connection.transaction(),
        ):
            yield connection

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        """A connection for single statements."""
        async with self._pool.acquire(timeout=CONNECT_SECONDS_MAX) as connection:
            yield connection

    async def close(self) -> None:
        """After this no connection is left."""
        await self._pool.close()

    def terminate(self) -> None:
        """Drop the connections without waiting."""
        self._pool.terminate()


@asynccontextmanager
async def snapshot_of(url: str, snapshot: str | None = None) -> AsyncIterator[Connection]:
    """One connection that sees the database as of one instant and can write nothing.

    `snapshot` names what another such connection exported. Raises one of `TRANSIENT`.
    """
    with _as_unreachable():
        connection = await asyncpg.connect(
            url,
            timeout=CONNECT_SECONDS_MAX,
            command_timeout=COMMAND_SECONDS_MAX,
            server_settings={**_SERVER_SETTINGS, **_READING},
        )
    try:
        await _set_codecs(connection)
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            if snapshot is not None:
                # A name that PostgreSQL gave; the statement takes no parameters.
                with _as_unreachable():
                    await connection.execute(f"SET TRANSACTION SNAPSHOT '{snapshot}'")
            yield connection
    finally:
        connection.terminate()


@contextmanager
def _as_unreachable() -> Iterator[None]:
    """No such user, database or snapshot: what was named is not there."""
    try:
        yield
    except (asyncpg.PostgresError, ValueError) as error:
        raise ConnectionError(str(error)) from error


async def _set_codecs(connection: asyncpg.Connection) -> None:
    await connection.set_type_codec(
        "timestamptz",
        schema="pg_catalog",
        encoder=_encode_time,
        decoder=_decode_time,
        format="tuple",
    )
    await connection.set_type_codec(
        "uuid", schema="pg_catalog", encoder=bytes, decoder=bytes, format="binary"
    )


def _encode_time(time_us: int) -> tuple[int]:
    return (time_us - _POSTGRES_EPOCH_US,)


def _decode_time(value: tuple[int]) -> int:
    return value[0] + _POSTGRES_EPOCH_US


def uuid_array(keys: Iterable[bytes]) -> str:
    """16-byte keys as the text of a uuid[]: asyncpg takes far longer over a list of them."""
    return "{" + ",".join([key.hex() for key in keys]) + "}"


def int_array(numbers: Iterable[int]) -> str:
    """Integers as the text of a bigint[]."""
    return "{" + ",".join(map(str, numbers)) + "}"
