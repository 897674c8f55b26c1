"""The definition in force: put in force first, published anew, and known to whoever computes."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass

from services.journey_state.definition import Definition, load
from services.journey_state.in_force import Activation, Journeys, journeys_of
from services.journey_state.store import definitions
from services.journey_state.store.definitions import DefinitionRow
from services.journey_state.store.pool import Connection, Store


class UnpublishedDefinitionError(Exception):
    """The file's definition is not the one that this database was computed with."""

    def __init__(self, given: Definition, active: DefinitionRow) -> None:
        super().__init__(
            f"the journey file is {given.journey} {given.version}, but the definition in force is "
            f"{active.journey} {active.version}. Publish the file with `milepost journey publish`, "
            "or leave MILEPOST_JOURNEY_FILE unset to go on with the definition in force"
        )


class NoDefinitionError(Exception):
    """No definition is in force yet: the worker puts one in force at its first start."""


@dataclass(frozen=True, slots=True)
class Published:
    """What came of publishing a definition."""

    definition_id: int
    new: bool  # False: it was in force already


async def activate(store: Store, definition: Definition | None, default: Definition) -> None:
    """After this a definition is in force: `definition`, else `default`, if there was none yet.

    Raises UnpublishedDefinitionError when `definition` is given and another one is in force.
    """
    async with store.transaction() as connection:
        found = await definitions.newest_definition(connection)
        if found is None:
            await definitions.lock_definitions(connection)
            found = await definitions.newest_definition(connection)
        if found is None:
            await _add(connection, definition or default, None)
        elif definition is not None and definition.version != found.version:
            raise UnpublishedDefinitionError(definition, found)


async def publish(connection: Connection, definition: Definition) -> Published:
    """Put the definition in force from just behind W on; nothing is done if it is already.

    Whatever fires at a later W knows of it, because W and the newest definition are read at once.
    """
    await definitions.lock_definitions(connection)
    found = await definitions.newest_definition(connection)
    if found is not None and found.version == definition.version:
        return Published(found.definition_id, new=False)
    watermark = (await definitions.read_standing(connection)).watermark
    # Before the first W nothing was judged: the new one is in force from ever in place of the old.
    start = None if found is None or watermark is None else watermark + 1
    return Published(await _add(connection, definition, start), new=True)


async def _add(connection: Connection, definition: Definition, start: int | None) -> int:
    return await definitions.add_definition(
        connection,
        version=definition.version,
        journey=definition.journey,
        text=definition.text,
        in_force_from=start,
    )


class Catalog:
    """The definitions of this database, compiled once each, read again when a new one is there."""

    def __init__(self, grace_us: int, checkpoint_every: int) -> None:
        self._grace_us = grace_us
        self._checkpoint_every = checkpoint_every
        self._known: Journeys | None = None
        self._compiled: dict[str, Definition] = {}
        self._reading = asyncio.Lock()

    async def at(self, connection: Connection, definition_id: int = 1) -> Journeys:
        """The definitions, that of this id and all before it among them.

        Raises NoDefinitionError.
        """
        known = self._known
        if known is None or known.current.definition_id < definition_id:
            async with self._reading:
                known = await self._read(connection)
                self._known = known
        return known

    def evaluation_errors(self) -> dict[str, int]:
        """How often expressions ended in an error here, by their place in the file."""
        found: Counter[str] = Counter()
        for definition in self._compiled.values():
            found.update(definition.evaluation_errors())
        return dict(found)

    async def _read(self, connection: Connection) -> Journeys:
        rows = await definitions.read_definitions(connection)
        if not rows:
            raise NoDefinitionError
        activations = [
            Activation(row.definition_id, await self._definition(row), row.in_force_from)
            for row in rows
        ]
        return journeys_of(activations, self._grace_us, self._checkpoint_every)

    async def _definition(self, row: DefinitionRow) -> Definition:
        if row.version not in self._compiled:
            name = f"definition {row.version} in the database"
            self._compiled[row.version] = await asyncio.to_thread(load, row.text, file=name)
        return self._compiled[row.version]
