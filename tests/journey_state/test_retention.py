"""The timeline is cut at one instant for all customers while the work goes on (semantics 4.4)."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from typing import Any

import pytest

from services.contracts.times import DAY_US, from_datetime
from services.contracts.touchpoint import Touchpoint
from services.journey_state.retention import Retention
from services.journey_state.store import facts, partitions
from services.journey_state.store.facts import Fact
from tests.journey_state.applying import applying
from tests.journey_state.asking import serving
from tests.journey_state.cutting import (
    CUT,
    DAY,
    Cutting,
    firings,
    people_of,
    refolded,
    shuffled_batches,
)
from tests.journey_state.running import a_touchpoint

EVENTS = (
    "page",
    "Product Viewed",
    "Product Added",
    "Checkout Started",
    "Order Completed",
    "Support Requested",
    "Product Shared",
)


def story(chosen: random.Random, who: dict[str, str], start: float, end: float) -> list[Touchpoint]:
    """Some events of one customer in this time."""
    found = []
    for n in range(chosen.randint(2, 6)):
        at = round(chosen.uniform(start, end), 3)
        order = {"order_id": f"o{n}-{at}", "cart_id": chosen.choice("xy")}
        found.append(
            a_touchpoint(
                chosen.choice(EVENTS),
                at=at,
                identifiers=who,
                properties=order,
                message_id=f"{sorted(who.items())}-{at}-{n}",
            )
        )
    return found


def customers() -> list[dict[str, str]]:
    known = [{"user_id": f"u{n}", "anonymous_id": f"a{n}"} for n in range(3)]
    return [*known, *({"anonymous_id": f"b{n}"} for n in range(2))]


@pytest.mark.parametrize("seed", range(4))
async def test_whatever_comes_after_the_cut_gives_what_the_whole_past_gives(
    database_url: str, seed: int
) -> None:
    chosen = random.Random(seed)
    before = [t for who in customers() for t in story(chosen, who, 0, CUT - 1)]
    after = [t for who in customers() for t in story(chosen, who, CUT, CUT + 25 * DAY)]
    during = shuffled_batches(chosen, after)
    async with applying(database_url) as worker:
        for batch in shuffled_batches(chosen, before):
            await worker.take(*batch)
        cutting = Cutting(worker)
        await cutting.declare()
        for batch in during[: len(during) // 2]:
            await worker.take(*batch)
            await cutting.step()
        await cutting.finish()
        for batch in during[len(during) // 2 :]:
            await worker.take(*batch)
        await worker.reach(120 * DAY)
        cut = await people_of(worker)
        stored, computed = await refolded(worker)
        left = await worker.execute(
            "SELECT count(*) FROM timeline WHERE occurred_at < '2026-10-01+00'"
        )
        kept = await worker.execute("SELECT count(*) FROM timeline")
        await worker.execute("TRUNCATE timeline, customers, identifiers, ownership_periods, dedupe")
        await worker.execute("TRUNCATE stage_history, signals, timers, outbox, checkpoints")
        await worker.execute("UPDATE timeline_cut SET reached_at = NULL, declared_at = NULL")
        await worker.reach(40 * DAY)
        for batch in shuffled_batches(chosen, [*before, *after]):
            await worker.take(*batch)
        await worker.reach(120 * DAY)
        whole = await people_of(worker)

    assert left == [(0,)]
    assert kept == [(len(after),)]
    assert any(person["signals"] for person in whole.values())
    assert stored == computed
    assert cut == whole


async def test_an_event_from_before_the_cut_is_stored_and_not_folded(database_url: str) -> None:
    async with applying(database_url) as worker:
        await worker.take(a_touchpoint("Product Viewed", at=1, user="u1"))
        cutting = Cutting(worker)
        await cutting.declare()
        late = a_touchpoint("Order Completed", at=2, user="u1", received=40 * DAY)

        for phase in ("declared", "cutting", "reached", "dropping", "idle"):
            await (cutting.finish() if phase == "idle" else cutting.until(phase))
            again = a_touchpoint(
                "Order Completed", at=2, user="u1", received=40 * DAY, message_id=phase
            )
            assert (await worker.take(again)).too_late == 1
        tally = await worker.take(late, late)
        again_later = await worker.take(late)
        await worker.take(a_touchpoint("page", at=CUT + 5, user="u1", received=40 * DAY))
        await worker.take(a_touchpoint("page", at=CUT + 4, user="u1", received=40 * DAY))
        people = await people_of(worker)
        rows = await worker.execute("SELECT too_late, count(*) FROM timeline GROUP BY 1 ORDER BY 1")

    assert (tally.too_late, tally.applied, tally.duplicates) == (1, 0, 1)
    assert (again_later.too_late, again_later.duplicates) == (0, 1)
    assert people[("user_id", "u1")]["stage"] == "consideration"
    # What came too late for this cut stays until the next one.
    assert rows == [(False, 2), (True, 6)]


async def test_who_was_not_seen_since_is_no_other_by_an_event_from_before_the_cut(
    database_url: str,
) -> None:
    """Placed at the cut, it stands behind all that is known of the customer."""
    async with applying(database_url) as worker:
        await worker.take(a_touchpoint("Order Cancelled", at=1, user="u1"))
        await Cutting(worker).declare()
        tally = await worker.take(a_touchpoint("Order Completed", at=2, user="u1"))
        (person,) = (await people_of(worker)).values()
        told = [kind for kind, _ in await worker.queued()]

    assert tally.too_late == 1
    assert (person["stage"], person["counts"]) == ("none", {"Order Cancelled": 1})
    assert told == ["milepost.customer.state.v1"]


async def test_an_event_from_before_the_cut_still_says_who_is_who(database_url: str) -> None:
    visitor = {"anonymous_id": "a1"}
    async with applying(database_url) as worker:
        await worker.take(a_touchpoint("page", at=1, user="u1"))
        cutting = Cutting(worker)
        await cutting.declare()
        await cutting.finish()
        await worker.take(a_touchpoint("Product Viewed", at=CUT + 9, identifiers=visitor))
        login = a_touchpoint("identify", at=5, user="u1", type="identify", identifiers=visitor)
        tally = await worker.take(login)
        people = await people_of(worker)

    assert tally.too_late == 1
    assert people[("anonymous_id", "a1")] == people[("user_id", "u1")]
    assert people[("user_id", "u1")]["stage"] == "consideration"


async def test_identity_computed_again_after_the_cut_knows_what_was_known_at_it(
    database_url: str,
) -> None:
    ann = {"user_id": "u1", "anonymous_id": "a1"}
    visitor = {"anonymous_id": "b1"}
    async with applying(database_url) as worker:
        await worker.take(a_touchpoint("Order Completed", at=1, identifiers=ann))
        cutting = Cutting(worker)
        await cutting.declare()
        await cutting.finish()
        await worker.take(a_touchpoint("page", at=CUT + 3, identifiers={"anonymous_id": "a1"}))
        await worker.take(a_touchpoint("Product Viewed", at=CUT + 10, identifiers=visitor))
        await worker.take(
            a_touchpoint("page", at=CUT + 20, user="u2", identifiers=visitor, message_id="u2")
        )
        late = a_touchpoint("identify", at=CUT + 5, user="u1", identifiers=visitor)
        await worker.take(late)
        people = await people_of(worker)
        stored, computed = await refolded(worker)

    assert people[("anonymous_id", "a1")] == people[("user_id", "u1")]
    assert people[("user_id", "u1")]["counts"]["Order Completed"] == 1
    assert people[("anonymous_id", "b1")] == people[("user_id", "u2")]
    # What the device did in between belongs to whom it was the device of then.
    assert people[("user_id", "u1")]["history"][-1][1] != "none"
    assert stored == computed


@pytest.mark.parametrize("again", [False, True])
async def test_moves_from_before_the_cut_make_an_identifier_shared(
    database_url: str, again: bool
) -> None:
    device, visitor = {"anonymous_id": "d"}, {"anonymous_id": "v"}

    def signed_in(at: float, n: int) -> Touchpoint:
        return a_touchpoint("page", at=at, user=f"u{n % 2}", identifiers=device)

    async with applying(database_url) as worker:
        await worker.take(*(signed_in(n + 1, n) for n in range(20)))
        cutting = Cutting(worker)
        await cutting.declare()
        await cutting.finish()
        if again:
            await worker.take(a_touchpoint("page", at=CUT + 9, user="u2", identifiers=visitor))
            await worker.take(a_touchpoint("identify", at=CUT + 5, user="u1", identifiers=visitor))
        before = await worker.execute("SELECT moves, shared FROM identifiers WHERE value = 'd'")
        moved = await worker.execute(
            "SELECT sum(c.count) FROM conflicts AS c JOIN identifiers USING (identifier_key) "
            "WHERE reason = 'moved' AND value = 'd'"
        )
        await worker.take(a_touchpoint("Order Completed", at=CUT + 20, identifiers=device))
        await worker.take(signed_in(CUT + 30, 0))
        await worker.take(signed_in(CUT + 31, 1))
        after = await worker.execute("SELECT moves, shared FROM identifiers WHERE value = 'd'")
        owner = await worker.execute(
            "SELECT u.value FROM identifiers AS d JOIN identifiers AS u USING (customer_id) "
            "WHERE d.value = 'd' AND u.kind = 'user_id'"
        )
        await refolded(worker)
        people = await people_of(worker)

    assert (before, after) == ([(19, False)], [(20, True)])
    assert moved == [(19,)]
    assert owner == [("u0",)]
    # What the device did before it moved on stays where it was.
    assert people[("user_id", "u1")]["counts"] == {"Order Completed": 1}


async def test_when_cut_customers_merge_the_later_gives_the_stage_and_counters_add(
    database_url: str,
) -> None:
    visitor = {"anonymous_id": "a1"}
    async with applying(database_url) as worker:
        await worker.take(
            a_touchpoint("Order Completed", at=1, user="u1", properties={"order_id": "o1"})
        )
        await worker.take(a_touchpoint("Product Viewed", at=5, identifiers=visitor))
        cutting = Cutting(worker)
        await cutting.declare()
        await cutting.finish()
        await worker.take(
            a_touchpoint("identify", at=CUT + 5, user="u1", type="identify", identifiers=visitor)
        )
        people = await people_of(worker)
        counts = await worker.execute(
            "SELECT stage, count(*) FROM stage_history WHERE superseded_at IS NULL GROUP BY 1"
        )
        stored, computed = await refolded(worker)

    merged = people[("user_id", "u1")]
    assert merged["stage"] == "consideration"
    assert merged["counts"] == {"Order Completed": 1}
    assert counts == [("consideration", 1)]
    assert stored == computed


async def test_a_merge_while_the_cut_is_under_way_loses_no_past(database_url: str) -> None:
    visitor = {"anonymous_id": "a1"}
    async with applying(database_url) as worker:
        await worker.take(a_touchpoint("Product Viewed", at=1, identifiers=visitor))
        await worker.take(a_touchpoint("page", at=5, user="u1"))
        cutting = Cutting(worker)
        await cutting.declare()
        await cutting.until("cutting")
        await cutting.step()
        await worker.take(
            a_touchpoint("identify", at=CUT + 5, user="u1", type="identify", identifiers=visitor)
        )
        await cutting.finish()
        checkpoints = await worker.execute("SELECT count(*) FROM checkpoints")
        await worker.take(a_touchpoint("page", at=CUT + 1, user="u1", received=40 * DAY))
        people = await people_of(worker)

    assert checkpoints == [(1,)]
    assert people[("user_id", "u1")]["stage"] == "consideration"
    assert len(people[("user_id", "u1")]["history"]) == 1


async def test_signals_from_before_the_cut_stay_and_one_in_its_window_recovers(
    database_url: str,
) -> None:
    cart = {"cart_id": "c1"}
    async with applying(database_url) as worker:
        await worker.take(a_touchpoint("Product Added", at=1, user="u1", properties=cart))
        late_cart = a_touchpoint(
            "Product Added", at=CUT - DAY, user="u1", properties={"cart_id": "2"}
        )
        await worker.take(late_cart)
        cutting = Cutting(worker)
        await cutting.declare()
        await cutting.finish()
        order = a_touchpoint(
            "Order Completed",
            at=CUT + DAY,
            user="u1",
            received=41 * DAY,
            properties={"cart_id": "2"},
        )
        await worker.take(order)
        signals = [row for row in await worker.signals() if row[0] == "cart"]

    assert [state for _, state, _, _ in signals] == ["expired", "recovered"]


async def test_who_is_erased_leaves_no_checkpoint(database_url: str) -> None:
    async with applying(database_url) as worker, serving(database_url) as client:
        await worker.take(a_touchpoint("page", at=1, user="u1"))
        await worker.take(a_touchpoint("page", at=1, user="u2"))
        cutting = Cutting(worker)
        await cutting.declare()
        await cutting.finish()
        answer = await client.delete("/v1/customers/user_id:u1")
        left = await worker.execute("SELECT count(*) FROM checkpoints")

    assert answer.json()["removed"]["checkpoints"] == 1
    assert left == [(1,)]


async def test_nothing_is_folded_on_from_before_a_cut(database_url: str) -> None:
    within = "SELECT count(*) FROM intermediate_checkpoints WHERE at < '2026-10-01T00:00:00Z'"
    async with applying(database_url) as worker, serving(database_url) as client:
        for at in (1, 2, 3, CUT + 1, CUT + 2, CUT + 3, CUT + 5):
            await worker.take(a_touchpoint("page", at=at, user="u1"))
        assert await worker.execute(within) == [(1,)]
        cutting = Cutting(worker)
        await cutting.declare()
        await cutting.until("reached")
        late = a_touchpoint("page", at=CUT + 1.5, user="u1", received=41 * DAY)
        # The checkpoint before it is of a past that goes: it is folded on from the cut.
        assert (await worker.take(late)).refolded_touchpoints == 5
        await cutting.finish()
        assert await worker.execute(within) == [(0,)]
        late = a_touchpoint("page", at=CUT + 4, user="u1", received=42 * DAY)
        assert (await worker.take(late)).refolded_touchpoints == 3
        removed = (await client.delete("/v1/customers/user_id:u1")).json()["removed"]
        assert removed["intermediate_checkpoints"] > 0
        assert await worker.execute("SELECT count(*) FROM intermediate_checkpoints") == [(0,)]


async def test_a_second_cut_goes_on_from_the_first(database_url: str) -> None:
    async with applying(database_url) as worker:
        await worker.take(
            a_touchpoint("Order Completed", at=1, user="u1", properties={"order_id": "o1"})
        )
        cutting = Cutting(worker)
        await cutting.declare()
        await cutting.finish()
        await worker.take(
            a_touchpoint("Order Completed", at=20 * DAY, user="u1", properties={"order_id": "o2"})
        )
        await worker.reach(70 * DAY)
        await cutting.step()
        await cutting.finish()
        cut = await cutting.cut()
        left = await worker.execute("SELECT count(*) FROM timeline")
        cuts_kept = await worker.execute("SELECT count(DISTINCT cut_at), count(*) FROM checkpoints")
        await worker.take(a_touchpoint("page", at=60 * DAY, user="u1", received=70 * DAY))
        await worker.take(a_touchpoint("page", at=59 * DAY, user="u1", received=70 * DAY))
        people = await people_of(worker)

    assert cut.reached_at == from_datetime(datetime(2026, 11, 1, tzinfo=UTC))
    assert left == [(0,)]
    assert cuts_kept == [(1, 1)]
    assert people[("user_id", "u1")]["counts"] == {"Order Completed": 2}
    assert people[("user_id", "u1")]["stage"] == "retention"


async def test_nothing_is_cut_in_the_first_day_or_by_the_clock(database_url: str) -> None:
    async with applying(database_url) as worker:
        await worker.take(a_touchpoint("page", at=1, user="u1"))
        cutting = Cutting(worker)
        for _ in range(3):
            await cutting.step()
        before = await cutting.cut()
        await worker.reach(39 * DAY)
        await cutting.step()
        await worker.reach(39.5 * DAY)
        await cutting.step()
        same_day = await cutting.cut()

    assert (before.phase, before.begun_at) == ("idle", None)
    assert (same_day.phase, same_day.declared_at) == ("idle", None)


async def test_whole_months_are_dropped_and_the_rest_is_emptied_in_stretches(
    database_url: str,
) -> None:
    def a_fact(number: int, at: datetime, **fields: Any) -> Fact:
        key, when = number.to_bytes(16, "big"), from_datetime(at)
        return Fact(key, key, when, f"m{number}", "shop", when, "website", "page", b"{}", **fields)

    async with applying(database_url) as worker:
        async with worker.store.transaction() as connection:
            await partitions.make_months(connection, datetime(2032, 1, 5, tzinfo=UTC))
            times = [(2031, 12), (2032, 1), (2032, 2), (2032, 3), (2032, 4)]
            await facts.add_to_timeline(
                connection, [a_fact(n, datetime(*at, 7, tzinfo=UTC)) for n, at in enumerate(times)]
            )
        await worker.execute(
            "UPDATE timeline_cut SET phase = 'dropping', reached_at = '2032-03-01+00', "
            "declared_at = '2032-03-01+00'"
        )
        await Cutting(worker).finish()
        rows = await worker.execute("SELECT message_id FROM timeline ORDER BY 1")
        async with worker.store.connection() as connection:
            names = [one.name for one in await partitions.read_partitions(connection)]

    assert rows == [("m3",), ("m4",)]
    assert names == ["timeline_2032_03", "timeline_default"]


async def test_only_one_worker_carries_a_cut_on(database_url: str) -> None:
    async with applying(database_url) as worker, worker.store.transaction() as connection:
        await connection.execute("SELECT 1 FROM timeline_cut FOR UPDATE")
        retention = Retention(worker.store, firings(), timeline_us=DAY_US)

        assert await retention.step() is False
