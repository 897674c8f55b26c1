"""Definitions by their version, compiled once and kept: what a customer was computed by."""

from __future__ import annotations

import asyncio
from collections import OrderedDict

from services.journey_state import past_queries
from services.journey_state.api.problems import Problem
from services.journey_state.database import Connection
from services.journey_state.definition import Definition, load

KEPT_MAX = 8


class Definitions:
    """The newest few that were asked for.

    `folding` is held by whoever folds with one in a thread: one fold at a time leaves the event
    loop its share of the processor.
    """

    def __init__(self) -> None:
        self.folding = asyncio.Lock()
        self._kept: OrderedDict[str, Definition] = OrderedDict()

    async def of(self, connection: Connection, version: str) -> Definition:
        """The definition of this version; else a Problem (503): none was ever in force."""
        found = self._kept.get(version)
        if found is None:
            text = await past_queries.definition_text(connection, version)
            if text is None:
                detail = "No journey definition is known for this customer; start a worker"
                raise Problem(503, "not_ready", detail)
            found = load(text, file=f"definition {version} in the database")
        self._kept[version] = found
        self._kept.move_to_end(version)
        if len(self._kept) > KEPT_MAX:
            self._kept.popitem(last=False)
        return found
