"""Signals in the store: raised, reminded, recovered, retracted, replaced (5.5 to 5.10)."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from services.journey_state.customer import CustomerState, Standing
from services.journey_state.definition import load
from services.journey_state.episodes import no_gaps
from services.journey_state.in_force import Activation, journeys_of
from services.journey_state.journey import Journey
from services.journey_state.signalling import Firing, review
from tests.journey_state.transacting import (
    GRACE,
    HOUR,
    JOURNEY,
    MINUTE,
    Told,
    Transacting,
    changes_of,
    event,
    seconds,
    signals_of,
    states_of,
    transacting,
)

DUE = 10 * MINUTE
WINDOW = 3 * HOUR


def add(when: float, cart: str = "", **fields: Any) -> Any:
    properties = {**({"cart": cart} if cart else {}), **fields.pop("properties", {})}
    return event("Add", when, properties=properties, **fields)


def view(when: float, cart: str = "", **fields: Any) -> Any:
    return event("View", when, properties={"cart": cart} if cart else {}, **fields)


def order(when: float, cart: str = "", **fields: Any) -> Any:
    return event("Order", when, properties={"cart": cart} if cart else {}, **fields)


def kinds(told: list[Told]) -> list[str]:
    return [one.kind for one in signals_of(told)]


def payload(row: Any) -> dict[str, Any]:
    found: dict[str, Any] = msgspec.json.decode(row["payload"])
    return found


async def state_of(world: Transacting) -> list[tuple[str, str, bool]]:
    return [(row["scope"], row["state"], row["published"]) for row in await world.signals()]


async def test_a_signal_is_raised_at_due_plus_grace_and_not_before(database_url: str) -> None:
    async with transacting(database_url) as world:
        await world.take(add(0, "x"))
        assert await world.pass_time(DUE + GRACE - 0.000001) == []
        (raised,) = signals_of(await world.pass_time(DUE + GRACE))
    assert (raised.kind, raised.value["scope"], raised.value["origin"]) == (
        "raised",
        "x",
        "backlog",
    )
    assert seconds(raised.value["recover_until"]) == DUE + WINDOW


async def test_an_activity_received_late_is_waited_for(database_url: str) -> None:
    async with transacting(database_url) as world:
        await world.take(add(0, "x", received=HOUR))
        assert kinds(await world.pass_time(HOUR + GRACE - 1)) == []
        assert kinds(await world.pass_time(HOUR + GRACE)) == ["raised"]


async def test_what_is_already_recovered_or_over_is_kept_and_never_told(database_url: str) -> None:
    async with transacting(database_url) as world:
        await world.take(add(0, "x"), add(1, "y"), order(DUE + 5, "x"))
        told = await world.pass_time(DUE + WINDOW + HOUR)
        assert kinds(told) == []
        assert await state_of(world) == [("x", "recovered", False), ("y", "expired", False)]
        late = order(5, "y", message_id="late")
        assert kinds(await world.take(late)) == []
        assert await state_of(world) == [("x", "recovered", False), ("y", "retracted", False)]


async def test_deadlines_of_a_customer_fire_in_the_order_of_their_due(database_url: str) -> None:
    async with transacting(database_url) as world:
        await world.take(add(0, "b"), add(1, "c"), add(2, "a"), event("Failed", 1))
        told = signals_of(await world.pass_time(HOUR))
    assert [(one.value["rule"], one.value["scope"]) for one in told] == [
        ("cart", "b"),
        ("cart", "c"),
        ("paid", ""),
        ("cart", "a"),
    ]


async def test_of_several_reminders_passed_at_once_only_the_newest_goes_out(
    database_url: str,
) -> None:
    async with transacting(database_url) as world:
        await world.take(add(0, "x"))
        await world.pass_time(DUE + GRACE)
        assert kinds(await world.pass_time(DUE + HOUR + GRACE - 1)) == []
        (newest,) = signals_of(await world.pass_time(DUE + 2 * HOUR + GRACE))
        assert (newest.kind, newest.value["reminder"]) == ("reminded", {"n": 2, "of": 3})
        assert kinds(await world.pass_time(DUE + 2 * HOUR + GRACE + 1)) == []


async def test_a_reminder_at_the_end_of_the_window_goes_out(database_url: str) -> None:
    async with transacting(database_url) as world:
        await world.take(add(0, "x"))
        await world.pass_time(DUE + GRACE)
        await world.pass_time(DUE + 2 * HOUR + GRACE)
        told = await world.pass_time(DUE + WINDOW + GRACE)
        assert [one.value["reminder"]["n"] for one in signals_of(told)] == [3]
        (shown,) = states_of(told)
        assert [one["state"] for one in shown.value["signals"]] == ["expired"]
        assert (await world.signals())[0]["reminded"] == 3


async def test_no_reminder_whose_time_had_passed_when_the_signal_was_raised(
    database_url: str,
) -> None:
    async with transacting(database_url) as world:
        await world.take(add(0, "x"))
        assert kinds(await world.pass_time(DUE + HOUR + GRACE)) == ["raised"]
        assert kinds(await world.take(event("page", DUE + HOUR + MINUTE))) == []  # looked at again
        assert kinds(await world.pass_time(DUE + 2 * HOUR + GRACE - 1)) == []
        assert kinds(await world.pass_time(DUE + 2 * HOUR + GRACE)) == ["reminded"]


@pytest.mark.parametrize("name", ["View", "Add", "Remove", "Empty"])
async def test_what_happens_in_the_scope_stops_reminders_up_to_its_time(
    database_url: str, name: str
) -> None:
    async with transacting(database_url) as world:
        await world.take(add(0, "x"))
        await world.pass_time(DUE + GRACE)
        await world.pass_time(DUE + HOUR + GRACE)
        await world.take(event(name, DUE + HOUR + 1, properties={"cart": "x"}))
        told = await world.pass_time(DUE + 2 * HOUR + GRACE)
        assert [one.kind for one in signals_of(told) if one.value["due_at"] == DUE] == []
        back = await world.take(order(DUE + 2 * HOUR + 1, "x"))
        assert "recovered" in kinds(back)


async def test_a_return_in_the_window_recovers(database_url: str) -> None:
    async with transacting(database_url) as world:
        await world.take(add(0, "x"))
        await world.pass_time(DUE + GRACE)
        assert kinds(await world.take(order(DUE + 100, "y"))) == []
        told = await world.take(order(DUE + WINDOW, "x"))
        (recovered,) = signals_of(told)
        assert recovered.value["recovered"]["after_seconds"] == WINDOW
        assert recovered.version == 2
        assert await state_of(world) == [("x", "recovered", True)]


async def test_an_earlier_return_that_comes_late_is_the_one_that_counts(database_url: str) -> None:
    async with transacting(database_url) as world:
        await world.take(add(0, "x"))
        await world.pass_time(DUE + GRACE)
        await world.take(order(DUE + 100, "x"))
        told = await world.take(order(DUE + 50, "x", message_id="earlier", received=HOUR))
        assert kinds(told) == []
        (row,) = await world.signals()
        assert payload(row)["recovered"]["message_id"] == "earlier"


async def test_a_late_activity_that_leaves_due_where_it_was_amends_what_is_kept(
    database_url: str,
) -> None:
    async with transacting(database_url) as world:
        await world.take(add(100, "x", properties={"product_id": "p"}))
        await world.pass_time(HOUR)
        before = (await world.signals())[0]
        told = await world.take(add(50, "x", properties={"product_id": "q"}, received=HOUR))
        assert kinds(told) == []
        (after,) = await world.signals()
    assert (after["signal_id"], after["revision"]) == (before["signal_id"], 1)
    assert seconds(payload(after)["opened_at"]) == 50
    assert [one["product_id"] for one in payload(after)["items"]] == ["q", "p"]
    assert payload(after)["raised_at"] == payload(before)["raised_at"]


async def test_an_order_in_time_that_comes_late_retracts(database_url: str) -> None:
    async with transacting(database_url) as world:
        await world.take(add(0, "x"))
        await world.pass_time(DUE + GRACE)
        (retracted,) = signals_of(await world.take(order(DUE, "x", message_id="late")))
    assert retracted.kind == "retracted"
    assert retracted.value["cause"] == {"kind": "late_event", "message_id": "late"}
    assert retracted.value["replaced_by"] is None


async def test_of_several_late_events_the_one_that_disproves_is_named(database_url: str) -> None:
    async with transacting(database_url) as world:
        await world.take(event("page", 0), add(1, "x"), event("page", 99))
        await world.pass_time(HOUR)
        late = [event("page", 0.5), event("Ask", 2), order(4, "x"), order(5, "x")]
        told = await world.take(*late)
    (retracted,) = signals_of(told)
    assert retracted.value["cause"]["message_id"] == late[2].message_id
    (change,) = changes_of(told)
    assert change.value["cause"] == {
        "kind": "refold",
        "message_id": late[2].message_id,
        "event": "Order",
        "channel": "website",
        "source": "shop",
        "rule": "buy[0]",
    }


async def test_a_moved_due_names_both_signals_to_each_other(database_url: str) -> None:
    async with transacting(database_url) as world:
        await world.take(add(0, "x"))
        (first,) = signals_of(await world.pass_time(HOUR))
        gone, new = signals_of(await world.take(view(DUE, "x", received=DUE + 1)))
    assert (gone.kind, new.kind) == ("retracted", "raised")
    assert gone.value["signal_id"] == first.value["signal_id"]
    assert gone.value["replaced_by"] == new.value["signal_id"]
    assert new.value["replaces"] == first.value["signal_id"]


async def test_a_moved_due_is_told_by_times_of_microseconds_too(database_url: str) -> None:
    async with transacting(database_url) as world:
        await world.take(add(0, "x"), add(0.0005, "x"))
        (first,) = signals_of(await world.pass_time(HOUR))
        gone, new = signals_of(await world.take(view(DUE, "x", received=DUE + 1)))
    assert gone.value["replaced_by"] == new.value["signal_id"]
    assert new.value["replaces"] == first.value["signal_id"]


async def test_a_successor_that_is_not_due_yet_is_named_by_itself_alone(database_url: str) -> None:
    async with transacting(database_url) as world:
        await world.take(add(0, "x"))
        (first,) = signals_of(await world.pass_time(DUE + GRACE))
        (gone,) = signals_of(await world.take(view(DUE, "x")))
        assert (gone.kind, gone.value["replaced_by"]) == ("retracted", None)
        (new,) = signals_of(await world.pass_time(2 * DUE + GRACE))
    assert (new.kind, new.value["replaces"]) == ("raised", first.value["signal_id"])


async def test_a_cart_that_gets_its_name_late_replaces_the_one_without(database_url: str) -> None:
    async with transacting(database_url) as world:
        await world.take(view(100))
        (first,) = signals_of(await world.pass_time(HOUR))
        gone, new = signals_of(await world.take(view(50, "x", received=HOUR)))
    assert (gone.kind, new.kind, new.value["scope"]) == ("retracted", "raised", "x")
    assert gone.value["replaced_by"] == new.value["signal_id"]
    assert new.value["replaces"] == first.value["signal_id"]


async def test_the_same_signal_comes_back_with_the_next_revision(database_url: str) -> None:
    async with transacting(database_url) as world:
        await world.take(add(0, "x"))
        (first,) = signals_of(await world.pass_time(DUE + GRACE))
        await world.take(order(5, "x", message_id="m", received=HOUR))
        # Of two copies the one received first counts, and this one closes nothing.
        told = await world.take(event("Other", 5, message_id="m", received=6))
    (back,) = signals_of(told)
    assert (back.kind, back.value["revision"], back.version) == ("raised", 2, 3)
    assert back.value["signal_id"] == first.value["signal_id"]
    assert back.value["cause"] is None


async def test_late_events_may_lead_from_any_state_to_any_other(database_url: str) -> None:
    async def became(touchpoint: Any) -> tuple[list[str], str]:
        told = kinds(await world.take(touchpoint))
        return told, (await world.signals())[0]["state"]

    over = DUE + WINDOW + GRACE
    async with transacting(database_url) as world:
        await world.take(add(0, "x"))
        await world.pass_time(DUE + GRACE)
        await world.pass_time(over)
        assert await state_of(world) == [("x", "expired", True)]
        first = order(DUE + 9, "x", message_id="a", received=over + 9)
        assert await became(first) == (["recovered"], "recovered")
        # What brought the customer back was something else: its window is over again.
        other = event("page", DUE + 9, message_id="a", received=over + 8)
        assert await became(other) == ([], "expired")
        again = order(DUE + 5, "x", message_id="b", received=over + 9)
        assert await became(again) == (["recovered"], "recovered")
        in_time = order(5, "x", message_id="c", received=over + 9)
        assert await became(in_time) == (["retracted"], "retracted")
        nothing = event("page", 5, message_id="c", received=over + 8)
        told, state = await became(nothing)
        assert (told, state) == ([], "recovered")
        assert (await world.signals())[0]["revision"] == 2


async def test_a_withdrawal_before_due_that_comes_late_retracts_for_consent(
    database_url: str,
) -> None:
    async with transacting(database_url) as world:
        await world.take(add(0, "x"))
        await world.pass_time(DUE + GRACE)
        await world.rows("DELETE FROM outbox")  # it was handed over
        said = event("consent", DUE, type="consent", consent={"marketing": False}, message_id="no")
        (retracted,) = signals_of(await world.take(said))
    assert retracted.kind == "retracted"
    assert retracted.value["cause"] == {"kind": "consent", "message_id": "no"}


async def test_history_raises_no_record_and_may_retract_a_live_signal(database_url: str) -> None:
    async with transacting(database_url) as world:
        await world.take(add(0, "x", historical=True, received=HOUR))
        assert kinds(await world.pass_time(HOUR + GRACE)) == []
        assert await state_of(world) == [("x", "raised", False)]
        assert kinds(await world.take(order(HOUR, "x"))) == []
        assert await state_of(world) == [("x", "recovered", False)]
        await world.take(add(2 * HOUR, "y"))
        assert kinds(await world.pass_time(3 * HOUR)) == ["raised"]
        told = await world.take(order(2 * HOUR + 1, "y", historical=True, message_id="till"))
        assert kinds(told) == ["retracted"]


async def test_history_that_reaches_up_to_now_is_told(database_url: str) -> None:
    async with transacting(database_url) as world:
        await world.take(add(0, "x", historical=True, received=DUE))
        (raised,) = signals_of(await world.pass_time(DUE + DUE))
    assert raised.value["origin"] == "import"


async def test_a_signal_shows_the_customer_as_of_its_due_though_more_is_known(
    database_url: str,
) -> None:
    async with transacting(database_url) as world:
        await world.take(event("Ask", 0), add(1, "x"))
        more = event("Return", DUE + 2, traits={"plan": "pro"})
        solved = event("Solved", DUE + 3, consent={"marketing": True})
        await world.take(more, solved)
        (raised,) = signals_of(await world.pass_time(HOUR))
    value = raised.value
    assert value["stage"] == "cart"
    assert value["last_touchpoint"]["event"] == "Add"
    assert [one["name"] for one in value["overlays"]] == ["help"]
    assert value["consent"] == {}


async def test_overlays_have_one_shape_everywhere(database_url: str) -> None:
    async with transacting(database_url) as world:
        told = await world.take(event("Ask", 0), add(1, "x"))
        told += await world.pass_time(DUE + 1 + GRACE)
    shapes = [one.value["overlays"] for one in told]
    assert len(shapes) == 4
    assert all(shape == shapes[0] for shape in shapes)
    assert [one["name"] for one in shapes[0]] == ["help"]


async def test_a_signal_that_a_merge_leaves_standing_has_no_record_for_it(
    database_url: str,
) -> None:
    visitor = {"anonymous_id": "a"}
    both = {**visitor, "user_id": "u"}
    async with transacting(database_url) as world:
        await world.take(add(0, "x", identifiers=visitor))
        (first,) = signals_of(await world.pass_time(DUE + GRACE))
        signed_in = event("identify", DUE + 1, type="identify", identifiers=both)
        assert kinds(await world.take(signed_in)) == []
        (row,) = await world.signals()
        (later,) = signals_of(await world.pass_time(DUE + HOUR + GRACE))
    assert row["customer_id"].hex() == later.customer != first.customer
    assert (later.kind, later.version) == ("reminded", 1)
    assert later.value["signal_id"] == first.value["signal_id"]
    assert later.value["raised_as"] == first.value["customer_id"]


async def test_other_signals_are_shown_as_they_stood_at_due(database_url: str) -> None:
    async with transacting(database_url) as world:
        await world.take(add(0, "x"), add(100, "y"), order(DUE + 200, "x"))
        (raised,) = signals_of(await world.pass_time(HOUR))
    assert raised.value["scope"] == "y"
    assert [one["scope"] for one in raised.value["open_signals"]] == ["x"]


def test_a_signal_older_than_what_the_fold_keeps_stays_as_it_is() -> None:
    def standing(due: int) -> Standing:
        return Standing("cart", "x", due, "expired", published=True, revision=1, raised_at=1)

    state = CustomerState(
        made=(0, "m", "web"),
        journey=Journey(forgotten={"cart": 10}),
        signals={"old": standing(10), "new": standing(11)},
    )
    journeys = journeys_of([Activation(1, load(JOURNEY), None)], GRACE)
    firing = Firing(100, GRACE, no_gaps)
    changes = review(state, journeys.current, journeys, firing, again=True)
    assert [(one.kind, one.signal_id) for one in changes] == [("retracted", "new")]
    assert set(state.signals) == {"old"}
