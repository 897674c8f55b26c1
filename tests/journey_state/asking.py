"""The query API over a test's database, asked in process."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx2
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from services.journey_state import tables
from services.journey_state.api.app import create_app
from services.journey_state.database import Database
from services.settings import ApiSettings, DatabaseSettings, KafkaSettings, Settings
from tests.journey_state.rows import MINUTE, NOON, Rows

NOW = NOON + 60 * MINUTE
PARTITIONS = 2


@asynccontextmanager
async def writing(database_url: str) -> AsyncIterator[Rows]:
    """Rows of a database that has the schema after this."""
    address = database_url.replace("postgresql://", "postgresql+asyncpg://", 1)
    engine = create_async_engine(address, poolclass=NullPool)
    async with engine.begin() as connection:
        await connection.run_sync(tables.metadata.create_all)
    yield Rows(engine)
    await engine.dispose()


@asynccontextmanager
async def serving(
    database_url: str,
    *,
    peer: str = "127.0.0.1",
    host: str = "127.0.0.1:8001",
    api: ApiSettings | None = None,
    **more: Any,
) -> AsyncIterator[httpx2.AsyncClient]:
    """A client at `peer` of an app whose clock stands at NOW, unless another is given."""
    database = Database.at(database_url, connections_max=2)
    settings = Settings(
        api=api or ApiSettings(),
        kafka=KafkaSettings(partitions=PARTITIONS),
        database=DatabaseSettings(url=database_url),
    )
    app = create_app(settings, database, **{"clock": lambda: NOW, **more})
    transport = httpx2.ASGITransport(app=app, client=(peer, 40000), raise_app_exceptions=False)
    async with httpx2.AsyncClient(transport=transport, base_url=f"http://{host}") as client:
        yield client
    await app.state.asking.operator.close()
    await database.close()


async def get(client: httpx2.AsyncClient, path: str, **parameters: Any) -> Any:
    """The answer, which must be 200."""
    answer = await client.get(path, params=parameters)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def problem(client: httpx2.AsyncClient, status: int, path: str, **parameters: Any) -> Any:
    """The problem, which must have this status."""
    answer = await client.get(path, params=parameters)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert {"type", "title", "status", "code", "detail"} <= body.keys()
    assert body["status"] == status
    return body
