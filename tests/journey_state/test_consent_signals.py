"""Consent and signals as the worker applies them: which exist, and which are told (8.2)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest_asyncio

from tests.journey_state.applying import Applying, applying
from tests.journey_state.running import a_touchpoint

DUE = 1 + 30 * 60
FIRED = DUE + 60
RAISED = "milepost.abandonment.raised.v1"
RETRACTED = "milepost.abandonment.retracted.v1"


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
    await worker.take(said(DUE - 1, received=FIRED + 5, marketing=False))
    told = [one for one in await worker.queued() if one[0] == RETRACTED]
    assert [value["cause"]["kind"] for _, value in told] == ["consent"]
    assert await of_carts(worker) == [("retracted", True, None)]


async def test_a_withdrawal_is_published_in_a_snapshot(worker: Applying) -> None:
    await worker.take(added())
    before = len(await worker.queued())
    await worker.take(said(5, marketing=False))
    ((kind, value),) = (await worker.queued())[before:]
    assert kind == "milepost.customer.state.v1"
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
