"""Pages of lists while customers come and change: nobody twice, nobody of before is lost."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import httpx2

from services.contracts.times import format_time
from tests.journey_state.asking import get, serving
from tests.journey_state.transacting import HOUR, at, event, transacting

COUNT = 7
PERIOD = {"from": format_time(at(-HOUR)), "to": format_time(at(9 * HOUR))}


async def paged(
    client: httpx2.AsyncClient, path: str, key: str, between: Callable[[], Awaitable[Any]]
) -> list[str]:
    """The keys of all items, two a page; `between` happens after the first page."""
    page = await get(client, path, limit=2, **(PERIOD if path == "/v1/customers" else {}))
    found = [one[key] for one in page["items"]]
    await between()
    while page["next"]:
        asked = {"limit": 2, "after": page["next"]}
        page = await get(client, path, **asked, **(PERIOD if path == "/v1/customers" else {}))
        found += [one[key] for one in page["items"]]
    return found


async def test_people_and_signals_keep_their_place_while_data_change(database_url: str) -> None:
    async with (
        transacting(database_url) as world,
        serving(database_url, clock=lambda: at(9 * HOUR)) as client,
    ):
        await world.take(*(event("Add", 60 * n, user=f"u{n}") for n in range(COUNT)))
        await world.pass_time(HOUR)
        people = [one["customer_id"] for one in (await get(client, "/v1/customers"))["items"]]
        signals = [one["signal_id"] for one in (await get(client, "/v1/signals"))["items"]]
        assert (len(people), len(signals)) == (COUNT, COUNT)

        async def come_and_change() -> None:
            bought = (event("Order", HOUR + n, user=f"u{n}") for n in range(COUNT))
            await world.take(*bought, *(event("Add", 2 * HOUR, user=f"v{n}") for n in range(COUNT)))
            await world.pass_time(4 * HOUR)

        listed = await paged(client, "/v1/customers", "customer_id", come_and_change)
        assert len(listed) == len(set(listed)) == 2 * COUNT
        assert set(people) < set(listed)

        async def more_come() -> None:
            await world.take(*(event("Add", 5 * HOUR, user=f"w{n}") for n in range(COUNT)))
            await world.pass_time(8 * HOUR)

        known = {one["signal_id"] for one in (await get(client, "/v1/signals"))["items"]}
        told = await paged(client, "/v1/signals", "signal_id", more_come)
        assert len(told) == len(set(told))
        assert set(told) == known > set(signals)
