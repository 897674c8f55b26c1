"""`GET /v1/customers/{id}?as_of=T`: what was known at an earlier time, over a real database."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any

import httpx2

from services.contracts.times import format_time, from_datetime
from services.contracts.touchpoint import Touchpoint
from services.journey_state.definition import load, shipped
from services.journey_state.store import progress
from tests.journey_state.asking import get, problem, serving
from tests.journey_state.running import START_US, a_touchpoint
from tests.journey_state.taking_in import taking_in

VISITOR = {"anonymous_id": "a1"}


async def instant() -> str:
    """A time after what has been stored and before what will be."""
    await asyncio.sleep(0.002)
    now = format_time(from_datetime(datetime.now(UTC)))
    await asyncio.sleep(0.002)
    return now


async def known(client: httpx2.AsyncClient, who: str, at: str) -> Any:
    return await get(client, f"/v1/customers/{who}", as_of=at)


def stages(found: Any) -> list[str]:
    return [row["stage"] for row in found["history"]]


async def test_a_late_event_changes_what_is_known_now_and_not_what_was_known(
    database_url: str,
) -> None:
    async with taking_in(database_url) as world, serving(database_url) as client:
        never = await instant()
        await world.take(
            a_touchpoint("Product Viewed", at=100, user="u1", traits={"tier": "new"}),
            a_touchpoint("Order Completed", at=200, user="u1"),
        )
        before = await instant()
        await world.take(
            a_touchpoint("page", at=50, user="u1", traits={"tier": "old", "age": 4}, received=300)
        )
        after = await instant()
        then, now = await known(client, "u1", before), await known(client, "u1", after)
        present = await get(client, "/v1/customers/u1")
        unknown = await problem(client, 404, "/v1/customers/u1", as_of=never)
    assert stages(then) == ["consideration", "purchase"]
    assert then["history"][0]["direction"] == "first"
    assert then["history"][0]["left_at"] == then["history"][1]["entered_at"]
    assert (then["traits"], now["traits"]) == ({"tier": "new"}, {"tier": "new", "age": 4})
    assert then["first_seen_at"] != now["first_seen_at"]
    assert then["definition"] == shipped().version
    assert stages(now) == ["awareness", "consideration", "purchase"]
    assert now == present
    assert unknown["code"] == "customer_unknown"


async def test_before_a_merge_both_customers_are_as_they_were(database_url: str) -> None:
    async with taking_in(database_url) as world, serving(database_url) as client:
        await world.take(
            a_touchpoint("page", at=10, identifiers=VISITOR, traits={"plan": "free"}),
        )
        await world.take(a_touchpoint("Order Completed", at=20, user="u1"))
        gone = (await get(client, "/v1/customers/a1"))["customer_id"]
        stays = (await get(client, "/v1/customers/u1"))["customer_id"]
        before = await instant()
        await world.take(a_touchpoint("identify", at=30, user="u1", type="identify", **_visitor()))
        after = await instant()
        then = {who: await known(client, who, before) for who in ("a1", gone, "u1", stays)}
        now = {who: await known(client, who, after) for who in ("a1", gone, "u1", stays)}
        present = await get(client, "/v1/customers/u1")
    assert then["a1"] == then[gone]
    assert then["u1"] == then[stays]
    assert (then[gone]["customer_id"], stages(then[gone])) == (gone, ["awareness"])
    assert (then[stays]["customer_id"], stages(then[stays])) == (stays, ["purchase"])
    assert then[gone]["traits"] == {"plan": "free"}
    assert then[stays]["counters"] == {"Order Completed": 1}
    assert [i["kind"] for i in then[stays]["identifiers"]] == ["user_id"]
    assert then[stays]["merged_ids"] == []
    assert all(one == present for one in now.values())
    assert present["merged_ids"] == [gone]


def _visitor() -> dict[str, Any]:
    return {"identifiers": VISITOR}


async def test_a_customer_without_a_stage_keeps_its_id(database_url: str) -> None:
    async with taking_in(database_url) as world, serving(database_url) as client:
        await world.take(a_touchpoint("Something Else", at=10, user="u1"))
        present = await get(client, "/v1/customers/u1")
        then = await known(client, "u1", await instant())
        nobody = await problem(client, 404, "/v1/customers/nobody", as_of=await instant())
        wrong = await problem(client, 400, "/v1/customers/u1", as_of="yesterday")
    assert then == present
    assert nobody["code"] == "customer_unknown"
    assert wrong["code"] == "bad_parameter"


async def test_a_moved_device_is_whose_it_was(database_url: str) -> None:
    async with taking_in(database_url) as world, serving(database_url) as client:
        await world.take(a_touchpoint("page", at=10, user="u1", identifiers=VISITOR))
        before = await instant()
        await world.take(a_touchpoint("page", at=20, user="u2", identifiers=VISITOR))
        first = await known(client, "u1", before)
        device = await known(client, "a1", before)
        after = await instant()
        lost, won = await known(client, "u1", after), await known(client, "u2", after)
        u1 = await get(client, "/v1/customers/u1")
        u2 = await get(client, "/v1/customers/u2")
        await problem(client, 404, "/v1/customers/u2", as_of=before)
    assert [i["value"] for i in first["identifiers"]] == ["u1", "a1"]
    assert device == first
    assert lost == u1
    assert won == u2


async def test_signals_are_those_that_were_stored_in_the_state_of_then(database_url: str) -> None:
    due = 30 * 60
    async with taking_in(database_url) as world, serving(database_url) as client:
        await world.take(a_touchpoint("Product Added", at=0, user="u1"))
        await world.raise_watermark(60)
        opened = await instant()
        await world.raise_watermark(due + 61)
        raised = await instant()
        await world.take(a_touchpoint("Order Completed", at=60, received=due + 70, user="u1"))
        retracted = await instant()
        found = [await known(client, "u1", at) for at in (opened, raised, retracted)]
        present = await get(client, "/v1/customers/u1")
    carts = [[s for s in one["signals"] if s["rule"] == "cart"] for one in found]
    assert carts[0] == []
    assert [e["rule"] for e in found[0]["episodes"]] == ["cart"]
    assert (carts[1][0]["state"], carts[1][0]["cause"]) == ("raised", None)
    assert carts[2] == present["signals"]
    assert carts[2][0]["state"] == "retracted"
    assert found[1]["episodes"] == []


async def test_a_signal_has_the_payload_of_then(database_url: str) -> None:
    due = 30 * 60

    def added(at: float, product: str, received: float) -> Touchpoint:
        item = {"product_id": product, "price": 5}
        return a_touchpoint("Product Added", at=at, received=received, user="u1", properties=item)

    async with taking_in(database_url) as world, serving(database_url) as client:
        await world.take(added(10, "p1", 10))
        await world.raise_watermark(due + 71)
        raised = await instant()
        await world.take(added(5, "p2", due + 80))
        then = await known(client, "u1", raised)
        present = await get(client, "/v1/customers/u1")
    (before,), (now,) = then["signals"], present["signals"]
    assert [item["product_id"] for item in before["items"]] == ["p1"]
    assert [item["product_id"] for item in now["items"]] == ["p2", "p1"]
    assert (before["value"], now["value"]) == ("5", "10")
    assert before.keys() == now.keys()
    assert (before["state"], before["signal_id"]) == ("raised", now["signal_id"])


async def test_what_had_not_expired_is_shown_as_it_was(database_url: str) -> None:
    due, day = 30 * 60, 24 * 3600
    async with taking_in(database_url) as world, serving(database_url) as client:
        await world.take(a_touchpoint("Product Added", at=0, user="u1"))
        for reminded in (due + 61, due + day + 61):
            await world.raise_watermark(reminded)
        async with world.store.transaction() as connection:
            await progress.note_watermark(connection)
        noted = await instant()
        await world.raise_watermark(due + 3 * day + 61)
        await world.raise_watermark(due + 8 * day)
        then = await known(client, "u1", noted)
        present = await get(client, "/v1/customers/u1")
    (before,), (now,) = then["signals"], present["signals"]
    assert (before["state"], before["reminder"]) == ("raised", {"n": 1, "of": 2})
    assert (now["state"], now["reminder"]) == ("expired", {"n": 2, "of": 2})


async def test_the_timeline_shows_all_that_was_ever_held_to_be_so(database_url: str) -> None:
    async with taking_in(database_url) as world, serving(database_url) as client:
        await world.take(
            a_touchpoint("Product Viewed", at=100, user="u1"),
        )
        await world.take(a_touchpoint("page", at=50, user="u1", received=300))
        path = "/v1/customers/u1/timeline"
        present = await get(client, path)
        found = await get(client, path, history="all")
        await problem(client, 400, path, history="some")
    assert present["history"] is None
    assert [band["stage"] for band in found["bands"]] == ["awareness", "consideration"]
    rows = [(row["stage"], row["superseded_at"] is None) for row in found["history"]]
    assert rows == [("awareness", True), ("consideration", False), ("consideration", True)]
    superseded, standing = found["history"][1:]
    assert superseded["superseded_at"] == standing["recorded_at"]
    assert superseded["recorded_at"] < standing["recorded_at"]
    assert found["history"][0]["left_at"] == standing["entered_at"]
    assert found["items"][0]["occurred_at"] == format_time(START_US + 50_000_000)


async def test_before_a_new_definition_the_one_of_then_says_what_was_known(
    database_url: str,
) -> None:
    other = load(
        "journey: shop\nstages:\n  - {name: looking, enter: [{event: Product Viewed}]}\n",
        file="other.yaml",
    )
    async with taking_in(database_url) as world, serving(database_url) as client:
        await world.take(a_touchpoint("Product Viewed", at=0, user="u1"))
        await world.raise_watermark(30)
        before = await instant()
        await world.publish(other)
        after = await instant()
        then, now = await known(client, "u1", before), await known(client, "u1", after)
        present = await get(client, "/v1/customers/u1")
        explained = await get(client, "/v1/customers/u1/explain")
    assert (then["definition"], stages(then)) == (shipped().version, ["consideration"])
    assert (now["definition"], stages(now)) == (other.version, ["looking"])
    assert (present["definition"], present["stage"]) == (other.version, "looking")
    assert (explained["definition"], explained["stage"]["stage"]) == (other.version, "looking")
