"""A person erased from the running system: tables, the compacted topic, our own files."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from aiokafka import AIOKafkaConsumer

from tests.journey_state.searching import forms, found_in_tables

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tests.e2e.stack import Stack

PERSONAL = ["zoe-private-1", "zoe@private.example", "device of zoe", "Zoë Secretname", "zoe's own"]
SERVERS = ("kafka", "postgres")  # their files are theirs; what they hold is asked of them


def event(name: str, **fields: Any) -> dict[str, Any]:
    return {
        "type": "track",
        "event": name,
        "userId": "zoe-private-1",
        "anonymousId": "device of zoe",
        "properties": {"cart_id": "zoe's own", "product_id": "p"},
        **fields,
    }


def files_holding(folder: Path, wanted: Sequence[bytes]) -> list[str]:
    return [
        str(path)
        for path in folder.rglob("*")
        if path.is_file() and path.relative_to(folder).parts[0] not in SERVERS
        for form in wanted
        if form in path.read_bytes()
    ]


async def newest_holding(stack: Stack, wanted: Sequence[bytes]) -> list[bytes]:
    """The keys of the compacted topic whose newest record holds something wanted."""
    options = {**stack.kafka.client_options(), "auto_offset_reset": "earliest"}
    consumer = AIOKafkaConsumer(stack.topics.customers, **options)
    await consumer.start()
    newest: dict[bytes, bytes] = {}
    try:
        ends = await consumer.end_offsets(consumer.assignment())
        for partition, end in ends.items():
            while await consumer.position(partition) < end:
                found = await consumer.getmany(partition, timeout_ms=500)
                for record in found.get(partition, []):
                    newest[record.key] = record.value or b""
    finally:
        await consumer.stop()
    return [key for key, value in newest.items() if any(form in key + value for form in wanted)]


async def nothing_is_left(stack: Stack) -> None:
    wanted = [form for text in PERSONAL for form in forms(text)]
    assert await found_in_tables(stack.endpoints.database, wanted) == []
    assert await newest_holding(stack, wanted) == []
    assert files_holding(stack.data_dir, wanted) == []


async def test_an_erased_person_is_nowhere_and_does_not_come_back(stack: Stack) -> None:
    await stack.send({"type": "page", "anonymousId": "device of zoe", "messageId": "zoe-1"})
    await stack.settled()
    traits = {"name": "Zoë Secretname", "email": "zoe@private.example"}
    await stack.send(
        event("", type="identify", traits=traits, messageId="zoe-2"),
        event("Product Added", messageId="zoe-3"),
        event("Order Completed", messageId="zoe-4"),
    )
    await stack.settled()
    before = await stack.customer("zoe-private-1")
    assert before is not None
    assert before["merged_ids"]
    held = json.loads(await stack.milepost("customer", "zoe-private-1", "--export"))
    assert {t["message_id"] for t in held["touchpoints"]} == {f"zoe-{n}" for n in range(1, 5)}

    receipt = json.loads(await stack.milepost("erase", "zoe-private-1", "--yes", "--json"))
    assert receipt["customer_id"] == before["customer_id"]
    await stack.settled()
    await nothing_is_left(stack)

    spooled = receipt["removed"] and before["history"][0]["entered_at"]
    await stack.send(
        event("Product Viewed", timestamp=spooled, messageId="zoe-late"),
        {"type": "page", "anonymousId": "another device", "messageId": "zoe-3"},
    )
    await stack.settled()
    await nothing_is_left(stack)
    assert await stack.customer("another device") is None

    await stack.send(event("Product Viewed", messageId="zoe-new"))
    after = await stack.in_stage("user_id:zoe-private-1", "consideration")
    assert after["customer_id"] != before["customer_id"]
    assert len(after["history"]) == 1
