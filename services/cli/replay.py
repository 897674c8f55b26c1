"""`milepost replay --from T`: state built again from the touchpoint topic."""

from __future__ import annotations

import asyncio
import sys
import time
from typing import Annotated

import typer
from aiokafka.errors import KafkaError
from rich.progress import Progress, TaskID

from services.cli.asking import EXIT_NOT_REACHABLE, DataOption
from services.cli.endpoints import EndpointsError, read_endpoints
from services.cli.given import instant_us, load_settings, refuse
from services.cli.kafka_said import said
from services.cli.logs import configure_logging
from services.journey_state.active import NoDefinitionError
from services.journey_state.computed_by import as_the_workers
from services.journey_state.rebuilding import Rebuilt
from services.journey_state.replaying import replay as rebuild
from services.journey_state.store.pool import SCHEMA_MISSING, TRANSIENT, Store
from services.journey_state.topic_reading import TopicMissingError
from services.settings import Settings

LINE_SECONDS = 2.0


def replay(
    from_: Annotated[
        str,
        typer.Option(
            "--from", metavar="T", help="Read the topic from then on: ISO 8601, or a date."
        ),
    ],
    *,
    data: DataOption = None,
) -> None:
    """Build state again from the touchpoint topic, while the workers go on; safe to repeat.

    Lost customers, identifiers, touchpoints and signals are put back, and every customer of the
    records is computed again. Nothing that was published is published again; what had been told
    wrongly is corrected. It computes by the settings of the workers. Exit code 1: some of it could
    not be computed, and each is named.
    """
    started = _instant(from_)
    settings = _settings(data)
    configure_logging(settings.log)
    try:
        with Shown() as shown:
            done = asyncio.run(_replay(settings, started, shown))
    except TopicMissingError as error:
        refuse(f"milepost replay: Kafka has no topic {error}")
    except NoDefinitionError:
        refuse("milepost replay: no journey definition is in force yet; start a worker")
    except SCHEMA_MISSING:
        refuse("milepost replay: the schema is missing or too old: run `milepost migrate`")
    except (KafkaError, *TRANSIENT) as error:
        line = f"milepost replay: interrupted: {said(error)}; it is safe to run it again"
        refuse(line, EXIT_NOT_REACHABLE)
    _tell(done)


async def _replay(settings: Settings, from_us: int, shown: Shown) -> Rebuilt:
    store = await Store.connect(settings.database.url, connections_max=2)
    try:
        async with store.connection() as connection:
            settings = await as_the_workers(connection, settings)
        return await rebuild(settings, store, from_us, shown.report)
    finally:
        await store.close()


def _settings(data: object) -> Settings:
    settings = load_settings()
    if settings.database.url and settings.kafka.bootstrap and data is None:
        return settings
    try:
        found = read_endpoints(data)  # type: ignore[arg-type]
    except EndpointsError as error:
        refuse(f"milepost replay: {error}")
    database = settings.database.model_copy(update={"url": found.database})
    kafka = settings.kafka.model_copy(update={"bootstrap": found.kafka})
    return settings.model_copy(update={"database": database, "kafka": kafka})


def _instant(text: str) -> int:
    try:
        return instant_us(text)
    except ValueError as error:
        refuse(f"milepost replay: --from {text}: {error}")


def _tell(done: Rebuilt) -> None:
    typer.echo(f"customers put back\t{done.lost_customers}")
    typer.echo(f"signals put back\t{done.signals}")
    typer.echo(f"identifiers put back\t{done.identifiers}")
    typer.echo(f"touchpoints put back\t{done.touchpoints}")
    typer.echo(f"customers computed again\t{done.customers}")
    typer.echo(f"messages that tell of differences\t{done.messages}")
    for name in done.failed:
        typer.echo(f"failed\t{name}")
    if done.failed:
        raise typer.Exit(1)


class Shown:
    """Progress bars on a terminal, a line now and then elsewhere."""

    def __init__(self) -> None:
        self._bars = Progress() if sys.stdout.isatty() else None
        self._tasks: dict[str, TaskID] = {}
        self._said_at = 0.0

    def __enter__(self) -> Shown:
        if self._bars is not None:
            self._bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._bars is not None:
            self._bars.stop()

    def report(self, what: str, done: int, total: int) -> None:
        """So much of so much is done."""
        if self._bars is not None:
            task = self._tasks.get(what)
            if task is None:
                task = self._tasks[what] = self._bars.add_task(what)
            self._bars.update(task, completed=done, total=total)
            return
        now = time.monotonic()
        if done >= total or now - self._said_at >= LINE_SECONDS:
            self._said_at = now
            typer.echo(f"{what}\t{done}/{total}")
