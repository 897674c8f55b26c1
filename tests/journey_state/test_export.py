"""Everything that is held about a person, in one document (semantics 8.3)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx2
import msgspec
import pytest_asyncio

from services.contracts import touchpoint as wire
from services.contracts.touchpoint import Touchpoint
from services.journey_state.api import export
from services.journey_state.keys import identifier_key
from services.settings import ApiSettings
from tests.journey_state.applying import Applying, applying
from tests.journey_state.asking import get, serving
from tests.journey_state.cutting import CUT, Cutting
from tests.journey_state.running import a_touchpoint


@pytest_asyncio.fixture
async def worker(database_url: str) -> AsyncIterator[Applying]:
    async with applying(database_url) as worker:
        yield worker


@pytest_asyncio.fixture
async def client(database_url: str) -> AsyncIterator[httpx2.AsyncClient]:
    async with serving(database_url) as client:
        yield client


def by_ann(event: str, at: float, **fields: Any) -> Touchpoint:
    return a_touchpoint(event, at=at, user="ann", **fields)


async def test_an_export_holds_everything(worker: Applying, client: httpx2.AsyncClient) -> None:
    visitor = {"anonymous_id": "device"}
    await worker.take(a_touchpoint("page", at=1, type="page", identifiers=visitor))
    traits = msgspec.Raw(msgspec.json.encode({"name": "Ann"}))
    await worker.take(
        by_ann("identify", 2, type="identify", identifiers=visitor, traits=traits),
        by_ann("Product Added", 3, properties={"cart_id": "c"}),
    )
    await worker.reach(2_000)
    await worker.take(by_ann("Product Viewed", 1.5), by_ann("Product Added", 1_990))
    (deadline,) = (await get(client, "/v1/deadlines", rule="cart"))["items"]
    await client.delete(f"/v1/deadlines/{deadline['id']}")
    unlinked = "INSERT INTO operator_links (at, a_key, a_kind, a_value) VALUES (now(), $1, $2, $3)"
    await worker.execute(unlinked, identifier_key("user_id", "ann").hex(), "user_id", "ann")
    broken = wire.encode(by_ann("page", 4))[:-3]
    await worker.take_bytes((b"user_id:ann", broken), (b"user_id:bob", b'{"user_id":"annette"}'))
    await worker.take(a_touchpoint("page", at=3_000, type="page", user="bob", identifiers=visitor))

    held = await get(client, "/v1/customers/user_id:ann/export")
    found = await get(client, "/v1/customers/user_id:ann")
    assert (held["customer_id"], held["merged_ids"]) == (found["customer_id"], found["merged_ids"])
    assert held["state"]["journey"]["traits"] == {"name": "Ann"}
    assert [one["value"] for one in held["identifiers"]] == ["ann"]
    assert [(one["value"], one["customer_id"]) for one in held["ownership"]] == [
        ("device", found["customer_id"])
    ]
    assert [one["event"] for one in held["touchpoints"]] == [
        "page", "Product Viewed", "identify", "Product Added", "Product Added"
    ]  # fmt: skip
    assert any(one["superseded_at"] for one in held["stage_history"])
    assert [one["payload"]["scope"] for one in held["signals"] if one["rule"] == "cart"] == ["c"]
    assert [one["reason"] for one in held["conflicts"]] == ["moved"]
    assert [one["rule"] for one in held["cancelled_deadlines"]] == ["cart"]
    assert [one["key"] for one in held["dead_letters"]] == ["user_id:ann"]
    assert {one["value"]["customer_id"] for one in held["queued_messages"] if one["value"]} <= {
        found["customer_id"],
        *found["merged_ids"],
    }
    assert len(held["timers"]) == 1
    assert [(one["a_value"], one["b_value"]) for one in held["operator_links"]] == [("ann", None)]


async def test_a_long_past_is_sent_page_by_page(
    worker: Applying, client: httpx2.AsyncClient
) -> None:
    many = 2 * export.PAGE_TOUCHPOINTS
    await worker.take(*(by_ann("page", n, type="page") for n in range(1, many + 1)))
    held = await get(client, "/v1/customers/user_id:ann/export")
    assert len(held["touchpoints"]) == many
    assert len({one["message_id"] for one in held["touchpoints"]}) == many
    (within,) = held["intermediate_checkpoints"]
    assert within["past"]["journey"]["last_seen_at"] == held["state"]["journey"]["last_seen_at"]


async def test_an_export_needs_the_scope_for_personal_data(
    worker: Applying, database_url: str, tmp_path: Any
) -> None:
    await worker.take(by_ann("page", 1, type="page"))
    file = tmp_path / "tokens"
    file.write_text("reader-of-figures read\nreader-of-people pii\noperator-of-it-all admin\n")
    async with serving(database_url, api=ApiSettings(tokens_file=file)) as client:
        for token, exporting, erasing in (
            ("reader-of-figures", 403, 403),
            ("reader-of-people", 200, 403),
            ("operator-of-it-all", 200, 200),
        ):
            client.headers["Authorization"] = f"Bearer {token}"
            path = "/v1/customers/user_id:ann"
            assert (await client.get(f"{path}/export")).status_code == exporting
            assert (await client.delete(path)).status_code == erasing


async def test_an_export_holds_what_a_cut_left_of_this_person_alone(
    worker: Applying, client: httpx2.AsyncClient
) -> None:
    device = {"anonymous_id": "device"}
    viewed = a_touchpoint("Product Viewed", at=1, type="track", user="ann", identifiers=device)
    await worker.take(viewed, a_touchpoint("page", at=2, type="page", user="bob"))
    cutting = Cutting(worker)
    await cutting.declare()
    await cutting.finish()
    # The device is bob's from now on; what was before the cut stays ann's.
    await worker.take(a_touchpoint("page", at=CUT + 1, type="page", user="bob", identifiers=device))

    ann = (await get(client, "/v1/customers/user_id:ann/export"))["checkpoints"]
    bob = (await get(client, "/v1/customers/user_id:bob/export"))["checkpoints"]
    assert [one["past"]["history"][-1]["stage"] for one in ann] == ["consideration"]
    assert [one["past"]["history"][-1]["stage"] for one in bob] == ["awareness"]
