"""Publishing a definition by the query API, and what it says of the one in force."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx2
import pytest
import pytest_asyncio

from services.contracts.times import format_time
from services.journey_state.definition import shipped, version_of
from tests.journey_state.asking import get, serving
from tests.journey_state.rows import NOON, Rows

SHOP, SAAS = shipped("ecommerce"), shipped("saas")


@pytest_asyncio.fixture
async def client(database_url: str, rows: Rows) -> AsyncIterator[httpx2.AsyncClient]:
    async with serving(database_url) as client:
        yield client


async def test_a_definition_is_in_force_from_behind_the_watermark(
    client: httpx2.AsyncClient, rows: Rows
) -> None:
    first = await rows.definition(SHOP.text, SHOP.version)
    await rows.customer(("user_id", "u1"), definition_id=first)
    await rows.customer(("user_id", "u2"), definition_id=first)
    await rows.watermark(NOON)

    answer = await client.post("/v1/journey", json={"text": SAAS.text})
    assert answer.status_code == 200, answer.text
    published = answer.json()

    assert published["published"] is True
    assert published["definition_id"] > first
    assert published["version"] == SAAS.version
    assert published["activated_at"] == format_time(NOON + 1)
    assert (published["recomputed"], published["remaining"]) == (0, 2)
    now = await get(client, "/v1/journey")
    assert (now["version"], now["remaining"]) == (SAAS.version, 2)
    status = await get(client, "/v1/status")
    assert {k: v for k, v in published.items() if k != "published"} == status["definition"]


async def test_the_definition_in_force_is_not_published_again(
    client: httpx2.AsyncClient, rows: Rows
) -> None:
    first = await rows.definition(SHOP.text, SHOP.version)
    answer = await client.post("/v1/journey", content=SHOP.text + "\n")

    assert answer.status_code == 200, answer.text
    assert (answer.json()["published"], answer.json()["definition_id"]) == (False, first)


async def test_the_first_definition_can_be_published_before_a_worker_starts(
    client: httpx2.AsyncClient,
) -> None:
    answer = await client.post("/v1/journey", content=SAAS.text.encode())

    assert (answer.status_code, answer.json()["published"]) == (200, True)
    assert (await get(client, "/v1/journey"))["version"] == version_of(SAAS.text)


async def test_every_fault_of_a_definition_is_named(client: httpx2.AsyncClient) -> None:
    answer = await client.post("/v1/journey", content="journey: 5\nstage: []\n")

    assert answer.status_code == 400
    found = answer.json()
    assert found["code"] == "bad_definition"
    assert len(found["errors"]) == 3
    assert found["errors"][0]["where"].startswith("journey:1:")
    assert any("did you mean stages?" in e["hint"] for e in found["errors"])


@pytest.mark.parametrize("body", [b'{"txt": "journey: x"}', b'{"text": 5}', b"{"])
async def test_json_without_a_text_is_refused(client: httpx2.AsyncClient, body: bytes) -> None:
    answer = await client.post(
        "/v1/journey", content=body, headers={"Content-Type": "application/json"}
    )

    assert (answer.status_code, answer.json()["code"]) == (400, "bad_definition")


async def test_what_is_no_text_is_refused(client: httpx2.AsyncClient) -> None:
    answer = await client.post("/v1/journey", content=b"\xff\xfe")

    assert (answer.status_code, answer.json()["code"]) == (400, "bad_definition")


async def test_a_definition_that_is_too_long_is_refused(client: httpx2.AsyncClient) -> None:
    answer = await client.post("/v1/journey", content=b"# long\n" * 160_000)

    assert (answer.status_code, answer.json()["code"]) == (400, "bad_definition")
