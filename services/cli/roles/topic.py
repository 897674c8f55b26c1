"""`milepost topics`."""

from __future__ import annotations

import asyncio
import logging

import typer

from services.cli.asking import EXIT_NOT_REACHABLE
from services.cli.given import refuse
from services.cli.kafka_said import ADVICE
from services.cli.roles.foreground import settings_of_role
from services.cli.topics import KafkaRefusedError, TopicsError, ensure_topics


def run() -> None:
    """Create the topics, and check their partitions, retention and settings.

    Exit code 2: a topic or a setting is wrong; 3: Kafka does not answer, or does not let us.
    """
    settings = settings_of_role(kafka=True)
    # What it says of brokers that are away is told below, once.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    try:
        done = asyncio.run(
            ensure_topics(settings.kafka, timeline_days=settings.retention.timeline_days)
        )
    except KafkaRefusedError as error:
        refuse(f"{error}; {ADVICE}", EXIT_NOT_REACHABLE)
    except TopicsError as error:
        refuse(str(error))
    for line in done or ["all topics are as they should be"]:
        typer.echo(line)
