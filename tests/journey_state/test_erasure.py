"""A person erased: nothing is left of them, nothing comes back, others keep theirs (8.3)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx2
import msgspec
import pytest_asyncio

from services.contracts import touchpoint as wire
from services.contracts.times import SECOND_US
from tests.journey_state.applying import Applying, applying
from tests.journey_state.asking import get, serving
from tests.journey_state.running import START_US, a_touchpoint
from tests.journey_state.searching import forms, found_in_tables, key_forms

ANN = {"user_id": "ann-4711", "anonymous_id": "device-of-ann", "email": "ann@example.org"}
PERSONAL = [*ANN.values(), "Ann Wąsik", "ann's secret cart", "Lilac Road 7", "m-of-ann"]
ERASED_AT = 10_000  # seconds after START_US
RESERVED_AT = 20_000


@pytest_asyncio.fixture
async def worker(database_url: str) -> AsyncIterator[Applying]:
    async with applying(database_url) as worker:
        yield worker


@pytest_asyncio.fixture
async def client(database_url: str) -> AsyncIterator[httpx2.AsyncClient]:
    async with serving(database_url, clock=lambda: START_US + ERASED_AT * SECOND_US) as client:
        yield client


def by_ann(event: str, at: float, **fields: Any) -> Any:
    fields.setdefault("message_id", f"m-of-ann-{event}-{at}")
    return a_touchpoint(event, at=at, identifiers=dict(ANN), **fields)


async def live_of_ann(worker: Applying) -> None:
    """A visit, a name, carts and orders, a signal, a deadline, a merge, dead letters."""
    visitor = {"anonymous_id": ANN["anonymous_id"]}
    await worker.take(
        a_touchpoint("page", at=1, type="page", identifiers=visitor, message_id="m-of-ann-1"),
        a_touchpoint("page", at=2, type="page", identifiers={"email": ANN["email"]},
                     message_id="m-of-ann-2"),
    )  # fmt: skip
    traits = msgspec.Raw(msgspec.json.encode({"name": "Ann Wąsik", "street": "Lilac Road 7"}))
    await worker.take(by_ann("identify", 3, type="identify", traits=traits))
    cart = {"cart_id": "ann's secret cart", "product_id": "p1", "price": 3}
    await worker.take(by_ann("Product Added", 4, properties=cart))
    await worker.reach(2_000)
    await worker.take(by_ann("Order Completed", 2_001, properties={"order_id": "m-of-ann-o"}))
    await worker.take(by_ann("Product Added", 5, properties=cart))
    await worker.take(by_ann("Product Added", 9_000, properties=cart))
    letter = wire.encode(by_ann("page", 6))
    await worker.take_bytes(
        (b"user_id:ann-4711", letter[:-3]), (b"user_id:bob", letter.replace(b"ann", b"bob")[:-3])
    )


async def erase(client: httpx2.AsyncClient, who: str = "user_id:ann-4711") -> dict[str, Any]:
    answer = await client.delete(f"/v1/customers/{who}")
    assert answer.status_code == 200, answer.text
    receipt: dict[str, Any] = answer.json()
    return receipt


async def left_of_ann(worker: Applying) -> list[tuple[str, str, bytes]]:
    wanted = [form for text in PERSONAL for form in forms(text)]
    wanted += [form for kind, value in ANN.items() for form in key_forms(kind, value)]
    return await found_in_tables(worker.url, wanted)


async def test_nothing_is_left_nothing_comes_back_and_what_comes_later_is_someone_new(
    worker: Applying, client: httpx2.AsyncClient
) -> None:
    await live_of_ann(worker)
    before = await get(client, "/v1/customers/user_id:ann-4711")
    assert await left_of_ann(worker)
    await erase(client)
    assert await left_of_ann(worker) == []

    late = await worker.take(by_ann("Product Viewed", 7, received=11_000, message_id="m-of-ann-l"))
    assert (late.applied, late.erased) == (0, 1)
    assert await left_of_ann(worker) == []

    await worker.take(by_ann("Product Viewed", 12_000))
    after = await get(client, "/v1/customers/user_id:ann-4711")
    assert after["customer_id"] != before["customer_id"]
    assert (after["stage"], len(after["history"]), after["traits"]) == ("consideration", 1, {})

    late = await worker.take(by_ann("Order Completed", 8, received=13_000))
    assert late.erased == 1
    assert (await get(client, "/v1/customers/user_id:ann-4711"))["stage"] == "consideration"
