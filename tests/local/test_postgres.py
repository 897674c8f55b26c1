"""The embedded database server: real starts, stops, kills and leftovers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import asyncpg
import pytest

from services.cli.local.errors import LocalStackError
from services.cli.local.postgres import EmbeddedPostgres
from tests.local.killed import is_gone, kill_the_parent_of
from tests.waiting import until

if TYPE_CHECKING:
    from pathlib import Path


async def test_rows_password_and_port_outlive_a_kill_and_a_restart(data_dir: Path) -> None:
    postgres = EmbeddedPostgres(data_dir)
    try:
        url = await postgres.start()
        await ask(url, "CREATE TABLE kept (n int)")
        await ask(url, "INSERT INTO kept VALUES (1)")

        await postgres.kill()
        assert postgres.exit_code == -9
        assert await postgres.start() == url
        await ask(url, "INSERT INTO kept VALUES (2)")

        assert await postgres.restart() == url
        assert await ask(url, "SELECT array_agg(n ORDER BY n) FROM kept") == [1, 2]
    finally:
        await postgres.stop()
    assert not (data_dir / "process.json").exists()


async def test_an_orphan_of_a_killed_run_is_ended_by_the_next(data_dir: Path) -> None:
    orphan = kill_the_parent_of("postgres", data_dir)
    assert not await is_gone(orphan)

    postgres = EmbeddedPostgres(data_dir)
    try:
        await postgres.start()

        assert await is_gone(orphan)
        assert postgres.pid != orphan.pid
    finally:
        await postgres.stop()


async def test_a_server_does_not_outlive_its_parent(data_dir: Path) -> None:
    server = kill_the_parent_of("postgres", data_dir, dies=True)

    await until(lambda: is_gone(server))


async def test_a_folder_in_use_is_one_clear_line(postgres_server: EmbeddedPostgres) -> None:
    second = EmbeddedPostgres(postgres_server.data_dir)

    with pytest.raises(LocalStackError, match=r"in use by process \d+\. Stop that run"):
        await second.start()

    assert await ask(postgres_server.url, "SELECT 1") == 1


async def test_a_folder_of_another_version_is_refused(data_dir: Path) -> None:
    (data_dir / "cluster").mkdir(parents=True)
    (data_dir / "cluster" / "PG_VERSION").write_text("14\n")
    postgres = EmbeddedPostgres(data_dir)

    with pytest.raises(LocalStackError, match="was made by PostgreSQL 14"):
        await postgres.start()


async def test_programs_that_are_not_there_are_one_clear_line(
    data_dir: Path, tmp_path: Path
) -> None:
    with pytest.raises(LocalStackError, match="does not run"):
        await EmbeddedPostgres(data_dir, bin_dir=tmp_path).start()


async def test_only_the_password_lets_in(postgres_server: EmbeddedPostgres) -> None:
    url = postgres_server.url.replace("postgresql://milepost:", "postgresql://milepost:not-")

    with pytest.raises(asyncpg.InvalidPasswordError):
        await ask(url, "SELECT 1")


async def test_what_is_committed_is_on_disk(postgres_server: EmbeddedPostgres) -> None:
    assert await ask(postgres_server.url, "SHOW fsync") == "on"
    assert await ask(postgres_server.url, "SHOW synchronous_commit") == "on"


async def ask(url: str, statement: str) -> object:
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval(statement)
    finally:
        await connection.close()
