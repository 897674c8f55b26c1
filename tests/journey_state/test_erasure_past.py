"""A person erased whose past retention has cut, and who had to do with others (semantics 8.3)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx2
import msgspec
import pytest_asyncio

from services.contracts.times import SECOND_US, to_datetime
from services.journey_state import checkpoint
from tests.journey_state.applying import Applying, applying
from tests.journey_state.asking import get, serving
from tests.journey_state.cutting import CUT, CUT_US, Cutting, people_of, refolded
from tests.journey_state.lives import AFTER, OWN, TABLET, Life, places
from tests.journey_state.running import START_US, a_touchpoint
from tests.journey_state.searching import forms, found_in_tables, key_forms

HELD = {
    ("cancelled_deadlines", "scope"),
    ("checkpoints", "body"),
    ("conflicts", "identifier_key"),
    ("customers", "state"),
    ("dead_letters", "value"),
    ("dedupe", "message_key"),
    ("identifier_links", "linked_key"),
    ("identifiers", "value"),
    ("operator_links", "b_value"),
    ("outbox", "value"),
    ("signals", "payload"),
    ("stage_history", "message_id"),
    ("timeline", "body"),
}


@pytest_asyncio.fixture
async def worker(database_url: str) -> AsyncIterator[Applying]:
    async with applying(database_url) as worker:
        yield worker


@pytest_asyncio.fixture
async def client(database_url: str) -> AsyncIterator[httpx2.AsyncClient]:
    now = START_US + int((AFTER + 100) * SECOND_US)
    async with serving(database_url, clock=lambda: now) as client:
        yield client


@pytest_asyncio.fixture
async def life(worker: Applying, client: httpx2.AsyncClient) -> Life:
    """Ann's, lived, cut, and gone on with."""
    life = Life(worker, client)
    await life.lived()
    return life


async def erase(client: httpx2.AsyncClient, who: str = "user_id:ann-4711") -> dict[str, Any]:
    answer = await client.delete(f"/v1/customers/{who}")
    assert answer.status_code == 200, answer.text
    receipt: dict[str, Any] = answer.json()
    return receipt


async def test_nothing_is_left_of_a_past_that_was_cut(
    worker: Applying, client: httpx2.AsyncClient, life: Life
) -> None:
    assert places(await life.left()) >= HELD
    receipt = await erase(client)
    assert await life.left() == []
    removed = receipt["removed"]
    assert (removed["checkpoints"], removed["cancelled_deadlines"]) == (1, 2)
    assert removed["remembered_messages"] == len(life.messages) - 1  # the last is a dead letter
    newest = await worker.execute(
        "SELECT DISTINCT ON (customer_id) customer_id::text, ce_type FROM outbox "
        "WHERE topic = 3 ORDER BY customer_id, outbox_id DESC"
    )
    buried = [customer_id for customer_id, ce_type in newest if ce_type == "tombstone"]
    assert {receipt["customer_id"], *receipt["merged_ids"]} <= {*buried}


async def test_nothing_is_left_when_what_was_cut_is_remembered_no_more(
    worker: Applying, client: httpx2.AsyncClient, life: Life
) -> None:
    """The window of messages has passed: a cancelled deadline is known by its episode alone."""
    await worker.execute("DELETE FROM dedupe WHERE occurred_at < $1", to_datetime(CUT_US))
    receipt = await erase(client)
    assert await life.left() == []
    assert receipt["removed"]["cancelled_deadlines"] == 2


async def test_others_keep_theirs(worker: Applying, client: httpx2.AsyncClient, life: Life) -> None:
    before = await people_of(worker)
    await erase(client)
    after = await people_of(worker)
    tablet, dora = ("anonymous_id", TABLET["anonymous_id"]), ("user_id", "dora")
    assert after.keys() == before.keys() - {*OWN}
    assert before[dora].pop("traits") == {"email": "Ann@example.org", "first": "Dora"}
    assert after[dora].pop("traits") == {"first": "Dora"}
    assert after[tablet] == after[("user_id", "bob")]
    for one in (("user_id", "bob"), ("user_id", "carl"), dora):
        assert after[one] == before[one]
    stored, computed = await refolded(worker)
    assert stored == computed


async def test_a_copy_of_what_was_cut_does_not_come_back_under_another_identifier(
    worker: Applying, client: httpx2.AsyncClient, life: Life
) -> None:
    await erase(client)
    for source, message_id in life.messages[:-1]:
        copy = a_touchpoint("page", at=AFTER + 50, user="zoe", source=source, message_id=message_id)
        assert (await worker.take(copy)).erased == 1


async def test_the_past_of_others_that_was_cut_names_the_person_no_more(
    worker: Applying, client: httpx2.AsyncClient
) -> None:
    """They were one when the timeline was cut, and an operator took them apart."""
    both: dict[str, Any] = {"identifiers": {"telegram": "telegram-of-ann"}, "message_id": "m-1"}
    told = msgspec.Raw(msgspec.json.encode({"chat": "telegram-of-ann", "first": "Emil"}))
    await worker.take(a_touchpoint("page", at=1, type="page", user="emil", **both))
    await worker.take(a_touchpoint("x", at=2, type="identify", user="emil", traits=told))
    cutting = Cutting(worker)
    await cutting.declare()
    await cutting.finish()
    unlinked = await client.post("/v1/unlinks", json={"identifier": "telegram:telegram-of-ann"})
    assert unlinked.status_code == 200
    wanted = [*forms("telegram-of-ann"), *key_forms("telegram", "telegram-of-ann")]
    assert ("checkpoints", "body") in places(await found_in_tables(worker.url, wanted))

    await erase(client, "telegram:telegram-of-ann")
    assert await found_in_tables(worker.url, wanted) == []
    ((body,),) = await worker.execute("SELECT body FROM checkpoints")
    assert [held.identifier for held in checkpoint.decode(body).identifiers] == [
        ("user_id", "emil")
    ]
    emil = await get(client, "/v1/customers/user_id:emil")
    assert (emil["stage"], emil["traits"]) == ("awareness", {"first": "Emil"})
    late = a_touchpoint("page", at=CUT + 1, type="page", user="emil", identifiers={"email": "e@x"})
    await worker.take(a_touchpoint("page", at=CUT + 2, type="page", user="emil"), late)
    assert await found_in_tables(worker.url, wanted) == []


async def test_what_is_queued_of_others_says_nothing_of_the_person(
    worker: Applying, client: httpx2.AsyncClient, life: Life
) -> None:
    """Carl's messages from when the two were one, one of them about a cart of hers."""
    carl = (await get(client, "/v1/customers/user_id:carl"))["customer_id"]
    queued = "SELECT value FROM outbox WHERE customer_id = $1::text::uuid AND topic < 4"

    async def said(customer_id: str) -> list[Any]:
        rows = await worker.execute(queued + " ORDER BY outbox_id", customer_id)
        return [msgspec.json.decode(row[0]) for row in rows if row[0]]

    before = await said(carl)
    assert any("Ann Wąsik" in str(one["traits"]) for one in before if "traits" in one)
    await erase(client)
    after = await said(carl)
    for one in after:
        if "identifiers" in one:
            assert one["identifiers"] == [{"kind": "user_id", "value": "carl"}]
        assert not one.get("traits")
    versions = {one["version"] for one in before if one.get("scope") == "ann's secret cart"}
    assert versions
    told = [one for one in after if one.get("scope") is not None]
    assert {one["scope"] for one in told} == {"c"}
    # The reminder is of a time when they were two again.
    assert [one["last_touchpoint"] is None for one in told] == [True, False]


async def test_a_shared_device_whose_other_owner_is_lost_hinders_no_erasure(
    worker: Applying, client: httpx2.AsyncClient, life: Life
) -> None:
    """Rows may be gone, as after a restore that was not whole."""
    await worker.execute(
        "DELETE FROM customers WHERE customer_id = "
        "(SELECT customer_id FROM identifiers WHERE value = 'bob')"
    )
    await erase(client)
    assert await life.left() == []
