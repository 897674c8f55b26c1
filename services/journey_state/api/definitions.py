"""Every definition that was ever in force, compiled once: what customers were computed by."""

from __future__ import annotations

import asyncio

from services.journey_state import past_queries
from services.journey_state.api.problems import Problem
from services.journey_state.database import Connection
from services.journey_state.definition import Definition, load
from services.journey_state.in_force import Activation, Journeys, journeys_of
from services.journey_state.past_queries import DefinitionRow


class Definitions:
    """Read again when a new definition is there.

    `folding` is held by whoever folds with one in a thread: one fold at a time leaves the event
    loop its share of the processor.
    """

    def __init__(self) -> None:
        self.folding = asyncio.Lock()
        self._known: Journeys | None = None
        self._compiled: dict[str, Definition] = {}

    async def at(self, connection: Connection, grace_us: int) -> Journeys:
        """The definitions as this connection sees them; else a Problem (503): there is none."""
        newest = await past_queries.newest_definition_id(connection)
        if newest is None:
            raise Problem(503, "not_ready", "No journey definition is in force; start a worker")
        if self._known is None or self._known.current.definition_id != newest:
            self._known = await self._read(connection, grace_us)
        return self._known

    async def _read(self, connection: Connection, grace_us: int) -> Journeys:
        activations = [
            Activation(row.definition_id, await self._definition(row), row.in_force_from)
            for row in await past_queries.all_definitions(connection)
        ]
        return journeys_of(activations, grace_us)

    async def _definition(self, row: DefinitionRow) -> Definition:
        if row.version not in self._compiled:
            name = f"definition {row.version} in the database"
            self._compiled[row.version] = await asyncio.to_thread(load, row.text, file=name)
        return self._compiled[row.version]
