"""Journey definitions: what was published, and from which W on it is in force."""

from __future__ import annotations

from typing import NamedTuple

from services.journey_state.store.pool import Connection


class DefinitionRow(NamedTuple):
    """One publication of a definition."""

    definition_id: int
    version: str
    journey: str
    text: str
    in_force_from: int | None  # on the watermark's scale; None: from ever


async def read_definitions(connection: Connection) -> list[DefinitionRow]:
    """Every definition that was ever published, the one in force last."""
    rows = await connection.fetch(
        "SELECT definition_id, version, journey, text, in_force_from FROM definitions "
        "ORDER BY definition_id"
    )
    return [DefinitionRow(*row) for row in rows]


async def newest_definition(connection: Connection) -> DefinitionRow | None:
    """The definition in force; None before the first."""
    row = await connection.fetchrow(
        "SELECT definition_id, version, journey, text, in_force_from FROM definitions "
        "ORDER BY definition_id DESC LIMIT 1"
    )
    return None if row is None else DefinitionRow(*row)


async def lock_definitions(connection: Connection) -> None:
    """Until the end of the transaction nobody else publishes a definition or raises W."""
    await connection.execute("LOCK TABLE definitions IN SHARE ROW EXCLUSIVE MODE")
    await connection.execute("SELECT 1 FROM watermark FOR UPDATE")


async def add_definition(
    connection: Connection, *, version: str, journey: str, text: str, in_force_from: int | None
) -> int:
    """Put a definition in force; gives its id, greater than all before."""
    definition_id: int = await connection.fetchval(
        """
        INSERT INTO definitions (version, journey, text, in_force_from)
        VALUES ($1, $2, $3, $4) RETURNING definition_id
        """,
        version,
        journey,
        text,
        in_force_from,
    )
    return definition_id


class Standing(NamedTuple):
    """What transactions judge by, as of one instant; None: there is none yet."""

    watermark: int | None
    definition_id: int | None  # in force
    cut: int | None  # of the timeline: what occurred before is too late


async def read_standing(connection: Connection) -> Standing:
    """W, the definition in force and the cut."""
    row = await connection.fetchrow(
        "SELECT (SELECT at FROM watermark), (SELECT max(definition_id) FROM definitions), "
        "(SELECT declared_at FROM timeline_cut)"
    )
    return Standing(*row)


async def customers_behind(
    connection: Connection, after: tuple[int, bytes], limit: int
) -> list[tuple[int, bytes]]:
    """(definition_id, customer_id) of customers not yet under the definition in force, locked.

    Those that another worker holds are left out, and so are those up to `after`.
    """
    rows = await connection.fetch(
        """
        SELECT definition_id, customer_id FROM customers
        WHERE (definition_id, customer_id) > ($1, $2)
          AND definition_id < (SELECT max(definition_id) FROM definitions)
          AND merged_into IS NULL
        ORDER BY definition_id, customer_id LIMIT $3 FOR NO KEY UPDATE SKIP LOCKED
        """,
        *after,
        limit,
    )
    return [(row[0], row[1]) for row in rows]
