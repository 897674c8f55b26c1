"""The definition in force: the first one is put in force, a changed one must be published."""

from __future__ import annotations

from services.journey_state.conclusion import Journeys
from services.journey_state.definition import Definition, load
from services.journey_state.store import outcomes
from services.journey_state.store.pool import Store


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
        active = definition
    else:
        active = load(text, file=f"definition {version} in the database")
        if definition is not None:
            raise UnpublishedDefinitionError(definition, active)
    rules = {rule.name: rule for rule in active.abandonment}
    return Journeys(active, definition_id, rules)
