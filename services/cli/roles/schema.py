"""`milepost migrate`."""

from __future__ import annotations

import asyncio

import typer

from services.cli.asking import EXIT_NOT_REACHABLE
from services.cli.given import refuse
from services.cli.roles.foreground import settings_of_role
from services.journey_state.migrate import upgrade


def run() -> None:
    """Bring the schema to head.

    Exit code 2: set up wrongly; 3: the database does not answer, or lets nobody in.
    """
    settings = settings_of_role(database=True)
    try:
        asyncio.run(upgrade(settings.database.url))
    except ValueError as error:
        refuse(f"MILEPOST_DATABASE__URL: {error}")
    except OSError as error:
        refuse(f"the database cannot be migrated: {error}", EXIT_NOT_REACHABLE)
    typer.echo("schema is at head")
