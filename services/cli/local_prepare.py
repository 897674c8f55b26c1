"""Schema and topics before the roles start, in words for the person at the keyboard."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import asyncpg
from sqlalchemy.exc import SQLAlchemyError

from services.cli.kafka_said import ADVICE
from services.cli.local.errors import LocalStackError
from services.cli.topics import KafkaRefusedError, TopicsError, ensure_topics
from services.journey_state.active import activate
from services.journey_state.definition import read_definition
from services.journey_state.migrate import upgrade
from services.journey_state.store.definitions import newest_definition
from services.journey_state.store.pool import Store

if TYPE_CHECKING:
    from services.settings import KafkaSettings


async def prepare_database(url: str) -> bool:
    """The schema is at its head; whether a journey definition is in force already."""
    try:
        await upgrade(url)
        store = await Store.connect(url, connections_max=1)
        try:
            async with store.transaction() as connection:
                return await newest_definition(connection) is not None
        finally:
            await store.close()
    except (OSError, ValueError, SQLAlchemyError, asyncpg.PostgresError) as error:
        # What SQLAlchemy puts in front is for programmers.
        said = re.sub(r"^\([\w.]+\) |^<class '[\w.]+'>: ", "", str(error).partition("\n")[0])
        raise LocalStackError(
            f"The database cannot be prepared: {said or type(error).__name__}",
            "Check MILEPOST_DATABASE__URL and the rights of its user",
        ) from error


async def prepare_topics(kafka: KafkaSettings, timeline_days: int) -> None:
    """The topics are as the roles need them."""
    try:
        await ensure_topics(kafka, timeline_days=timeline_days)
    except KafkaRefusedError as error:
        raise LocalStackError(str(error), f"{ADVICE[0].upper()}{ADVICE[1:]}") from error
    except TopicsError as error:
        raise LocalStackError(str(error).rstrip(".")) from error


async def put_in_force(url: str, file: Path) -> None:
    """The journey of the file is the first of this database.

    No role is given the file: one that is started again after another journey was published would
    refuse it.
    """
    store = await Store.connect(url, connections_max=1)
    try:
        await activate(store, None, read_definition(file))
    finally:
        await store.close()
