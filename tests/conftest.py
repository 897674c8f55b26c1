"""Real servers for all tests: one Kafka and one PostgreSQL, started when first asked for."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import asyncpg
import pytest
import pytest_asyncio
from hypothesis import HealthCheck, settings

from services.cli.local.kafka import EmbeddedKafka
from services.cli.local.postgres import EmbeddedPostgres
from services.cli.topics import admin_of, ensure_topics
from services.journey_state.migrate import upgrade
from services.settings import KafkaSettings
from tests.spreading import ByPlace, turn_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from playwright.async_api import Browser
    from xdist.remote import Producer

    from services.contracts.topics import Topics
    from tests.journey_state.rows import Rows

PARTITIONS = 3
MEMORY_DISK = Path("/dev/shm")
MEMORY_BYTES_MIN = 6 << 30
# A broker of a few minutes does its work in less than half of the processor time where its code
# is not optimized to the last.
os.environ.setdefault("JAVA_TOOL_OPTIONS", "-XX:TieredStopAtLevel=1")
# Tests interrupt processes: where a shell started this one in the background, they would not hear.
signal.signal(signal.SIGINT, signal.default_int_handler)
# No test judges how long something took: the machine may be busy with others.
settings.register_profile("unhurried", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("unhurried")
# `make fuzz` looks at many more inputs than each change is tested with.
settings.register_profile(
    "fuzz",
    settings.get_profile("unhurried"),
    max_examples=int(os.environ.get("FUZZ_EXAMPLES", "5000")),
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Long ones come first."""
    items.sort(key=lambda item: turn_of(item.nodeid))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> ByPlace:
    """Of several processes one runs all tests of a file, or of a folder that shares a system."""
    return ByPlace(config, log)


@pytest.fixture(scope="session")
def server_dir() -> Iterator[Path]:
    """A folder for the data of the session's servers."""
    with folder_for_server() as folder:
        yield folder


@pytest.fixture
def data_dir() -> Iterator[Path]:
    """A folder for the data of a server of the test's own."""
    with folder_for_server() as folder:
        yield folder


@contextlib.contextmanager
def folder_for_server() -> Iterator[Path]:
    """Not one of pytest's: those are shut to other accounts again by each session, and PostgreSQL
    under root runs as another. In memory where there is plenty: tests kill processes, not
    machines, and a busy disk is slow to sync."""
    roomy = MEMORY_DISK.is_dir() and shutil.disk_usage(MEMORY_DISK).free >= MEMORY_BYTES_MIN
    with tempfile.TemporaryDirectory(
        prefix="milepost-", dir=MEMORY_DISK if roomy else None, ignore_cleanup_errors=True
    ) as folder:
        yield Path(folder)


@pytest.fixture(scope="session")
def chromium() -> str:
    """The browser's program; asked for first, so that nothing is started in vain."""
    from tests.browser.chromium import found_chromium  # only few tests need what drives it

    return found_chromium()


@pytest_asyncio.fixture(scope="session")
async def browser(chromium: str) -> AsyncIterator[Browser]:
    """One for all tests."""
    from tests.browser.chromium import running_browser

    async with running_browser() as browser:
        yield browser


@pytest_asyncio.fixture(scope="session")
async def kafka_server(server_dir: Path) -> AsyncIterator[EmbeddedKafka]:
    """The broker, for tests that kill and restart it."""
    kafka = EmbeddedKafka(server_dir / "kafka")
    await kafka.start()
    yield kafka
    await kafka.stop()


@pytest.fixture(scope="session")
def kafka_bootstrap(request: pytest.FixtureRequest) -> str:
    """`host:port` of the broker; `MILEPOST_TEST_KAFKA` names another one."""
    chosen = os.environ.get("MILEPOST_TEST_KAFKA")
    if chosen:
        return chosen
    kafka: EmbeddedKafka = request.getfixturevalue("kafka_server")
    return kafka.bootstrap


@pytest_asyncio.fixture
async def kafka_settings(kafka_bootstrap: str) -> AsyncIterator[KafkaSettings]:
    """The broker and the test's own topics on it, made and removed with the test."""
    settings = KafkaSettings(
        bootstrap=kafka_bootstrap, topic_prefix=f"test{uuid4().hex[:10]}", partitions=PARTITIONS
    )
    await ensure_topics(settings)
    yield settings
    await drop_topics(settings)


@pytest.fixture
def topics(kafka_settings: KafkaSettings) -> Topics:
    """The names of the test's own topics."""
    return kafka_settings.topics


async def drop_topics(settings: KafkaSettings) -> None:
    """The topics are gone, so that a long session does not fill the broker."""
    specs = settings.topics.specs(partitions=1, timeline_days=1)
    async with admin_of(settings) as admin:
        await admin.delete_topics([spec.name for spec in specs])


@pytest_asyncio.fixture(scope="session")
async def postgres_server(server_dir: Path) -> AsyncIterator[EmbeddedPostgres]:
    """The server, for tests that kill and restart it.

    `MILEPOST_TEST_POSTGRES_BIN` names the programs of another version, such as the oldest one
    that is supported.
    """
    programs = os.environ.get("MILEPOST_TEST_POSTGRES_BIN")
    postgres = EmbeddedPostgres(
        server_dir / "postgres", bin_dir=Path(programs) if programs else None
    )
    await postgres.start()
    yield postgres
    await postgres.stop()


@pytest_asyncio.fixture
async def empty_database(postgres_server: EmbeddedPostgres) -> AsyncIterator[str]:
    """The URL of a database of the test's own with nothing in it."""
    async for url in _database(postgres_server, "template1"):
        yield url


@pytest_asyncio.fixture(scope="session")
async def template_database(postgres_server: EmbeddedPostgres) -> str:
    """The name of a database that every test's own is copied from: migrations run here once.

    Nothing may stay connected to it, or it cannot be copied.
    """
    name = "template_milepost"
    await _execute(postgres_server, f'CREATE DATABASE "{name}"')
    await upgrade(postgres_server.url_of(name))
    return name


@pytest_asyncio.fixture
async def database_url(
    postgres_server: EmbeddedPostgres, template_database: str
) -> AsyncIterator[str]:
    """The URL of a database of the test's own with the schema at its head."""
    async for url in _database(postgres_server, template_database):
        yield url


@pytest_asyncio.fixture
async def rows(database_url: str) -> AsyncIterator[Rows]:
    """What writes rows into it."""
    from tests.journey_state.asking import writing  # what tests of ingest have no use for

    async with writing(database_url) as rows:
        yield rows


@pytest_asyncio.fixture(scope="module")
async def module_database_url(
    postgres_server: EmbeddedPostgres, template_database: str
) -> AsyncIterator[str]:
    """The same for all tests of a file, for those that tell their rows apart themselves."""
    async for url in _database(postgres_server, template_database):
        yield url


async def _database(postgres: EmbeddedPostgres, template: str) -> AsyncIterator[str]:
    name = f"test_{uuid4().hex[:10]}"
    # Files are copied in a sixth of the time that a log of every page takes.
    made = f'CREATE DATABASE "{name}" TEMPLATE "{template}" STRATEGY FILE_COPY'
    await _execute(postgres, made)
    yield postgres.url_of(name)
    await _execute(postgres, f'DROP DATABASE "{name}" WITH (FORCE)')


async def _execute(postgres: EmbeddedPostgres, statement: str) -> None:
    connection = await asyncpg.connect(postgres.url)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()
