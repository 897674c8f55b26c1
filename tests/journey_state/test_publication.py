"""Stage changes and snapshots: what is told, in which order and version (semantics 7.3, 7.4)."""

from __future__ import annotations

from typing import Any

from services.contracts.touchpoint import Touchpoint
from tests.journey_state.transacting import (
    GRACE,
    HOUR,
    MINUTE,
    Told,
    changes_of,
    event,
    seconds,
    states_of,
    transacting,
)

DUE = 10 * MINUTE


def cart(name: str, when: float, scope: str, **fields: Any) -> Touchpoint:
    fields.setdefault("message_id", f"{name} {when} {scope}")
    return event(name, when, properties={"cart": scope}, **fields)


def stages(told: list[Told]) -> list[tuple[str, str, bool]]:
    found = [one.value for one in changes_of(told)]
    return [(one["previous"], one["current"], one["correction"]) for one in found]


async def test_touchpoints_in_order_tell_each_transition(database_url: str) -> None:
    async with transacting(database_url) as world:
        told = await world.take(event("page", 0), event("View", 5), event("Order", 9))
    assert stages(told) == [
        ("none", "look", False),
        ("look", "cart", False),
        ("cart", "buy", False),
    ]
    values = [one.value for one in changes_of(told)]
    assert [one["dwell_seconds"] for one in values] == [None, 5, 4]
    assert [one["direction"] for one in values] == ["first", "forward", "forward"]
    assert "history" not in values[0]


async def test_a_late_event_is_one_correction_with_the_history_and_what_it_supersedes(
    database_url: str,
) -> None:
    async with transacting(database_url) as world:
        told = await world.take(event("page", 0), event("Order", 9))
        ids = [row["ce_id"] for row in await world.rows("SELECT ce_id FROM outbox WHERE topic = 1")]
        (change,) = changes_of(await world.take(event("View", 5)))
        value = change.value
        assert (value["previous"], value["current"]) == ("buy", "buy")
        assert value["correction"]
        assert value["cause"]["kind"] == "refold"
        assert [one["stage"] for one in value["history"]] == ["look", "cart", "buy"]
        assert [seconds(one["entered_at"]) for one in value["history"]] == [0, 5, 9]
        assert [one["left_at"] and seconds(one["left_at"]) for one in value["history"]] == [
            5,
            9,
            None,
        ]
        # The first row stands; the second is another now, for it comes from another stage.
        assert [one.replace("-", "") for one in value["supersedes"]] == [ids[1].hex()]
        rows = await world.rows(
            "SELECT stage, superseded_at FROM stage_history ORDER BY history_id"
        )
    assert [(row[0], row[1] is None) for row in rows] == [
        ("look", True),
        ("buy", False),
        ("cart", True),
        ("buy", True),
    ]
    assert len(changes_of(told)) == 2


async def test_a_late_event_that_changes_no_row_tells_no_stage(database_url: str) -> None:
    async with transacting(database_url) as world:
        await world.take(event("page", 0), event("Order", 9))
        assert changes_of(await world.take(event("Nothing", 5))) == []


async def test_a_record_is_superseded_once_though_it_told_of_several_rows(
    database_url: str,
) -> None:
    async with transacting(database_url) as world:
        await world.take(event("Return", 9))
        await world.take(event("page", 1), event("View", 2), event("Order", 3))
        ids = await world.rows("SELECT ce_id FROM outbox WHERE topic = 1")
        (change,) = changes_of(await world.take(event("Order", 0.5, message_id="first")))
    named = [one.replace("-", "") for one in change.value["supersedes"]]
    assert sorted(named) == sorted(row["ce_id"].hex() for row in ids[1:])


async def test_a_refold_may_lead_back_to_no_stage(database_url: str) -> None:
    async with transacting(database_url) as world:
        await world.take(event("page", 5, message_id="m", received=HOUR))
        # Of two copies the one received first counts, and this one leads nowhere.
        told = await world.take(event("Nothing", 5, message_id="m", received=6))
        (change,) = changes_of(told)
        (state,) = states_of(told)
    value = change.value
    assert (value["previous"], value["current"]) == ("look", "none")
    assert (value["direction"], value["entered_at"], value["history"]) == (None, None, [])
    assert len(value["supersedes"]) == 1
    assert (value["cause"]["event"], value["cause"]["rule"]) == ("Nothing", None)
    assert (state.value["stage"], state.value["entered_at"]) == ("none", None)


async def test_imported_touchpoints_are_one_correction_at_their_place(database_url: str) -> None:
    async with transacting(database_url) as world:
        await world.take(event("page", 0))
        past = {"historical": True}
        told = await world.take(
            event("View", 10),
            event("Order", 20, **past),
            event("Return", 30, **past),
            event("Order", 40, properties={"order_id": "2"}),
        )
    assert stages(told) == [("look", "cart", False), ("cart", "back", True), ("back", "buy", False)]
    value = changes_of(told)[1].value
    assert (value["cause"]["kind"], value["direction"]) == ("import", "forward")
    assert [one["stage"] for one in value["history"]] == ["look", "cart", "buy", "back"]
    assert [one["cause"]["kind"] for one in value["history"]][1:] == [
        "touchpoint",
        "import",
        "import",
    ]
    assert value["supersedes"] == []
    assert seconds(value["entered_at"]) == 30


async def test_one_transaction_tells_in_the_order_of_the_text(database_url: str) -> None:
    async with transacting(database_url) as world:
        visitor = {"anonymous_id": "a"}
        await world.take(
            event("page", 0, identifiers=visitor),
            cart("Add", 1, "b", identifiers=visitor),
            cart("Add", 1, "a", identifiers=visitor),
            cart("Add", 2, "c", identifiers=visitor),
            cart("Add", 3, "d", identifiers=visitor),
        )
        await world.pass_time(DUE + 3 + GRACE)
        told = await world.take(
            # They move the due of two carts into the past of W, bring one back, and sign in.
            cart("View", 1.5, "b", identifiers=visitor),
            cart("View", 1.5, "a", identifiers=visitor),
            cart("Order", DUE + 10, "c", identifiers=visitor),
            event("identify", DUE + 11, type="identify", identifiers={**visitor, "user_id": "u"}),
        )
    assert [one.kind for one in told if one.kind != "tombstone"] == [
        "customer.merged",
        "stage.changed",
        "retracted",
        "retracted",
        "recovered",
        "raised",
        "raised",
        "customer.state",
    ]
    scopes = [one.value["scope"] for one in told if "scope" in one.value]
    assert scopes == ["a", "b", "c", "a", "b"]
    assert told[1].kind == "tombstone"


async def test_versions_grow_by_one_for_each_customer_and_topic(database_url: str) -> None:
    async with transacting(database_url) as world:
        told = await world.take(event("page", 0), cart("Add", 1, "x"), event("Order", 2))
        told += await world.take(cart("Add", 3, "y"), event("Ask", 4))
        told += await world.pass_time(HOUR)
        told += await world.take(cart("Order", 5, "y"), event("View", 0.5))
        told += await world.pass_time(3 * HOUR)
        told += await world.take(cart("Add", 4 * HOUR, "z"))
        told += await world.pass_time(5 * HOUR)
    for topic in (1, 2, 3):
        versions = [one.version for one in told if one.topic == topic]
        assert len(versions) > 2
        assert versions == list(range(1, len(versions) + 1))
    assert all(one.version == one.value["version"] for one in told)


async def test_a_customer_merged_away_says_so_above_its_last_version(database_url: str) -> None:
    async with transacting(database_url) as world:
        visitor = {"anonymous_id": "a"}
        (first,) = states_of(await world.take(event("page", 0, identifiers=visitor)))
        both = {**visitor, "user_id": "u"}
        told = states_of(await world.take(event("identify", 1, type="identify", identifiers=both)))
    merged, tombstone, state = told
    assert (merged.customer, merged.version) == (first.customer, first.version + 1)
    assert merged.value["from"] == merged.value["customer_id"]
    assert merged.value["to"] == state.value["customer_id"]
    assert (tombstone.customer, tombstone.version) == (first.customer, first.version + 2)
    assert state.customer != first.customer


async def test_a_snapshot_is_told_when_what_it_shows_has_changed(database_url: str) -> None:
    async def count(*touchpoints: Touchpoint) -> int:
        return len(states_of(await world.take(*touchpoints)))

    async with transacting(database_url) as world:
        assert await count(event("page", 0)) == 1
        assert await count(event("page", 1)) == 0
        assert await count(event("Ask", 2)) == 1
        assert await count(event("Ask", 3)) == 1  # it expires later
        assert await count(event("page", 4, traits={"plan": "pro"})) == 1
        assert await count(event("page", 5, traits={"plan": "pro"})) == 0
        assert await count(event("page", 6, consent={"marketing": False})) == 1
        assert await count(event("page", 7, consent={"marketing": False})) == 0
        assert await count(event("page", 8, identifiers={"user_id": "u", "email": "a@b.c"})) == 1
        assert await count(event("Order", 9), event("Return", 10), event("Order", 11)) == 1
        # Back in the stage it was in before, entered anew.
        assert await count(event("Return", 12), event("Order", 13)) == 1
        assert len(states_of(await world.pass_time(3 + HOUR - 1))) == 0
        (shown,) = states_of(await world.pass_time(3 + HOUR))
        assert shown.value["overlays"] == []


async def test_snapshots_show_the_standing_signals_whatever_came_late(database_url: str) -> None:
    def shown(told: list[Told]) -> list[tuple[str, str]]:
        value = states_of(told)[-1].value
        return [(one["scope"], one["state"]) for one in value["signals"]]

    async with transacting(database_url) as world:
        await world.take(cart("Add", 0, "x"), cart("Add", 1, "y"))
        await world.pass_time(DUE + 1 + GRACE)
        await world.take(cart("Order", DUE + 2, "y"))
        assert shown(await world.pass_time(5 * HOUR)) == [("x", "expired"), ("y", "recovered")]
        told = await world.take(
            cart("Add", 5 * HOUR, "z"), event("page", 5 * HOUR, traits={"a": 1})
        )
        assert shown(told) == [("x", "expired"), ("y", "recovered")]
        assert states_of(await world.take(event("Nothing", 2, received=5 * HOUR))) == []
        told = await world.take(cart("Order", 3, "x", received=5 * HOUR, message_id="late"))
        assert shown(told) == [("y", "recovered")]
        told = await world.pass_time(6 * HOUR)
        assert shown(told) == [("y", "recovered"), ("z", "raised")]
