"""The verbs that a user runs beside the running system, found by its data folder."""

from __future__ import annotations

import asyncio
import json

from services.contracts.touchpoint import CHANNELS
from tests.e2e.events import somebody, track
from tests.e2e.stack import Stack
from tests.waiting import until


async def test_a_customer_is_shown_by_any_identifier(stack: Stack) -> None:
    user = somebody()
    await stack.send(track("Product Viewed", user=user))
    found = await stack.in_stage(user, "consideration")

    lines = (await stack.milepost("customer", user)).splitlines()

    assert f"customer_id\t{found['customer_id']}" in lines
    assert "stage\tconsideration" in lines
    assert any(line.startswith(f"identifier\tuser_id:{user}\t") for line in lines)
    shown = json.loads(await stack.milepost("customer", f"user_id:{user}", "--json"))
    assert shown == await stack.customer(user)


async def test_the_topics_can_be_followed(stack: Stack) -> None:
    """The reader begins at the end of the topic, so events go on until it has seen enough."""
    following = asyncio.create_task(stack.milepost("tail", "stage-changes", "--limit", "2"))
    users = []

    async def seen() -> bool:
        users.append(somebody())
        await stack.send(track("Product Viewed", user=users[-1]))
        return following.done()

    await until(seen, seconds_max=30)
    lines = (await following).splitlines()
    assert len(lines) == 2
    assert all("consideration" in line and "Product Viewed" in line for line in lines)

    said = await stack.milepost("tail", "touchpoints", "--from-beginning", "--limit", "1", "--json")
    record = json.loads(said)
    assert record["topic"] == stack.topics.touchpoints
    assert record["value"]["schema"] == 1


async def test_the_doctor_finds_the_system_set_up_well(stack: Stack) -> None:
    found = await stack.findings()

    looked = ("settings", "sources file", "database schema", "journey in force", "kafka topics")
    # What others left behind, and data in memory, are rightly told.
    assert {name: found[name] for name in (*looked, "ingest", "api")} == dict.fromkeys(
        (*looked, "ingest", "api"), "ok"
    )


async def test_sources_can_be_added_and_send(stack: Stack) -> None:
    listed = json.loads(await stack.milepost("source", "list", "--json"))
    assert {one["name"] for one in listed} >= set(CHANNELS)

    name = somebody("shop")
    made = json.loads(await stack.milepost("source", "add", name, "--channel", "offline", "--json"))
    event = track("Product Viewed", user=somebody())

    async def taken() -> bool:
        headers = {"X-Write-Key": made["write_key"]}
        answer = await stack.post("/v1/events", json=event, headers=headers)
        return answer.status_code == 200

    await until(taken)
    await stack.in_stage(event["userId"], "consideration")
    (touched,) = await stack.timeline(event["userId"])
    assert (touched["source"], touched["channel"]) == (name, "offline")

    await stack.milepost("source", "revoke", name)

    async def refused() -> bool:
        return not await taken()

    await until(refused)
