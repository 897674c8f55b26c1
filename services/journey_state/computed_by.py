"""The settings that decide what is computed: those of the workers hold wherever it is done."""

from __future__ import annotations

import msgspec

from services.journey_state.store import computing
from services.journey_state.store.pool import Connection, Store
from services.settings import Settings

# Two processes that differ in one of these compute different signals or owners.
GROUPS = frozenset({"abandonment", "dedupe", "identity", "retention", "watermark"})


async def tell(store: Store, settings: Settings) -> None:
    """After this the settings of this worker are those that others compute by."""
    groups = settings.model_dump_json(include=set(GROUPS))
    async with store.connection() as connection:
        await computing.tell_settings(connection, groups)


async def as_the_workers(connection: Connection, settings: Settings) -> Settings:
    """The settings with what the workers compute by in place of what was given here."""
    text = await computing.told_settings(connection)
    if text is None:
        return settings
    told = msgspec.json.decode(text)
    changed = {}
    for name in GROUPS & told.keys():
        given = getattr(settings, name)
        # A setting that this version does not know is of no use to it.
        known = {k: v for k, v in told[name].items() if k in type(given).model_fields}
        changed[name] = type(given).model_validate({**given.model_dump(), **known})
    return settings.model_copy(update=changed)
