"""Consent and signals as the worker applies them: which exist, and which are told (8.2)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest_asyncio

from services.journey_state.metrics import WorkerMetrics
from services.journey_state.relay import Relay
from services.journey_state.store import queued
from services.settings import KafkaSettings
from tests.journey_state.applying import Applying, applying
from tests.journey_state.asking import get, serving
from tests.journey_state.running import a_touchpoint, read_all, until

DUE = 1 + 30 * 60
FIRED = DUE + 60
RAISED = "milepost.abandonment.raised.v1"
REMINDED = "milepost.abandonment.reminded.v1"
RECOVERED = "milepost.abandonment.recovered.v1"
RETRACTED = "milepost.abandonment.retracted.v1"
SNAPSHOT = "milepost.customer.state.v1"
REMINDER = DUE + 24 * 3600 + 60


@pytest_asyncio.fixture
async def worker(database_url: str) -> AsyncIterator[Applying]:
    async with applying(database_url) as worker:
        yield worker


def added(at: float = 1, **fields: Any) -> Any:
    return a_touchpoint("Product Added", at=at, user="u1", **fields)


def said(at: float, *, received: float | None = None, **consent: bool) -> Any:
    """A reduced event: it states its consent and nothing else."""
    when = at if received is None else received
    return a_touchpoint("consent", at=at, received=when, user="u1", type="consent", consent=consent)


async def of_carts(worker: Applying) -> list[tuple[Any, ...]]:
    return [row[1:] for row in await worker.signals() if row[0] == "cart"]


async def test_no_signal_is_made_against_a_withdrawal(worker: Applying) -> None:
    await worker.take(added(), said(DUE - 1, marketing=False))
    await worker.reach(FIRED)
    assert await of_carts(worker) == []


async def test_a_grant_before_due_brings_the_deadline_back(worker: Applying) -> None:
    await worker.take(added(), said(10, marketing=False), said(20, marketing=True))
    await worker.reach(FIRED)
    assert await of_carts(worker) == [("raised", True, None)]


async def test_a_source_that_demands_a_statement_makes_no_signal_without_one(
    worker: Applying,
) -> None:
    await worker.take(added(consent_required=True, consent={"analytics": True}))
    await worker.reach(FIRED)
    assert await of_carts(worker) == []
    await worker.take(said(DUE - 1, received=FIRED, marketing=True))
    await worker.reach(FIRED + 1)
    assert await of_carts(worker) == [("raised", True, None)]


async def test_a_late_withdrawal_retracts_and_says_that_consent_is_why(worker: Applying) -> None:
    await worker.take(added())
    await worker.reach(FIRED)
    await hand_over(worker)
    await worker.take(said(DUE - 1, received=FIRED + 5, marketing=False))
    told = [one for one in await worker.queued() if one[0] == RETRACTED]
    assert [value["cause"]["kind"] for _, value in told] == ["consent"]
    assert await of_carts(worker) == [("retracted", True, None)]


async def test_a_withdrawal_is_published_in_a_snapshot(worker: Applying) -> None:
    await worker.take(added())
    before = len(await worker.queued())
    await worker.take(said(5, marketing=False))
    ((kind, value),) = (await worker.queued())[before:]
    assert kind == SNAPSHOT
    assert value["consent"] == {"marketing": False}


async def test_a_reduced_event_is_stored_links_nothing_and_moves_nothing(worker: Applying) -> None:
    await worker.take(added())
    stated = {"type": "consent", "consent": {"analytics": False}}
    both = a_touchpoint("consent", at=5, user="u1", identifiers={"anonymous_id": "a1"}, **stated)
    await worker.take(both)
    assert await worker.execute("SELECT count(*) FROM timeline") == [(2,)]
    assert await worker.execute("SELECT kind, value FROM identifiers") == [("user_id", "u1")]
    assert await worker.execute("SELECT event FROM stage_history WHERE event = 'consent'") == []
    _, snapshot = (await worker.queued())[-1]
    assert snapshot["consent"] == {"analytics": False}
    await worker.reach(FIRED)
    assert await of_carts(worker) == []


async def told(worker: Applying) -> list[str]:
    """The kinds of queued records about carts."""
    return [kind for kind, value in await worker.queued() if value and value.get("rule") == "cart"]


async def hand_over(worker: Applying) -> None:
    """What is queued has gone."""
    await worker.execute("DELETE FROM outbox")


async def test_a_withdrawal_after_due_keeps_the_signal_and_tells_nobody(worker: Applying) -> None:
    await worker.take(added(), said(DUE + 1, marketing=False))
    await worker.reach(FIRED)
    assert await of_carts(worker) == [("raised", False, "consent")]
    assert await told(worker) == []
    snapshot = [value for kind, value in await worker.queued() if kind == SNAPSHOT][-1]
    assert [one["state"] for one in snapshot["signals"] if one["rule"] == "cart"] == ["raised"]
    await worker.take(a_touchpoint("Order Completed", at=FIRED + 1, user="u1"))
    assert await of_carts(worker) == [("recovered", False, "consent")]
    assert await told(worker) == []


async def test_a_withdrawal_takes_a_raised_record_out_of_the_queue(worker: Applying) -> None:
    await worker.take(added(), a_touchpoint("Product Added", at=1, user="u2"))
    await worker.reach(FIRED)
    assert await told(worker) == [RAISED, RAISED]
    await worker.take(said(FIRED + 1, marketing=False))
    assert await told(worker) == [RAISED]
    assert sorted(await of_carts(worker)) == [("raised", False, "consent"), ("raised", True, None)]
    await worker.reach(REMINDER)
    await worker.take(a_touchpoint("Order Completed", at=REMINDER + 1, user="u1"))
    assert await told(worker) == [RAISED, REMINDED]
    assert ("recovered", False, "consent") in await of_carts(worker)


async def test_what_was_raised_before_may_recover_and_is_not_reminded(worker: Applying) -> None:
    await worker.take(added())
    await worker.reach(FIRED)
    await hand_over(worker)
    await worker.reach(REMINDER)
    assert await told(worker) == [REMINDED]
    await worker.take(said(REMINDER, analytics=False))
    assert await told(worker) == []
    assert await of_carts(worker) == [("raised", True, "consent")]
    await worker.reach(DUE + 72 * 3600 + 60)
    assert await told(worker) == []
    await worker.take(a_touchpoint("Order Completed", at=DUE + 72 * 3600 + 61, user="u1"))
    assert await told(worker) == [RECOVERED]
    assert await of_carts(worker) == [("recovered", True, "consent")]


async def test_a_recovery_that_is_queued_goes_out_after_a_withdrawal(worker: Applying) -> None:
    await worker.take(added())
    await worker.reach(FIRED)
    await hand_over(worker)
    await worker.take(a_touchpoint("Order Completed", at=FIRED + 1, user="u1"))
    await worker.take(said(FIRED + 2, marketing=False))
    assert await told(worker) == [RECOVERED]
    assert await of_carts(worker) == [("recovered", True, None)]


async def test_of_a_signal_that_was_never_told_no_retraction_is(worker: Applying) -> None:
    await worker.take(added())
    await worker.reach(FIRED)
    await worker.take(said(DUE - 1, received=FIRED + 1, marketing=False))
    assert await told(worker) == []
    assert await of_carts(worker) == [("retracted", False, "consent")]


async def test_a_later_grant_does_not_send_what_was_withheld(worker: Applying) -> None:
    await worker.take(added())
    await worker.reach(FIRED)
    await worker.take(said(FIRED + 1, marketing=False))
    await worker.take(said(FIRED + 2, marketing=True))
    assert await told(worker) == []
    await worker.take(added(at=FIRED + 3))
    await worker.reach(FIRED + 3 + 30 * 60 + 60)
    assert await told(worker) == [RAISED]


async def test_a_withdrawal_comes_along_in_a_merge(worker: Applying) -> None:
    visitor = {"anonymous_id": "a1"}
    await worker.take(
        added(),
        a_touchpoint("page", at=1, type="page", identifiers=visitor, consent={"marketing": False}),
    )
    await worker.reach(FIRED)
    assert await told(worker) == [RAISED]
    signed_in = a_touchpoint("identify", at=FIRED, type="identify", user="u1", identifiers=visitor)
    await worker.take(signed_in)
    assert await told(worker) == []


async def test_a_record_in_hand_is_waited_for_and_counts_as_told(worker: Applying) -> None:
    await worker.take(added())
    await worker.reach(FIRED)
    ids = [row[0] for row in await worker.execute("SELECT outbox_id FROM outbox WHERE topic = 2")]
    async with worker.store.transaction() as relay:
        assert await queued.hand_over(relay, ids) == set(ids)
        withdrawing = asyncio.create_task(worker.take(said(FIRED + 1, marketing=False)))
        await until(lambda: worker.execute(WAITING), bool)
        await relay.execute("DELETE FROM outbox WHERE topic = 2")
    await withdrawing
    assert await of_carts(worker) == [("raised", True, None)]


WAITING = "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%outbox%'"


async def test_a_relay_does_not_send_what_is_taken_out_under_its_hands(
    kafka_settings: KafkaSettings, worker: Applying
) -> None:
    await worker.take(added(), a_touchpoint("Product Added", at=1, user="u2"))
    await worker.reach(FIRED)
    relay = Relay(
        kafka_settings.client_options(),
        kafka_settings.topics,
        worker.store,
        WorkerMetrics(),
        batch_max=100,
    )
    stopping = asyncio.Event()
    async with worker.store.transaction() as withdrawal:
        await withdrawal.execute(
            "DELETE FROM outbox WHERE customer_id IN "
            "(SELECT customer_id FROM identifiers WHERE value = 'u1') AND topic = 2"
        )
        running = asyncio.create_task(relay.run(stopping))
        await until(lambda: worker.execute(WAITING), bool)
    await until(lambda: worker.execute("SELECT count(*) FROM outbox"), lambda left: left == [(0,)])
    stopping.set()
    await running
    sent = await read_all(kafka_settings, kafka_settings.topics.signals)
    assert [one["identifiers"][0]["value"] for one in sent] == ["u2"]


async def test_the_last_activity_decides_whether_a_statement_is_demanded(worker: Applying) -> None:
    await worker.take(added(), added(at=2, consent_required=True, consent={"analytics": True}))
    await worker.reach(FIRED + 1)
    assert await of_carts(worker) == []


async def test_of_a_signal_that_was_never_told_no_recovery_is(worker: Applying) -> None:
    await worker.take(added())
    await worker.reach(FIRED)
    await worker.take(a_touchpoint("Order Completed", at=FIRED + 1, user="u1"))
    assert await told(worker) == [RAISED, RECOVERED]
    await worker.take(said(FIRED + 2, marketing=False))
    assert await told(worker) == []
    assert await of_carts(worker) == [("recovered", False, "consent")]


async def test_what_is_queued_of_who_joins_a_withdrawn_customer_is_withheld(
    worker: Applying,
) -> None:
    visitor = {"anonymous_id": "a1"}
    await worker.take(
        a_touchpoint("Product Added", at=1, identifiers=visitor), said(2, marketing=False)
    )
    await worker.reach(FIRED)
    assert await told(worker) == [RAISED]
    signed_in = a_touchpoint("identify", at=FIRED, type="identify", user="u1", identifiers=visitor)
    await worker.take(signed_in)
    assert RAISED not in await told(worker)


async def test_a_withdrawal_takes_deadlines_off_the_list(
    worker: Applying, database_url: str
) -> None:
    await worker.take(added())
    async with serving(database_url) as client:
        assert len((await get(client, "/v1/deadlines", rule="cart"))["items"]) == 1
        await worker.take(said(5, marketing=False))
        assert (await get(client, "/v1/deadlines", rule="cart"))["items"] == []
