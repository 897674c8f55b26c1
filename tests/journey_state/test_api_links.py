"""Links and unlinks by hand over the query API: what they change, answer and publish."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest
import pytest_asyncio

from tests.journey_state.applying import Applying, applying
from tests.journey_state.asking import get, serving
from tests.journey_state.running import a_touchpoint

A1 = {"anonymous_id": "a1"}
EMAIL = {"email": "a@x.org"}


@pytest_asyncio.fixture
async def worker(database_url: str) -> AsyncIterator[Applying]:
    async with applying(database_url) as worker:
        yield worker


@pytest_asyncio.fixture
async def client(database_url: str, worker: Applying) -> AsyncIterator[httpx2.AsyncClient]:
    async with serving(database_url) as client:
        yield client


async def linked(client: httpx2.AsyncClient, a: str, b: str) -> Any:
    answer = await client.post("/v1/links", json={"a": a, "b": b})
    assert answer.status_code == 200, answer.text
    return answer.json()


async def unlinked(client: httpx2.AsyncClient, identifier: str) -> Any:
    answer = await client.post("/v1/unlinks", json={"identifier": identifier})
    assert answer.status_code == 200, answer.text
    return answer.json()


def page(at: float, user: str | None = None, **more: Any) -> Any:
    return a_touchpoint("page", at=at, user=user, type="page", **more)


async def test_two_users_are_joined_and_that_of_the_first_goes_on(
    client: httpx2.AsyncClient, worker: Applying
) -> None:
    await worker.take(page(1, "u1"), a_touchpoint("Product Viewed", at=2, user="u2"))
    first, second = [(await get(client, f"/v1/customers/{u}"))["customer_id"] for u in ("u1", "u2")]
    before = len(await worker.queued())
    answer = await linked(client, "u2", first)

    assert answer["merged"] == [{"from": first, "to": second}]
    assert answer["split"] == []
    assert {owner["customer_id"] for owner in answer["owners"]} == {second}
    assert {owner["stage"] for owner in answer["owners"]} == {"consideration"}
    told = (await worker.queued())[before:]
    assert [kind.split(".")[-2] for kind, value in told if value] == ["merged", "changed", "state"]
    assert [v["cause"]["kind"] for _, v in told if v and "cause" in v] == ["operator", "operator"]
    found = await get(client, f"/v1/customers/{first}")
    assert (found["customer_id"], found["merged_ids"]) == (second, [first])
    assert [h["stage"] for h in found["history"]] == ["awareness", "consideration"]


async def test_an_unlink_takes_apart_what_the_identifier_had_joined(
    client: httpx2.AsyncClient, worker: Applying
) -> None:
    await worker.take(page(1, identifiers=A1))
    visitor = (await get(client, "/v1/customers/a1"))["customer_id"]
    await worker.take(a_touchpoint("Product Viewed", at=2, user="u1", identifiers=A1))
    user = (await get(client, "/v1/customers/u1"))["customer_id"]
    answer = await unlinked(client, "anonymous_id:a1")

    assert answer["split"] == [{"from": user, "to": visitor}]
    assert answer["owners"] == [
        {"kind": "anonymous_id", "value": "a1", "customer_id": visitor, "stage": "awareness"}
    ]
    assert (await get(client, f"/v1/customers/{visitor}"))["merged_ids"] == []
    assert (await get(client, "/v1/customers/u1"))["identifiers"][0]["value"] == "u1"
    await worker.take(page(3, "u1", identifiers=A1))
    assert (await get(client, "/v1/customers/a1"))["customer_id"] == visitor
    again = await linked(client, "u1", "a1")
    assert again["merged"] == [{"from": visitor, "to": user}]
    assert {owner["customer_id"] for owner in again["owners"]} == {user}


def signals(told: list[tuple[str, Any]], what: str) -> list[Any]:
    return [value for kind, value in told if kind == f"milepost.abandonment.{what}.v1"]


async def test_an_unlink_retracts_what_stood_by_the_link_alone(
    client: httpx2.AsyncClient, worker: Applying
) -> None:
    both = [{"product_id": "p1"}, {"product_id": "p2"}]
    added = [
        a_touchpoint("Product Added", at=n, user="u1", identifiers=A1, properties=one)
        for n, one in enumerate(both, 1)
    ]
    removed = a_touchpoint("Product Removed", at=5, identifiers=A1, properties=both[0])
    await worker.take(*added, removed)
    await worker.reach(4_000)
    before = len(await worker.queued())
    answer = await unlinked(client, "anonymous_id:a1")
    told = (await worker.queued())[before:]
    (retracted,) = signals(told, "retracted")
    assert retracted["cause"] == {"kind": "unlink", "message_id": None}
    assert retracted["customer_id"] == answer["owners"][0]["customer_id"]
    assert [one["last_activity_at"] < retracted["due_at"] for one in signals(told, "raised")]


async def test_a_link_retracts_what_the_other_customer_had_answered(
    client: httpx2.AsyncClient, worker: Applying
) -> None:
    ordered = a_touchpoint("Order Completed", at=60, user="u1")
    await worker.take(a_touchpoint("Product Added", at=1, identifiers=A1), ordered)
    await worker.reach(4_000)
    before = len(await worker.queued())
    await linked(client, "u1", "a1")
    (retracted,) = signals((await worker.queued())[before:], "retracted")
    assert retracted["cause"]["kind"] == "operator"


async def test_an_identifier_that_was_never_met_may_be_linked_and_is_joined_when_it_comes(
    client: httpx2.AsyncClient, worker: Applying
) -> None:
    await worker.take(page(1, "u1"))
    user = (await get(client, "/v1/customers/u1"))["customer_id"]
    answer = await linked(client, user, "email:A@x.org")
    assert [owner["customer_id"] for owner in answer["owners"]] == [user, user]
    await worker.take(page(2, identifiers=EMAIL))
    assert (await get(client, "/v1/customers/email:a@x.org"))["customer_id"] == user


async def test_an_identifier_may_be_unlinked_before_it_is_met(
    client: httpx2.AsyncClient, worker: Applying
) -> None:
    answer = await unlinked(client, "anonymous_id:a1")
    assert answer["owners"][0]["customer_id"] is None
    await worker.take(page(1, "u1", identifiers=A1))
    visitor = await get(client, "/v1/customers/a1")
    assert visitor["identifiers"][0]["kind"] == "anonymous_id"
    assert (await get(client, "/v1/customers/u1"))["customer_id"] != visitor["customer_id"]


@pytest.mark.parametrize(
    ("path", "body", "status", "code"),
    [
        ("/v1/links", {"a": "nobody", "b": "u1"}, 404, "customer_unknown"),
        ("/v1/links", {"a": "u1", "b": "user_id:u1"}, 400, "bad_id"),
        ("/v1/links", {"a": "u1"}, 400, "bad_parameter"),
        ("/v1/unlinks", {"identifier": "{id}"}, 400, "bad_id"),
        ("/v1/unlinks", {"identifier": "nobody"}, 404, "customer_unknown"),
    ],
)
async def test_a_link_asked_wrongly_says_what_is_wrong(
    client: httpx2.AsyncClient,
    worker: Applying,
    path: str,
    body: dict[str, str],
    status: int,
    code: str,
) -> None:
    await worker.take(page(1, "u1"))
    found = await get(client, "/v1/customers/u1")
    asked = {name: value.replace("{id}", found["customer_id"]) for name, value in body.items()}
    answer = await client.post(path, json=asked)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


async def test_conflicts_are_one_row_per_identifier_pair_and_reason(
    client: httpx2.AsyncClient, worker: Applying
) -> None:
    for time, user in enumerate(("u1", "u2", "u1", "u2")):
        await worker.take(page(time, user, identifiers=A1))
    ids = {u: (await get(client, f"/v1/customers/{u}"))["customer_id"] for u in ("u1", "u2")}
    found = await get(client, "/v1/conflicts")
    rows = {
        (i["value"], i["from_customer_id"], i["to_customer_id"], i["reason"]): i["count"]
        for i in found["items"]
    }
    assert rows == {
        ("a1", ids["u1"], ids["u2"], "moved"): 2,
        ("a1", ids["u2"], ids["u1"], "moved"): 1,
    }
    assert found == await get(client, "/v1/conflicts", customer="u1")
    await linked(client, "u1", "u2")
    assert (await get(client, "/v1/conflicts"))["items"] == []
