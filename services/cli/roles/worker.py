"""`milepost worker`."""

from __future__ import annotations

import asyncio
import gc

from services.cli.given import refuse
from services.cli.roles.foreground import settings_of_role, until_signaled
from services.journey_state import worker as worker_role
from services.journey_state.active import UnpublishedDefinitionError
from services.journey_state.definition import DefinitionError, read_definition, shipped

GC_THRESHOLD = 50_000


def run() -> None:
    """Process the touchpoint topic: stages, signals, output topics."""
    settings = settings_of_role(kafka=True, database=True)
    try:
        given = read_definition(settings.journey_file) if settings.journey_file else None
    except DefinitionError as error:
        refuse(str(error))

    # What start-up has made stays, and a batch makes far more objects than garbage: a collector
    # with its defaults takes a third of the worker's time.
    gc.collect()
    gc.freeze()
    gc.set_threshold(GC_THRESHOLD, 20, 50)

    async def work(stopping: asyncio.Event) -> None:
        await worker_role.serve(settings, given, shipped(), stopping)

    try:
        until_signaled(work)
    except UnpublishedDefinitionError as error:
        refuse(str(error))
