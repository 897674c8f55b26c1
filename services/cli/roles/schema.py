"""`milepost migrate`."""

from __future__ import annotations

import asyncio

import typer

from services.cli.given import refuse
from services.cli.roles.foreground import settings_of_role
from services.journey_state.migrate import upgrade


def run() -> None:
    """Bring the schema to head."""
    settings = settings_of_role(database=True)
    try:
        asyncio.run(upgrade(settings.database.url))
    except (OSError, ValueError) as error:
        refuse(f"the database cannot be migrated: {error}")
    typer.echo("schema is at head")
