"""Explanations and earlier knowledge where the timeline has been cut."""

from __future__ import annotations

from services.contracts.times import format_time
from tests.journey_state.applying import applying
from tests.journey_state.asking import get, problem, serving
from tests.journey_state.cutting import CUT, CUT_US, DAY, Cutting
from tests.journey_state.running import a_touchpoint
from tests.journey_state.test_api_as_of import instant

VISITOR = {"anonymous_id": "a1"}
PATH = "/v1/customers/u1"


async def test_the_past_goes_on_from_the_checkpoint(database_url: str) -> None:
    async with applying(database_url) as apply, serving(database_url) as client:
        cutting = Cutting(apply)
        await apply.take(a_touchpoint("page", at=1, identifiers=VISITOR))
        await apply.take(a_touchpoint("page", at=1.5, user="u1"))
        await apply.take(
            a_touchpoint("page", at=2, user="u1", identifiers=VISITOR, traits={"tier": "gold"}),
            a_touchpoint("Order Completed", at=3, user="u1", properties={"order_id": "o1"}),
        )
        gone = (await get(client, PATH))["merged_ids"]
        await cutting.declare()
        await cutting.finish()
        explained = await get(client, f"{PATH}/explain")
        await apply.take(
            a_touchpoint("Product Reviewed", at=CUT + DAY, user="u1", properties={"rating": 2}),
            a_touchpoint("Order Completed", at=CUT + 2 * DAY, user="u1"),
        )
        later = await get(client, f"{PATH}/explain")
        lapsed = await get(client, f"{PATH}/explain", signal="lapsed")
        now = await instant()
        then = await get(client, PATH, as_of=now)
        by_device = await get(client, "/v1/customers/a1", as_of=now)
        present = await get(client, PATH)
        by_id = [await get(client, f"/v1/customers/{one}", as_of=now) for one in gone]
        refused = await problem(client, 400, f"{PATH}/explain", at=format_time(CUT_US - 1))
        unknown = await problem(client, 400, PATH, as_of=format_time(CUT_US - 1))
    assert (explained["stage"]["stage"], explained["touchpoints"]) == ("purchase", 0)
    assert explained["text"].endswith("from before the touchpoints that are kept.")
    assert (later["stage"]["stage"], later["touchpoints"]) == ("retention", 2)
    assert later["stage"]["entered_by"]["values"]['count("Order Completed")'] == 2
    (episode,) = lapsed["signal"]["episodes"]
    assert (episode["opened_by"], episode["result"]) == (None, "open")
    assert then == by_device == present
    assert by_id == [present]
    assert then["traits"] == {"tier": "gold"}
    assert refused["code"] == unknown["code"] == "past_not_kept"
