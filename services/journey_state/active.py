"""The definition in force: the first one is put in force, a changed one must be published."""

from __future__ import annotations

from services.journey_state.conclusion import Journeys
from services.journey_state.definition import Definition, load
from services.journey_state.store import outcomes
from services.journey_state.store.pool import Connection, Store


class UnpublishedDefinitionError(Exception):
    """The file's definition is not the one that this database was computed with."""

    def __init__(self, given: Definition, active: Definition) -> None:
        super().__init__(
            f"the journey file is {given.journey} {given.version}, but this data was computed "
            f"with {active.journey} {active.version}. Give the same file, or leave "
            "MILEPOST_JOURNEY_FILE unset to go on with the definition in force"
        )


async def activate(store: Store, definition: Definition | None, default: Definition) -> Journeys:
    """The definition in force; `definition`, else `default`, if there was none yet.

    Raises UnpublishedDefinitionError when `definition` is another one.
    """
    async with store.transaction() as connection:
        found = await outcomes.active_definition(connection)
        if found is None:
            first = definition or default
            await outcomes.activate_definition(connection, first.version, first.journey, first.text)
            found = await outcomes.active_definition(connection)
    assert found is not None
    definition_id, version, text = found
    if definition is not None and definition.version == version:
        return journeys_of(definition, definition_id)
    active = load(text, file=f"definition {version} in the database")
    if definition is not None:
        raise UnpublishedDefinitionError(definition, active)
    return journeys_of(active, definition_id)


class NoDefinitionError(Exception):
    """No definition is in force yet: the worker puts one in force at its first start."""


class InForce:
    """The definition in force, loaded once for each that is put in force."""

    def __init__(self) -> None:
        self._known: Journeys | None = None

    async def at(self, connection: Connection) -> Journeys:
        """The one in force in this transaction. Raises NoDefinitionError."""
        found = await outcomes.active_definition(connection)
        if found is None:
            raise NoDefinitionError
        definition_id, version, text = found
        if self._known is None or self._known.definition_id != definition_id:
            active = load(text, file=f"definition {version} in the database")
            self._known = journeys_of(active, definition_id)
        return self._known


def journeys_of(definition: Definition, definition_id: int) -> Journeys:
    """A definition as transactions use it."""
    return Journeys(definition, definition_id, {rule.name: rule for rule in definition.abandonment})
