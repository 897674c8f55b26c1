"""`milepost topics`."""

from __future__ import annotations

import asyncio

import typer

from services.cli.given import refuse
from services.cli.roles.foreground import settings_of_role
from services.cli.topics import TopicsError, ensure_topics


def run() -> None:
    """Create the topics, and check their partitions, retention and settings."""
    settings = settings_of_role(kafka=True)
    try:
        done = asyncio.run(
            ensure_topics(settings.kafka, timeline_days=settings.retention.timeline_days)
        )
    except TopicsError as error:
        refuse(str(error))
    for line in done or ["all topics are as they should be"]:
        typer.echo(line)
