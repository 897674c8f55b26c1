"""Waits until a role says that it is ready."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import httpx2

from services.cli.local.errors import LocalStackError

if TYPE_CHECKING:
    from services.cli.local.role import Role
    from services.cli.local.supervisor import Supervisor

READY_SECONDS_MAX = 60
REQUEST_SECONDS_MAX = 2.0
POLL_SECONDS = 0.05
# A role that is told something wrong says so and ends with this; no other try will do better.
EXIT_USAGE = 2


async def until_ready(role: Role, url: str, supervisor: Supervisor) -> None:
    """`url` answers 200. Raises `LocalStackError` when it never will, or not in time."""
    try:
        async with (
            asyncio.timeout(READY_SECONDS_MAX),
            httpx2.AsyncClient(timeout=REQUEST_SECONDS_MAX, trust_env=False) as client,
        ):
            while not await _answers(client, url):
                death = supervisor.last_death(role.name)
                if death is not None and death.exit_code == EXIT_USAGE:
                    raise LocalStackError(f"{role.name} does not start: {death.reason}")
                await asyncio.sleep(POLL_SECONDS)
    except TimeoutError:
        raise LocalStackError(
            f"{role.name} is not ready after {READY_SECONDS_MAX} s: {role.last_line}",
            f"Its log is {role.log_file}",
        ) from None


async def _answers(client: httpx2.AsyncClient, url: str) -> bool:
    try:
        return (await client.get(url)).status_code == 200
    except httpx2.HTTPError:
        return False
