"""Answers that take long: counted once, kept where touchpoints are many, stopped in time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import httpx2
import pytest
import pytest_asyncio
from fastapi import FastAPI, Request
from sqlalchemy import text

from services.journey_state.api import problems
from services.journey_state.api.counting import Counting, found_for
from services.journey_state.api.operations import Metrics, Timed
from services.journey_state.database import (
    COUNTING_SECONDS_MAX,
    Database,
    DatabaseAwayError,
    TookTooLongError,
)
from tests.journey_state.asking import writing

MANY = "UPDATE pg_class SET reltuples = 1e6 WHERE relname = 'timeline_default'"


@pytest_asyncio.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    async with writing(database_url):
        database = Database.at(database_url, connections_max=2)
        yield database
        await database.close()


class Counts:
    """Counts that end when they are told to; each finds its number."""

    def __init__(self) -> None:
        self.begun = 0
        self.going = asyncio.Event()
        self.may_end = asyncio.Event()

    async def __call__(self) -> int:
        self.begun += 1
        number = self.begun
        self.going.set()
        await self.may_end.wait()
        return number


async def test_whoever_asks_while_it_is_counted_shares_the_next_count(database: Database) -> None:
    counting, count = Counting(database), Counts()
    first = asyncio.create_task(counting.get("map", count))
    await count.going.wait()
    # What has happened since the first began is in the answer of those who ask now.
    others = [asyncio.create_task(counting.get("map", count)) for _ in range(10)]
    await asyncio.sleep(0)
    count.may_end.set()
    found = [(await one).found for one in [first, *others]]
    assert found == [1] + [2] * 10
    await counting.close()


async def test_what_takes_long_over_many_touchpoints_is_kept_and_says_its_age(
    database: Database, database_url: str
) -> None:
    counting, count = Counting(database, kept_from=0.0), Counts()
    count.may_end.set()
    few = [(await counting.get("map", count)).found for _ in range(2)]
    connection = await asyncpg.connect(database_url)
    await connection.execute(MANY)
    await connection.close()
    many = [await counting.get("map", count) for _ in range(3)]
    assert few == [1, 2]
    assert [one.found for one in many] == [3, 3, 3]
    assert many[0].age is None
    assert many[2].age is not None
    assert (await counting.get("flow", count)).found == 4


async def test_an_answer_that_was_kept_says_its_age_to_whoever_asks_the_same(
    database: Database, database_url: str
) -> None:
    counting, count, app = Counting(database, kept_from=0.0), Counts(), FastAPI()
    count.may_end.set()
    app.add_middleware(Timed, metrics=Metrics())

    @app.get("/counted")
    async def counted(request: Request) -> int:
        return await found_for(request, counting, count)

    connection = await asyncpg.connect(database_url)
    await connection.execute(MANY)
    await connection.close()
    transport = httpx2.ASGITransport(app=app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://api") as client:
        asked = ("/counted?a=1&b=2", "/counted?b=2&a=1", "/counted?a=2")
        answers = [await client.get(one) for one in asked]
    assert [one.json() for one in answers] == [1, 1, 2]
    assert [one.headers.get("Age") for one in answers] == [None, "0", None]


async def test_who_asked_may_go_and_a_count_that_fails_is_made_again(database: Database) -> None:
    counting, count = Counting(database), Counts()
    gone = asyncio.create_task(counting.get("map", count))
    await count.going.wait()
    gone.cancel()
    stays = asyncio.create_task(counting.get("map", count))
    count.may_end.set()
    assert (await stays).found == 2

    async def fails() -> int:
        raise DatabaseAwayError("away")

    with pytest.raises(DatabaseAwayError):
        await counting.get("map", fails)
    assert (await counting.get("map", count)).found == 3


async def test_a_count_has_more_time_and_memory_than_other_questions(database: Database) -> None:
    said = text("SELECT current_setting('statement_timeout'), current_setting('work_mem')")
    async with database.counting() as connection:
        counting = (await connection.execute(said)).one()
    async with database.reading() as connection:
        reading = (await connection.execute(said)).one()
    assert counting == (f"{COUNTING_SECONDS_MAX}s", "32MB")
    assert reading[0] == "15s"


async def test_what_is_stopped_because_it_takes_too_long_says_what_to_do(
    database: Database,
) -> None:
    app = FastAPI()
    problems.install(app)

    @app.get("/slow")
    async def slow() -> None:
        async with database.counting() as connection:
            await connection.execute(text("SET LOCAL statement_timeout = '10ms'"))
            await connection.execute(text("SELECT count(*) FROM generate_series(1, 1e12)"))

    transport = httpx2.ASGITransport(app=app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://api") as client:
        answer = await client.get("/slow")
    assert (answer.status_code, answer.json()["code"]) == (503, "took_too_long")
    assert "shorter period" in answer.json()["detail"]
    assert answer.headers["Retry-After"]
    with pytest.raises(TookTooLongError):
        await slow()
