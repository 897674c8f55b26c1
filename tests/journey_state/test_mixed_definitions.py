"""People who meet while only some of them are under the new definition yet."""

from __future__ import annotations

from functools import partial

from services.journey_state.active import publish
from services.journey_state.definition import load
from services.journey_state.republishing import Republishing
from tests.journey_state.running import a_touchpoint
from tests.journey_state.taking_in import firings_of, taking_in
from tests.journey_state.test_faults import one

VISITOR = {"anonymous_id": "a1"}
OTHER = load(
    """
journey: shop
stages: [{name: awareness, enter: [{event: page}]}]
abandonment:
  - {name: basket, opens: {event: Product Added}, closes: {event: Order Completed}, after: 10m}
"""
)


async def test_a_signal_of_the_new_definition_survives_a_merge_into_someone_under_the_old(
    database_url: str,
) -> None:
    ask = partial(one, database_url)
    async with taking_in(database_url) as taking:
        await taking.take(a_touchpoint("page", at=1, type="page", identifiers=VISITOR))
        await taking.take(a_touchpoint("page", at=2, type="page", user="u1"))
        await taking.raise_watermark(100)
        async with taking.store.transaction() as connection:
            await publish(connection, OTHER)
        first = Republishing(taking.store, firings_of(), done=lambda _: None, batch_max=1)
        await first.step()  # the visitor, who came first
        await taking.take(a_touchpoint("Product Added", at=200, identifiers=VISITOR))
        await taking.raise_watermark(1_000)
        assert await ask("SELECT state FROM signals WHERE rule = 'basket'") == "raised"

        await taking.take(
            a_touchpoint("identify", at=900, type="identify", user="u1", identifiers=VISITOR)
        )

        assert await ask("SELECT state FROM signals WHERE rule = 'basket'") == "raised"
        assert await ask("SELECT count(*) FROM outbox WHERE ce_type LIKE '%retracted%'") == 0
        assert await ask("SELECT definition_id FROM customers WHERE merged_into IS NULL") == 2
