"""Deadlines that an operator cancels: no signal, whatever is recomputed (semantics 5.12)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest_asyncio

from tests.journey_state.applying import Applying, applying
from tests.journey_state.asking import get, problem, serving
from tests.journey_state.cutting import DAY, Cutting
from tests.journey_state.running import a_touchpoint

CART = {"cart_id": "c1"}
DUE = 1 + 30 * 60
FIRED = DUE + 60


@pytest_asyncio.fixture
async def worker(database_url: str) -> AsyncIterator[Applying]:
    async with applying(database_url) as worker:
        yield worker


@pytest_asyncio.fixture
async def client(database_url: str) -> AsyncIterator[httpx2.AsyncClient]:
    async with serving(database_url) as client:
        yield client


def added(at: float = 1, **fields: Any) -> Any:
    return a_touchpoint("Product Added", at=at, user="u1", properties=CART, **fields)


async def cart_deadlines(client: httpx2.AsyncClient) -> list[dict[str, Any]]:
    page = await get(client, "/v1/deadlines", rule="cart")
    items: list[dict[str, Any]] = page["items"]
    return items


async def cancelled(client: httpx2.AsyncClient) -> dict[str, Any]:
    """The one deadline of a cart, cancelled."""
    (deadline,) = await cart_deadlines(client)
    answer = await client.delete(f"/v1/deadlines/{deadline['id']}")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_a_cancelled_deadline_is_listed_no_more_and_makes_no_signal(
    worker: Applying, client: httpx2.AsyncClient
) -> None:
    await worker.take(added())
    (listed,) = await cart_deadlines(client)
    found = await cancelled(client)
    assert found == {name: listed[name] for name in found}
    assert await cart_deadlines(client) == []
    await worker.reach(FIRED)
    assert await worker.signals() == []


async def test_a_second_cancellation_says_the_same(
    worker: Applying, client: httpx2.AsyncClient
) -> None:
    await worker.take(added())
    found = await cancelled(client)
    answer = await client.delete(f"/v1/deadlines/{found['id']}")
    assert (answer.status_code, answer.json()) == (200, found)


async def test_a_cancelled_deadline_survives_refolds_and_merges(
    worker: Applying, client: httpx2.AsyncClient
) -> None:
    visitor = {"anonymous_id": "a1"}
    await worker.take(
        a_touchpoint("Product Added", at=1, identifiers=visitor, properties=CART),
    )
    await cancelled(client)
    await worker.take(a_touchpoint("page", at=0.5, type="page", identifiers=visitor))
    await worker.take(a_touchpoint("page", at=0.2, type="page", user="u1"))
    await worker.take(
        a_touchpoint("identify", at=2, type="identify", user="u1", identifiers=visitor)
    )
    await worker.reach(FIRED)
    assert await worker.signals() == []


async def test_new_activity_begins_a_new_deadline(
    worker: Applying, client: httpx2.AsyncClient
) -> None:
    await worker.take(added())
    await cancelled(client)
    await worker.take(added(at=5))
    await worker.reach(FIRED + 4)
    assert await worker.signals() == [("cart", "raised", True, None)]


async def test_a_deadline_that_has_made_its_signal_is_not_cancelled(
    worker: Applying, client: httpx2.AsyncClient
) -> None:
    await worker.take(added())
    (deadline,) = await cart_deadlines(client)
    await worker.reach(FIRED)
    answer = await client.delete(f"/v1/deadlines/{deadline['id']}")
    assert (answer.status_code, answer.json()["code"]) == (409, "signal_exists")
    assert await worker.signals() == [("cart", "raised", True, None)]


async def test_a_deadline_that_is_not_there_is_not_cancelled(
    worker: Applying, client: httpx2.AsyncClient
) -> None:
    await worker.take(added())
    (deadline,) = await cart_deadlines(client)
    await worker.take(a_touchpoint("Order Completed", at=3, user="u1"))
    for which, status, code in (
        (deadline["id"], 404, "deadline_unknown"),
        (f"{'0' * 32}.{'1' * 32}", 404, "deadline_unknown"),
        ("cart", 400, "bad_id"),
    ):
        answer = await client.delete(f"/v1/deadlines/{which}")
        assert (answer.status_code, answer.json()["code"]) == (status, code)
    await problem(client, 405, f"/v1/deadlines/{deadline['id']}")


async def test_what_was_cancelled_goes_with_a_cut_unless_its_episode_goes_on(
    worker: Applying, client: httpx2.AsyncClient
) -> None:
    """The cart's window is long over; who has ordered lapses only after ninety days."""
    await worker.take(added())
    await cancelled(client)
    await worker.take(a_touchpoint("Order Completed", at=2, user="u1"))
    (lapsing,) = (await get(client, "/v1/deadlines", rule="lapsed"))["items"]
    assert (await client.delete(f"/v1/deadlines/{lapsing['id']}")).status_code == 200
    known = "SELECT rule FROM cancelled_deadlines ORDER BY rule"
    assert await worker.execute(known) == [("cart",), ("lapsed",)]
    cutting = Cutting(worker)
    await cutting.declare()
    await cutting.until("reached")
    assert await worker.execute(known) == [("cart",), ("lapsed",)]
    await cutting.finish()
    assert await worker.execute(known) == [("lapsed",)]
    await worker.reach(100 * DAY)
    assert await worker.signals() == []
