"""`milepost doctor` and PostgreSQL: faults made on a real server, or judged by its figures."""

from __future__ import annotations

import asyncio
import json

import asyncpg
import pytest
from typer.testing import CliRunner, Result

from services.cli.doctor import database
from services.cli.doctor.clocks import judge_clock
from services.cli.doctor.examine import UnreachableError
from services.cli.doctor.finding import Finding
from services.cli.local_settings import DEMO_JOURNEY
from services.cli.verbs import app
from services.contracts.times import SECOND_US
from services.journey_state.active import activate
from services.journey_state.definition import shipped
from services.journey_state.migrate import revisions, upgrade
from services.journey_state.store.pool import Store
from services.journey_state.store.set_up import Server
from services.settings import AbandonmentSettings, DatabaseSettings, Settings

GOOD = {"fsync": "on", "full_page_writes": "on", "synchronous_commit": "on"}
SERVER = Server(170004, {**GOOD, "server_encoding": "UTF8"}, 0, 97, 3, False, True)


async def look(url: str, **more: object) -> dict[str, Finding]:
    settings = Settings(database=DatabaseSettings(url=url)).model_copy(update=more)
    return {one.check: one for one in await database.look(settings)}


async def test_a_database_that_is_set_up_well_is_ok(database_url: str) -> None:
    found = await look(database_url)

    assert {one.status for one in found.values()} == {"ok"}
    assert set(found) == {database.DATABASE, *database.COVERS}


async def test_a_database_without_tables_is_told(empty_database: str) -> None:
    found = await look(empty_database)

    assert found[database.SCHEMA].fix == "run `milepost migrate`"
    assert found[database.JOURNEY].status == "skip"


async def test_a_database_behind_head_is_told(empty_database: str) -> None:
    await upgrade(empty_database, revision=revisions()[-1])

    found = await look(empty_database)

    behind = f"at {revisions()[-1]}, {len(revisions()) - 1} migrations behind"
    assert found[database.SCHEMA].status == "fail"
    assert found[database.SCHEMA].what.startswith(behind)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ((":1/", "{port}/"), "Connect call failed"),
        (("postgresql://", "mysql://"), "a database URL looks like"),
        (("milepost:", "nobody:"), "password authentication failed"),
        (("/test_", "/none_"), "does not exist"),
    ],
)
async def test_a_url_that_leads_nowhere_is_told(
    database_url: str, change: tuple[str, str], said: str
) -> None:
    old, new = change
    if new == "{port}/":
        url = "postgresql://milepost:x@127.0.0.1:1/none"
    else:
        url = database_url.replace(old, new, 1)

    with pytest.raises(UnreachableError, match=said) as caught:
        await look(url)

    assert "postgresql://" in caught.value.fix or "MILEPOST_DATABASE__URL" in caught.value.fix


async def test_settings_of_a_database_that_harm_are_told(database_url: str) -> None:
    connection = await asyncpg.connect(database_url)
    name = database_url.rpartition("/")[2].partition("?")[0]
    try:
        await connection.execute(f'ALTER DATABASE "{name}" SET synchronous_commit = off')
        await connection.execute(f'ALTER DATABASE "{name}" CONNECTION LIMIT 9')
    finally:
        await connection.close()

    found = await look(database_url)

    assert found[database.DURABILITY].status == "warn"
    assert "synchronous_commit = on" in found[database.DURABILITY].fix
    assert found[database.CONNECTIONS].status == "fail"
    assert "MILEPOST_DATABASE__POOL_MAX" in found[database.CONNECTIONS].fix


async def test_a_journey_file_that_is_not_in_force_is_told(database_url: str) -> None:
    store = await Store.connect(database_url, connections_max=1)
    await activate(store, None, shipped())
    await store.close()

    found = await look(database_url, journey_file=DEMO_JOURNEY)

    assert found[database.JOURNEY].status == "fail"
    assert "milepost journey publish" in found[database.JOURNEY].fix


@pytest.mark.parametrize(
    ("server", "said"),
    [
        (SERVER._replace(version=120005), "PostgreSQL 12.5 runs"),
        (SERVER._replace(is_standby=True), "standby"),
        (SERVER._replace(writes=False), "may not write"),
        (SERVER._replace(settings={"server_encoding": "LATIN1"}), "encoding LATIN1"),
    ],
)
def test_a_server_that_will_not_do_is_told(server: Server, said: str) -> None:
    (found,) = database.judge_server(server)

    assert (found.status, said in found.what) == ("fail", True)


@pytest.mark.parametrize("name", ["fsync", "full_page_writes"])
def test_a_server_that_a_crash_destroys_is_told(name: str) -> None:
    (found,) = database.judge_durability({**GOOD, name: "off"})

    assert found.status == "fail"
    assert f"set {name} = on" in found.fix


@pytest.mark.parametrize(
    ("apart_seconds", "status"), [(0, "ok"), (1.5, "ok"), (-5, "warn"), (31, "fail")]
)
def test_clocks_apart_are_told(apart_seconds: float, status: str) -> None:
    now = 1_790_000_000 * SECOND_US

    (found,) = judge_clock("clock", "Kafka", now + int(apart_seconds * SECOND_US), (now, now))

    assert found.status == status


def test_a_schema_that_is_newer_than_this_version_is_told() -> None:
    assert "newer version" in database.judge_schema("0099", ["0002", "0001"]).fix


def test_settings_that_the_worker_does_not_share_are_told() -> None:
    given = Settings()
    told = given.model_copy(update={"abandonment": AbandonmentSettings(grace_seconds=5)})

    (found,) = database.judge_told(given, told)

    assert found.status == "warn"
    assert "MILEPOST_ABANDONMENT__GRACE_SECONDS is 60" in found.what


async def test_the_verb_prints_lines_or_json_and_ends_by_what_it_found(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MILEPOST_DATABASE__URL", "postgresql://nobody@127.0.0.1:1/none")

    lines = await run()
    as_json = await run("--json")

    assert lines.exit_code == as_json.exit_code == 1
    assert "fail\tdatabase\t" in lines.stdout
    assert "skip\tdatabase schema\tneeds what `database` failed" in lines.stdout
    found = json.loads(as_json.stdout)
    assert found["status"] == "fail"
    assert all(set(one) == {"check", "status", "what", "fix"} for one in found["findings"])


async def run(*arguments: str) -> Result:
    return await asyncio.to_thread(CliRunner().invoke, app, ["doctor", *arguments])
