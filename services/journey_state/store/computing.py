"""The settings that state is computed by, told by the worker that started last."""

from __future__ import annotations

from services.journey_state.store.pool import Connection


async def tell_settings(connection: Connection, groups: str) -> None:
    """Keep the groups (JSON) that this worker computes by."""
    await connection.execute(
        """
        INSERT INTO worker_settings (id, groups) VALUES (1, $1::jsonb)
        ON CONFLICT (id) DO UPDATE SET groups = excluded.groups
        """,
        groups,
    )


async def told_settings(connection: Connection) -> str | None:
    """The groups (JSON) as last told; None before the first worker."""
    found: str | None = await connection.fetchval("SELECT groups FROM worker_settings")
    return found
