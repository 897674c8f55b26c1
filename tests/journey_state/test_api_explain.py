"""`/v1/customers/{id}/explain` over a real database."""

from __future__ import annotations

from services.contracts.times import format_time
from services.journey_state.definition import shipped
from tests.journey_state.asking import get, problem, serving
from tests.journey_state.running import START_US, a_touchpoint
from tests.journey_state.taking_in import taking_in

DAY = 86_400.0


async def test_a_customer_s_stage_is_explained_with_why_not(database_url: str) -> None:
    async with taking_in(database_url) as world, serving(database_url) as client:
        await world.take(
            a_touchpoint("Product Viewed", at=0, identifiers={"anonymous_id": "a1"}),
            a_touchpoint("Order Completed", at=60, user="u1", identifiers={"anonymous_id": "a1"}),
        )
        found = await get(client, "/v1/customers/user_id:u1/explain")
        customer = await get(client, "/v1/customers/u1")
    assert found["customer_id"] == customer["customer_id"]
    assert found["definition"] == shipped().version
    stage = found["stage"]
    assert (stage["stage"], stage["entered_at"]) == ("purchase", customer["entered_at"])
    assert stage["entered_by"]["rule"] == "first_order"
    assert stage["entered_by"]["touchpoint"]["channel"] == "website"
    assert [t["stage"] for t in stage["transitions"]] == ["consideration", "purchase"]
    (retention,) = [each for each in stage["why_not"] if each["stage"] == "retention"]
    (rule,) = retention["rules"]
    assert (rule["rule"], rule["result"]) == ("retention[0]", "when")
    assert rule["condition"] == 'count("Order Completed") - count("Order Cancelled") > 1'
    assert rule["values"] == {'count("Order Completed")': 1, 'count("Order Cancelled")': 0}
    assert rule["text"].endswith("was false: 1 - 0 = 1.")
    assert found["text"] == stage["text"]


async def test_a_past_instant_is_explained_as_it_happened(database_url: str) -> None:
    async with taking_in(database_url) as world, serving(database_url) as client:
        await world.take(a_touchpoint("Order Completed", at=60, user="u1"))
        await world.take(a_touchpoint("Product Viewed", at=0, user="u1", received=90))
        path = "/v1/customers/u1/explain"
        before = await get(client, path, at=format_time(START_US - 1))
        looked = await get(client, path, at=format_time(START_US + 1))
        offset = await get(client, path, at="2026-09-21T17:13:21+01:00")
    assert (before["stage"]["stage"], before["touchpoints"]) == ("none", 0)
    assert "was in no stage" in before["text"]
    assert (looked["stage"]["stage"], looked["touchpoints"]) == ("consideration", 1)
    assert looked["at"] == format_time(START_US + 1)
    assert offset["at"] == "2026-09-21T16:13:21.000Z"


async def test_bad_questions_are_refused(database_url: str) -> None:
    async with taking_in(database_url) as world, serving(database_url) as client:
        await world.take(a_touchpoint("Product Viewed", at=0, user="u1"))
        unknown = await problem(client, 404, "/v1/customers/nobody/explain")
        wrong = await problem(client, 400, "/v1/customers/u1/explain", at="yesterday")
        naive = await problem(client, 400, "/v1/customers/u1/explain", at="2026-11-21T12:00:00")
    assert unknown["code"] == "customer_unknown"
    assert wrong["code"] == naive["code"] == "bad_parameter"
    assert "2026-11-21T12:00:00Z" in wrong["detail"]


async def test_a_signal_is_explained_by_its_rule_and_by_its_id(database_url: str) -> None:
    async with taking_in(database_url) as world, serving(database_url) as client:
        await world.take(
            a_touchpoint("Product Added", at=0, user="u1", properties={"cart_id": "c1"})
        )
        await world.raise_watermark(30 * 60 + 61)
        path = "/v1/customers/u1/explain"
        (signal,) = (await get(client, "/v1/signals", customer="u1"))["items"]
        found = await get(client, path, signal="cart")
        same = await get(client, path, signal=signal["signal_id"])
        before = await get(client, path, signal="cart", at=format_time(START_US + 1))
        await problem(client, 404, path, signal="basket")
        await problem(client, 404, path, signal="0" * 32)
    (episode,) = found["signal"]["episodes"]
    assert found["stage"] is None
    assert (episode["signal_id"], episode["result"]) == (signal["signal_id"], "raised")
    assert (episode["raised_at"], episode["due_at"]) == (signal["raised_at"], signal["due_at"])
    assert [one["result"] for one in episode["reminders"]] == ["pending", "pending"]
    assert same["signal"]["episodes"] == found["signal"]["episodes"]
    assert before["signal"]["episodes"][0]["result"] == "open"


async def test_a_signal_disproved_by_a_late_event_names_it(database_url: str) -> None:
    async with taking_in(database_url) as world, serving(database_url) as client:
        await world.take(a_touchpoint("Product Added", at=0, user="u1"))
        await world.raise_watermark(30 * 60 + 61)
        late = a_touchpoint("Order Completed", at=60, received=2_000, user="u1")
        await world.take(late)
        found = await get(client, "/v1/customers/u1/explain", signal="cart")
    (retracted,) = found["signal"]["retracted"]
    assert (retracted["result"], retracted["cause"]) == ("retracted", "late_event")
    assert retracted["touchpoint"]["message_id"] == late.message_id
    assert retracted["published"]
    (episode,) = found["signal"]["episodes"]
    assert (episode["result"], episode["ended_by"]["event"]) == ("closed", "Order Completed")


async def test_open_deadlines_are_explained_by_the_id_of_their_signal(database_url: str) -> None:
    async with taking_in(database_url) as world, serving(database_url) as client:
        await world.take(a_touchpoint("Product Added", at=0, user="u1"))
        await world.raise_watermark(60)
        (deadline,) = [
            one
            for one in (await get(client, "/v1/deadlines", customer="u1"))["items"]
            if one["rule"] == "cart"
        ]
        found = await get(client, "/v1/customers/u1/explain", signal=deadline["signal_id"])
        answer = await client.delete(f"/v1/deadlines/{deadline['id']}")
        after = await get(client, "/v1/customers/u1/explain", signal="cart")
    (episode,) = found["signal"]["episodes"]
    assert (episode["result"], episode["fires_not_before"]) == (
        "open",
        deadline["fires_not_before"],
    )
    assert answer.status_code == 200
    assert after["signal"]["episodes"][0]["result"] == "operator"
