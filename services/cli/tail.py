"""`milepost tail`: follows a topic and prints each record on a line."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import sys
from collections.abc import AsyncGenerator, Callable
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, NoReturn

import msgspec
import typer
from aiokafka import AIOKafkaConsumer, ConsumerRecord
from aiokafka.errors import KafkaError

from services.cli.endpoints import EndpointsError, read_endpoints
from services.cli.kafka_said import said
from services.cli.looks import on_terminal
from services.cli.tail_lines import (
    print_coloured,
    rejected_line,
    signal_line,
    stage_change_line,
    touchpoint_line,
    unread_line,
)
from services.contracts.heartbeat import is_heartbeat
from services.settings import KafkaSettings, Settings

EXIT_NOT_FOUND = 1
EXIT_NOT_REACHABLE = 3
CONNECT_SECONDS_MAX = 10.0
POLL_MILLISECONDS = 500
POLL_RECORDS_MAX = 1000


class Followed(StrEnum):
    """What can be followed."""

    TOUCHPOINTS = "touchpoints"
    STAGE_CHANGES = "stage-changes"
    SIGNALS = "signals"
    REJECTED = "rejected"


_LINES: dict[Followed, Callable[[dict[str, Any], str, str], str]] = {
    Followed.TOUCHPOINTS: touchpoint_line,
    Followed.STAGE_CHANGES: stage_change_line,
    Followed.SIGNALS: signal_line,
    Followed.REJECTED: rejected_line,
}


class TopicMissingError(Exception):
    """The broker answers and has no such topic."""


def tail(
    what: Annotated[
        Followed, typer.Argument(help="touchpoints, stage-changes, signals or rejected.")
    ] = Followed.STAGE_CHANGES,
    *,
    rejected: Annotated[
        bool, typer.Option("--rejected", help="Events that were not taken, and why.")
    ] = False,
    from_beginning: Annotated[
        bool, typer.Option("--from-beginning", help="All that the topic holds, then on.")
    ] = False,
    limit: Annotated[
        int | None, typer.Option("--limit", min=1, help="Stop after this many records.")
    ] = None,
    data: Annotated[
        Path | None, typer.Option("--data", help="Data folder of the running system.")
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON object a line: where, headers, value.")
    ] = False,
) -> None:
    """Follow a topic, one readable line per record, until Ctrl-C.

    Exit code 1: the topic is missing; 2: asked wrongly; 3: Kafka does not answer.
    """
    # What aiokafka logs of a broker that is away is said below, once.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    kafka = _kafka(data)
    followed = Followed.REJECTED if rejected else what
    topic = _topic(kafka, followed)
    show = json_line if as_json else _text_line(followed)
    write = print_coloured if on_terminal() and not as_json else typer.echo
    try:
        asyncio.run(_follow(kafka, topic, lambda one: write(show(one)), from_beginning, limit))
    except KeyboardInterrupt:
        return
    except BrokenPipeError:  # the reader of a pipe has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except TopicMissingError:
        missing = f"{kafka.bootstrap} has no topic {topic}: create it with `milepost topics`"
        _fail(EXIT_NOT_FOUND, missing)
    except (KafkaError, OSError, TimeoutError) as error:
        _fail(EXIT_NOT_REACHABLE, f"Kafka at {kafka.bootstrap}: {said(error)}")


def _kafka(data: Path | None) -> KafkaSettings:
    """Kafka as the settings say; where they do not, that of the system over the folder."""
    kafka = Settings().kafka
    if kafka.bootstrap and data is None:
        return kafka
    try:
        found = read_endpoints(data)
    except EndpointsError as error:
        _fail(EXIT_NOT_REACHABLE, f"{error}; or set MILEPOST_KAFKA__BOOTSTRAP")
    return kafka.model_copy(update={"bootstrap": found.kafka})


def _topic(kafka: KafkaSettings, what: Followed) -> str:
    names = {
        Followed.TOUCHPOINTS: kafka.topics.touchpoints,
        Followed.STAGE_CHANGES: kafka.topics.stage_changes,
        Followed.SIGNALS: kafka.topics.signals,
        Followed.REJECTED: kafka.topics.rejected,
    }
    return names[what]


def _fail(code: int, message: str) -> NoReturn:
    typer.echo(f"milepost tail: {message}", err=True)
    raise typer.Exit(code)


async def _follow(
    kafka: KafkaSettings,
    topic: str,
    show: Callable[[ConsumerRecord], None],
    from_beginning: bool,
    limit: int | None,
) -> None:
    """Print records until `limit` of them or until told to stop."""
    task = asyncio.current_task()
    if task is not None:
        with contextlib.suppress(NotImplementedError, RuntimeError, ValueError):
            # So that `kill` leaves as quietly as Ctrl-C; elsewhere than the main thread nobody can.
            asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    shown = 0
    with contextlib.suppress(asyncio.CancelledError):
        async with contextlib.aclosing(records(kafka, topic, from_beginning)) as found:
            async for record in found:
                show(record)
                shown += 1
                if limit is not None and shown >= limit:
                    return


async def records(
    kafka: KafkaSettings, topic: str, from_beginning: bool
) -> AsyncGenerator[ConsumerRecord, None]:
    """The topic's records without heartbeats, by time within each fetch; never ends by itself."""
    consumer = AIOKafkaConsumer(
        **kafka.client_options(),
        group_id=None,
        auto_offset_reset="earliest" if from_beginning else "latest",
        client_id="milepost-tail",
    )
    try:
        async with asyncio.timeout(CONNECT_SECONDS_MAX):
            await consumer.start()
            # Asked first: to subscribe to a topic that is missing may create it.
            if topic not in await consumer.topics():
                raise TopicMissingError(topic)
        consumer.subscribe([topic])
        while True:
            fetched = await consumer.getmany(
                timeout_ms=POLL_MILLISECONDS, max_records=POLL_RECORDS_MAX
            )
            batch = [record for part in fetched.values() for record in part]
            for record in sorted(batch, key=lambda one: one.timestamp):
                if not is_heartbeat(record.headers):
                    yield record
    finally:
        await consumer.stop()


def _text_line(what: Followed) -> Callable[[ConsumerRecord], str]:
    line = _LINES[what]

    def show(record: ConsumerRecord) -> str:
        key = (record.key or b"").decode("utf-8", "replace")
        kind = _headers(record).get("ce_type", "")
        try:
            value = msgspec.json.decode(record.value or b"", type=dict[str, Any])
        except msgspec.MsgspecError as error:
            return unread_line(key, record.partition, record.offset, str(error))
        return line(value, key, kind)

    return show


def json_line(record: ConsumerRecord) -> str:
    """The record as one JSON object; `value` is text where it is no JSON."""
    value = record.value
    whole: dict[str, Any] = {
        "topic": record.topic,
        "partition": record.partition,
        "offset": record.offset,
        "key": None if record.key is None else record.key.decode("utf-8", "replace"),
        "headers": _headers(record),
    }
    try:
        whole["value"] = None if value is None else msgspec.json.decode(value)
    except msgspec.MsgspecError:
        whole["value"] = value.decode("utf-8", "replace")
    return msgspec.json.encode(whole).decode()


def _headers(record: ConsumerRecord) -> dict[str, str]:
    return {name: value.decode("utf-8", "replace") for name, value in record.headers}
