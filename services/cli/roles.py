"""`milepost ingest`, `worker`, `api`, `migrate` and `topics`: one role in the foreground."""

from __future__ import annotations

import asyncio
import gc
import signal
from collections.abc import Awaitable, Callable

import typer
import uvloop

from services.cli.given import load_settings, refuse
from services.cli.logs import configure_logging
from services.cli.topics import TopicsError, ensure_topics
from services.ingest import run as ingest_role
from services.journey_state import worker as worker_role
from services.journey_state.active import UnpublishedDefinitionError
from services.journey_state.api import run as api_role
from services.journey_state.api.access import TokensFileError
from services.journey_state.definition import DefinitionError, read_definition, shipped
from services.journey_state.log_ends import LogEnds
from services.journey_state.migrate import upgrade
from services.settings import Settings

GC_THRESHOLD = 50_000


def ingest() -> None:
    """Take events over HTTP and publish them to Kafka."""
    settings = _settings(kafka=True)
    if settings.sources_file is None:
        refuse("set MILEPOST_SOURCES_FILE to the file that `milepost source add` writes")
    try:
        ingest_role.run(settings)
    except (ingest_role.ListenError, ingest_role.InstanceError) as error:
        refuse(str(error))


def worker() -> None:
    """Process the touchpoint topic: stages, signals, output topics."""
    settings = _settings(kafka=True, database=True)
    try:
        given = read_definition(settings.journey_file) if settings.journey_file else None
    except DefinitionError as error:
        refuse(str(error))

    # What start-up has made stays, and a batch makes far more objects than garbage: a collector
    # with its defaults takes a third of the worker's time.
    gc.collect()
    gc.freeze()
    gc.set_threshold(GC_THRESHOLD, 20, 50)

    async def run(stopping: asyncio.Event) -> None:
        await worker_role.serve(settings, given, shipped(), stopping)

    try:
        _until_signaled(run)
    except* UnpublishedDefinitionError as group:
        refuse(str(group.exceptions[0]))


def api() -> None:
    """Answer questions about customers, signals and progress."""
    settings = _settings(kafka=True, database=True)
    topics = settings.kafka.topics

    async def run(stopping: asyncio.Event) -> None:
        ends = LogEnds(settings.kafka.client_options())
        try:
            await api_role.serve(
                settings,
                stopping,
                touchpoint_ends=ends.of(topics.touchpoints),
                rejected_ends=ends.of(topics.rejected),
            )
        finally:
            await ends.close()

    try:
        _until_signaled(run)
    except TokensFileError as error:
        refuse(str(error))
    except OSError as error:
        refuse(f"cannot listen on {settings.api.host}:{settings.api.port}: {error.strerror}")


def migrate() -> None:
    """Bring the schema to head."""
    settings = _settings(database=True)
    try:
        asyncio.run(upgrade(settings.database.url))
    except (OSError, ValueError) as error:
        refuse(f"the database cannot be migrated: {error}")
    typer.echo("schema is at head")


def topics() -> None:
    """Create the topics, and check their partitions, retention and settings."""
    settings = _settings(kafka=True)
    try:
        done = asyncio.run(
            ensure_topics(settings.kafka, timeline_days=settings.retention.timeline_days)
        )
    except TopicsError as error:
        refuse(str(error))
    for line in done or ["all topics are as they should be"]:
        typer.echo(line)


def _settings(*, kafka: bool = False, database: bool = False) -> Settings:
    settings = load_settings()
    configure_logging(settings.log)
    if kafka and not settings.kafka.bootstrap:
        refuse("set MILEPOST_KAFKA__BOOTSTRAP to host:port, or use `milepost up`")
    if database and not settings.database.url:
        refuse("set MILEPOST_DATABASE__URL to postgresql://..., or use `milepost up`")
    return settings


def _until_signaled(run: Callable[[asyncio.Event], Awaitable[None]]) -> None:
    """Run until it returns; SIGTERM and SIGINT set the event it is given."""

    async def main() -> None:
        stopping = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stopping.set)
        await run(stopping)

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main())
