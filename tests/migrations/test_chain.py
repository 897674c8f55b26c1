"""The chain of migrations ends where the metadata stands, and none holds up running code."""

from __future__ import annotations

from pathlib import Path

import asyncpg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.engine import Connection
from sqlalchemy.ext.asyncio import create_async_engine

from services.journey_state.columns import is_described
from services.journey_state.migrate import alembic_config, driver_url, upgrade
from services.journey_state.store.outcomes import RELAY_SHARDS
from services.journey_state.tables import metadata

VERSIONS = sorted((Path(__file__).parents[2] / "migrations" / "versions").glob("*.py"))


def differences(connection: Connection) -> list[object]:
    context = MigrationContext.configure(
        connection, opts={"compare_server_default": True, "include_name": is_described}
    )
    return list(compare_metadata(context, metadata))


async def test_the_head_of_the_chain_is_the_metadata(empty_database: str) -> None:
    await upgrade(empty_database)
    await upgrade(empty_database)  # a second time changes nothing
    engine = create_async_engine(driver_url(empty_database))
    async with engine.connect() as connection:
        found = await connection.run_sync(differences)
        shards = await connection.exec_driver_sql("SELECT count(*) FROM relay_shards")
        options = await connection.exec_driver_sql(
            "SELECT relname, reloptions FROM pg_class WHERE reloptions IS NOT NULL "
            "AND relkind = 'r' AND relnamespace = 'public'::regnamespace"
        )
        count = shards.scalar_one()
        kept = {row["relname"]: list(row["reloptions"]) for row in options.mappings()}
    await engine.dispose()

    assert found == []
    assert count == RELAY_SHARDS
    assert kept["customers"] == ["fillfactor=70"]
    assert "vacuum_truncate=off" in kept["outbox"]


def test_there_is_one_head() -> None:
    assert len(ScriptDirectory.from_config(alembic_config()).get_heads()) == 1


@pytest.mark.parametrize("path", VERSIONS, ids=lambda path: path.stem)
def test_every_migration_bounds_its_waits(path: Path) -> None:
    text = path.read_text()
    assert text.count("SET LOCAL lock_timeout") == 2
    assert text.count("SET LOCAL statement_timeout") == 2


async def test_a_timeline_from_before_partitions_is_carried_over(empty_database: str) -> None:
    await upgrade(empty_database, revision="0004")
    connection = await asyncpg.connect(empty_database)
    await connection.execute(
        """
        INSERT INTO timeline SELECT md5('i')::uuid, now() - n * interval '20 days', 'm' || n,
          'shop', now(), 'website', 'page', '{}' FROM generate_series(0, 9) n
        """
    )
    await upgrade(empty_database)
    found = await connection.fetch(
        "SELECT tableoid::regclass::text AS part, count(*) AS n FROM timeline GROUP BY 1"
    )
    await connection.execute(
        "INSERT INTO timeline SELECT identifier_key, now() + interval '40 days', 'new', source, "
        "now(), channel, event, body FROM timeline LIMIT 1"
    )
    new = await connection.fetchval(
        "SELECT tableoid::regclass::text FROM timeline WHERE message_id = 'new'"
    )
    await connection.close()

    assert [tuple(row) for row in found] == [("timeline_past", 10)]
    assert new not in ("timeline_past", "timeline_default")
