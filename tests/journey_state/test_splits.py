"""Links that come late: what subscribers are told of merges and splits, and whose signals are."""

from __future__ import annotations

from typing import Any

from services.contracts.touchpoint import Touchpoint
from services.journey_state.connected import CONNECTED_IDENTIFIERS_MAX
from tests.journey_state.applying import Applying, applying
from tests.journey_state.running import a_touchpoint

A1 = {"anonymous_id": "a1"}
MERGED = "milepost.customer.merged.v1"
SPLIT = "milepost.customer.split.v1"
STATE = "milepost.customer.state.v1"
STAGE = "milepost.stage.changed.v1"
SIGNALS = "milepost.abandonment."


def page(at: float, user: str | None = None, **more: Any) -> Touchpoint:
    return a_touchpoint("page", at=at, user=user, type="page", message_id=f"p{at}", **more)


def made(event: str, at: float, user: str | None = None, **more: Any) -> Touchpoint:
    return a_touchpoint(event, at=at, user=user, message_id=f"t{at}", **more)


async def owner(applied: Applying, value: str) -> str:
    rows = await applied.execute("SELECT customer_id FROM identifiers WHERE value = $1", value)
    return str(rows[0][0])


async def meant_by(applied: Applying, customer_id: str) -> str:
    """Whom an id means now."""
    rows = await applied.execute(
        "SELECT coalesce(merged_into, customer_id) FROM customers WHERE customer_id = $1",
        customer_id,
    )
    return str(rows[0][0])


async def told_by(applied: Applying, *touchpoints: Touchpoint) -> list[tuple[str, Any]]:
    """What is queued because of this batch."""
    before = len(await applied.queued())
    await applied.take(*touchpoints)
    return (await applied.queued())[before:]


async def test_a_late_user_of_a_shared_device_takes_over_what_came_after(
    database_url: str,
) -> None:
    async with applying(database_url) as applied:
        await applied.take(page(1, "u1", identifiers=A1), made("Product Viewed", 5, identifiers=A1))
        first = await owner(applied, "u1")
        told = await told_by(applied, page(3, "u2", identifiers=A1))
        second = await owner(applied, "u2")
        conflicts = await applied.execute("SELECT reason, count FROM conflicts")

    assert first != second
    of_first = [(kind, value) for kind, value in told if value["customer_id"] == first]
    assert [kind for kind, _ in of_first] == [SPLIT, STAGE, STATE]
    split, change, state = (value for _, value in of_first)
    assert (split["from"], split["to"]) == (first, second)
    assert split["cause"] == {"kind": "split", "message_id": "p3"}
    assert split["version"] < state["version"]
    assert (change["previous"], change["current"]) == ("consideration", "awareness")
    assert (change["correction"], change["cause"]["kind"]) == (True, "split")
    assert [i["kind"] for i in state["identifiers"]] == ["user_id"]
    of_second = [(kind, value) for kind, value in told if value["customer_id"] == second]
    assert [(kind, value.get("current")) for kind, value in of_second] == [
        (STAGE, "consideration"),
        (STATE, None),
    ]
    assert conflicts == [("moved", 1)]


async def test_a_late_link_merges_customers_and_buries_the_one_that_is_gone(
    database_url: str,
) -> None:
    both = {**A1, "email": "a@x.org"}
    async with applying(database_url) as applied:
        await applied.take(page(2, identifiers=A1))
        await applied.take(made("Product Viewed", 3, identifiers={"email": "a@x.org"}))
        stays, gone = await owner(applied, "a1"), await owner(applied, "a@x.org")
        told = await told_by(applied, page(1, identifiers=both))
        assert await owner(applied, "a@x.org") == await meant_by(applied, gone) == stays
        buried = await applied.execute(
            "SELECT version FROM outbox WHERE ce_type = 'tombstone' AND customer_id = $1", gone
        )

    assert [kind for kind, _ in told] == [MERGED, "tombstone", STAGE, STATE]
    merged = told[0][1]
    assert (merged["from"], merged["to"], merged["customer_id"]) == (gone, stays, gone)
    assert merged["cause"] == {"kind": "merge", "message_id": "p1"}
    assert buried == [(merged["version"] + 1,)]
    assert told[2][1]["cause"]["kind"] == "merge"
    assert [h["stage"] for h in told[2][1]["history"]] == ["awareness", "consideration"]


async def test_touchpoints_that_part_again_get_their_id_back_and_versions_go_on(
    database_url: str,
) -> None:
    async with applying(database_url) as applied:
        await applied.take(page(1, identifiers=A1))
        visitor = await owner(applied, "a1")
        await applied.take(page(5, "u1", identifiers=A1))
        user = await owner(applied, "u1")
        assert await meant_by(applied, visitor) == user != visitor
        last = (await applied.execute("SELECT max(version) FROM outbox WHERE topic = 3"))[0][0]
        told = await told_by(applied, page(3, "u2", identifiers=A1))
        assert await owner(applied, "u2") == await meant_by(applied, visitor) == visitor
        assert await owner(applied, "u1") == await owner(applied, "a1") == user

    assert next(kind for kind, v in told if v["customer_id"] == user) == SPLIT
    split = told[[kind for kind, _ in told].index(SPLIT)][1]
    assert (split["from"], split["to"]) == (user, visitor)
    again = [v for kind, v in told if kind == STATE and v["customer_id"] == visitor]
    assert again[0]["version"] > last
    assert {i["value"] for i in again[0]["identifiers"]} == {"u2"}


async def test_a_split_gives_a_signal_to_the_owner_of_its_last_activity_without_a_record(
    database_url: str,
) -> None:
    async with applying(database_url) as applied:
        await applied.take(page(1, "u1", identifiers=A1), made("Product Added", 5, identifiers=A1))
        first = await owner(applied, "u1")
        await applied.reach(4_000)
        assert await applied.signals() == [("cart", "raised", True, None)]
        told = await told_by(applied, page(3, "u2", identifiers=A1))
        second = await owner(applied, "u2")
        assert not [kind for kind, _ in told if kind.startswith(SIGNALS)]
        states = {v["customer_id"]: v for kind, v in told if kind == STATE}
        later = await told_by(applied, made("Order Completed", 4_100, "u2"))
        timers = await applied.execute("SELECT customer_id FROM timers")

    assert states[first]["signals"] == []
    assert [s["rule"] for s in states[second]["signals"]] == ["cart"]
    recovered = [value for kind, value in later if kind.startswith(SIGNALS)]
    assert [(one["customer_id"], one["raised_as"]) for one in recovered] == [(second, first)]
    assert {str(row[0]) for row in timers} <= {first, second}


async def test_a_late_merge_retracts_a_signal_that_the_other_had_answered(
    database_url: str,
) -> None:
    async with applying(database_url) as applied:
        await applied.take(made("Product Added", 5, "old"), made("Order Completed", 60, "new"))
        await applied.reach(4_000)
        named = a_touchpoint(
            "alias", at=4_001, type="alias", user="new", previous_id="old", message_id="al"
        )
        told = await told_by(applied, named)
        new = await owner(applied, "new")

    retracted = [(kind, value) for kind, value in told if kind.startswith(SIGNALS)]
    assert [kind for kind, _ in retracted] == ["milepost.abandonment.retracted.v1"]
    assert retracted[0][1]["customer_id"] == new
    assert retracted[0][1]["cause"] == {"kind": "merge", "message_id": "al"}


async def test_a_late_split_retracts_a_signal_that_its_new_owner_had_answered(
    database_url: str,
) -> None:
    async with applying(database_url) as applied:
        await applied.take(page(1, "u1", identifiers=A1), made("Product Added", 5, identifiers=A1))
        await applied.take(made("Order Completed", 60, "u2"))
        await applied.reach(4_000)
        assert await applied.signals() == [("cart", "raised", True, None)]
        told = await told_by(applied, page(3, "u2", identifiers=A1))
        second = await owner(applied, "u2")

    retracted = [(kind, value) for kind, value in told if kind.startswith(SIGNALS)]
    assert [kind for kind, _ in retracted] == ["milepost.abandonment.retracted.v1"]
    assert retracted[0][1]["customer_id"] == second
    assert retracted[0][1]["cause"] == {"kind": "split", "message_id": "p3"}


async def test_merged_and_split_have_the_key_and_the_next_version_of_from(
    database_url: str,
) -> None:
    async def told_of(customer_id: str) -> list[tuple[str, int]]:
        return [
            (kind, version)
            for kind, version in await applied.execute(
                "SELECT ce_type, version FROM outbox WHERE topic = 3 AND customer_id = $1 "
                "ORDER BY outbox_id",
                customer_id,
            )
            if kind in (MERGED, SPLIT)
        ]

    async with applying(database_url) as applied:
        await applied.take(page(1, identifiers=A1))
        visitor = await owner(applied, "a1")
        await applied.take(page(5, "u1", identifiers=A1))
        user = await owner(applied, "u1")
        assert await told_of(visitor) == [(MERGED, 2)]
        assert await told_of(user) == []
        await applied.take(page(3, "u2", identifiers=A1))
        assert await told_of(user) == [(SPLIT, 2)]
        assert await told_of(visitor) == [(MERGED, 2)]


async def test_a_user_that_an_alias_named_before_is_joined_when_it_is_met(
    database_url: str,
) -> None:
    """Until a touchpoint carries the previous id as a user, it was one more anonymous id."""
    async with applying(database_url) as applied:
        named = a_touchpoint("alias", at=2, type="alias", user="new", previous_id="old")
        await applied.take(named)
        anonymous = await owner(applied, "new")
        await applied.take(page(1, "old"))
        rows = await applied.execute("SELECT kind, value, customer_id::text FROM identifiers")

    assert sorted(rows) == [("user_id", "new", anonymous), ("user_id", "old", anonymous)]


async def test_a_late_touchpoint_that_asks_for_no_other_owner_computes_nothing_again(
    database_url: str,
) -> None:
    async with applying(database_url) as applied:
        await applied.take(page(5, "u1", identifiers=A1))
        told = await told_by(applied, made("Product Viewed", 3, "u1", identifiers=A1))
        assert [kind for kind, _ in told] == [STAGE, STATE]
        assert told[0][1]["cause"]["kind"] == "refold"


async def test_an_earlier_copy_that_names_others_takes_its_links_with_it(
    database_url: str,
) -> None:
    both = {**A1, "email": "a@x.org"}
    async with applying(database_url) as applied:
        await applied.take(page(1, identifiers=A1), page(2, identifiers={"email": "a@x.org"}))
        await applied.take(page(3, identifiers=both, received=9))
        assert await owner(applied, "a1") == await owner(applied, "a@x.org")
        await applied.take(page(3, identifiers=A1, received=8))
        assert await owner(applied, "a1") != await owner(applied, "a@x.org")


async def test_a_link_within_too_large_a_set_is_applied_where_it_arrives_and_says_so(
    database_url: str,
) -> None:
    """Nobody can make the worker compute without end by naming one identifier everywhere."""
    async with applying(database_url) as applied:
        await applied.take(page(5, "u1", identifiers=A1))
        await applied.execute(
            """
            INSERT INTO identifier_links
            SELECT identifier_key, gen_random_uuid() FROM identifiers, generate_series(1, $1)
            WHERE value = 'a1'
            """,
            CONNECTED_IDENTIFIERS_MAX,
        )
        tally = await applied.take(page(3, "u2", identifiers=A1), page(6, "u3"))
        assert await owner(applied, "a1") == await owner(applied, "u2")
        conflicts = await applied.execute("SELECT reason, count FROM conflicts ORDER BY reason")
        assert await applied.execute("SELECT count(*) FROM timeline") == [(3,)]

    assert tally.overflows == 1
    assert conflicts == [("moved", 1), ("too_many_linked", 1)]
