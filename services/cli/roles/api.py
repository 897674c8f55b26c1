"""`milepost api`."""

from __future__ import annotations

import asyncio

from services.cli.given import refuse
from services.cli.roles.foreground import settings_of_role, until_signaled
from services.journey_state.api import run as api_role
from services.journey_state.api.access import TokensFileError
from services.journey_state.definition import DefinitionError
from services.journey_state.log_ends import LogEnds


def run() -> None:
    """Answer questions about customers, signals and progress."""
    settings = settings_of_role(kafka=True, database=True)
    topics = settings.kafka.topics

    async def answer(stopping: asyncio.Event) -> None:
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
        until_signaled(answer)
    except (TokensFileError, DefinitionError) as error:
        refuse(str(error))
    except OSError as error:
        refuse(f"cannot listen on {settings.api.host}:{settings.api.port}: {error.strerror}")
