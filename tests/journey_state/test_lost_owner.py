"""Customers whose rows were lost: nothing is tried for ever, and it is said what to do."""

from __future__ import annotations

import pytest

from services.journey_state.connected import OwnerLostError
from services.journey_state.customer import decode_state, encode_state
from services.journey_state.store.pool import blames_the_data
from tests.journey_state.running import a_touchpoint
from tests.journey_state.taking_in import TakingIn, taking_in

A = {"anonymous_id": "a"}
CUSTOMERS_LOST = 3


async def execute(world: TakingIn, statement: str) -> None:
    async with world.store.transaction() as connection:
        await connection.execute(statement)


async def disown(world: TakingIn) -> None:
    """The customer's state forgets what it owns; the identifiers' rows go on naming it."""
    async with world.store.transaction() as connection:
        for customer_id, encoded in await connection.fetch(
            "SELECT customer_id, state FROM customers"
        ):
            state = decode_state(encoded)
            state.identifiers = []
            await connection.execute(
                "UPDATE customers SET state = $2 WHERE customer_id = $1",
                customer_id,
                encode_state(state),
            )


@pytest.mark.parametrize("how", ["gone", "merged", "disowned"])
async def test_an_event_of_a_customer_whose_row_was_lost_is_set_aside_with_what_to_do(
    database_url: str, how: str
) -> None:
    async with taking_in(database_url) as world:
        await world.take(a_touchpoint("Product Viewed", at=0, identifiers=A))
        if how == "gone":
            await execute(world, "DELETE FROM customers")
        elif how == "merged":
            await execute(world, "UPDATE customers SET merged_into = customer_id")
        else:
            await disown(world)
        with pytest.raises(OwnerLostError, match="run `milepost replay --from T`") as raised:
            await world.take(a_touchpoint("Product Viewed", at=60, identifiers=A))
    assert blames_the_data(raised.value)  # so the consumer sets this record alone aside


async def test_a_set_that_is_computed_again_says_that_an_owner_before_was_lost(
    database_url: str,
) -> None:
    async with taking_in(database_url) as world:
        await world.take(
            a_touchpoint("page", at=0, user="u1", type="page", identifiers=A),
            a_touchpoint("page", at=9, user="u2", type="page", identifiers=A),
        )
        await execute(
            world,
            "DELETE FROM customers AS c USING identifiers AS i "
            "WHERE i.customer_id = c.customer_id AND value = 'u1'",
        )
        await world.take(a_touchpoint("Product Viewed", at=10, user="u2", identifiers=A))
        with pytest.raises(OwnerLostError, match="has no row"):
            await world.take(a_touchpoint("page", at=5, user="u2", type="page", identifiers=A))


async def test_timers_of_lost_customers_keep_nobody_waiting(database_url: str) -> None:
    async with taking_in(database_url) as world:
        await world.take(
            *(a_touchpoint("Product Added", at=n, user=f"u{n}") for n in range(CUSTOMERS_LOST + 1))
        )
        await execute(
            world,
            "DELETE FROM customers AS c USING identifiers AS i "
            f"WHERE i.customer_id = c.customer_id AND value < 'u{CUSTOMERS_LOST}'",
        )
        await world.raise_watermark(7200)
        async with world.store.connection() as connection:
            rules = await connection.fetch("SELECT rule FROM signals")
            late = await connection.fetchval(
                "SELECT count(*) FROM timers, watermark WHERE wake_at <= at"
            )
    assert ([row[0] for row in rules], late) == (["cart"], 0)
