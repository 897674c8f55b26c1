"""Events posted by HTTP: the right stage in the answers, in PostgreSQL and on the topics."""

from __future__ import annotations

import base64
import json
from typing import Any
from uuid import UUID

import pytest

from services.contracts.times import read_time
from tests.e2e.events import call, later, now_us, somebody, text, track
from tests.e2e.stack import Stack
from tests.e2e.topic import of_customers, read

COMMON = {"customer_id", "version", "journey", "definition", "published_at"}
STAGE_CHANGE = COMMON | {
    "previous",
    "current",
    "direction",
    "entered_at",
    "dwell_seconds",
    "cause",
    "correction",
    "overlays",
    "identifiers",
    "traits",
    "consent",
    "campaign",
}
SNAPSHOT = COMMON | {
    "stage",
    "entered_at",
    "overlays",
    "signals",
    "identifiers",
    "traits",
    "consent",
    "counters",
}


async def post_single(stack: Stack, event: dict[str, Any]) -> None:
    answer = await stack.post("/v1/events", json=event, headers={"X-Write-Key": stack.key()})
    assert answer.json() == {
        "accepted": 1,
        "rejected": 0,
        "results": [
            {
                "index": 0,
                "id": event["messageId"],
                "status": "accepted",
                "code": None,
                "message": None,
            }
        ],
    }


async def post_batch(stack: Stack, event: dict[str, Any]) -> None:
    bad = {"type": "track", "event": "Nobody's", "messageId": "bad"}
    headers = {"Authorization": f"Bearer {stack.key()}"}
    answer = await stack.post("/v1/events", json={"events": [bad, event]}, headers=headers)
    assert answer.status_code == 200
    assert [one["status"] for one in answer.json()["results"]] == ["rejected", "accepted"]
    assert answer.json()["results"][0]["code"] == "no_identifier"


async def post_lines(stack: Stack, event: dict[str, Any]) -> None:
    other = track("Product Viewed", user=somebody())
    answer = await stack.post(
        f"/v1/events?writeKey={stack.key()}",
        content="\n".join(json.dumps(one) for one in (other, event)),
        headers={"Content-Type": "application/x-ndjson"},
    )
    assert answer.json()["accepted"] == 2


async def post_segment_batch(stack: Stack, event: dict[str, Any]) -> None:
    sent_at = event.pop("sentAt")
    basic = base64.b64encode(f"{stack.key()}:".encode()).decode()
    answer = await stack.post(
        "/v1/batch",
        json={"batch": [event], "sentAt": sent_at},
        headers={"Authorization": f"Basic {basic}"},
    )
    assert (answer.status_code, answer.json()) == (200, {"success": True})


async def post_segment_track(stack: Stack, event: dict[str, Any]) -> None:
    del event["type"]
    answer = await stack.post("/v1/track", json={**event, "writeKey": stack.key()})
    assert (answer.status_code, answer.json()) == (200, {"success": True})


@pytest.mark.parametrize(
    "post", [post_single, post_batch, post_lines, post_segment_batch, post_segment_track]
)
async def test_an_event_is_a_stage_everywhere(stack: Stack, post: Any) -> None:
    user = somebody()
    event = track("Product Viewed", user=user, properties={"product_id": "p1"})
    await post(stack, event)

    found = await stack.in_stage(f"user_id:{user}", "consideration")

    cause = {
        "kind": "touchpoint",
        "message_id": event["messageId"],
        "event": "Product Viewed",
        "channel": "website",
        "source": "website",
        "rule": "consideration[0]",
    }
    (entered,) = found["history"]
    assert (entered["stage"], entered["direction"], entered["left_at"]) == (
        "consideration",
        "first",
        None,
    )
    assert (entered["cause"], read_time(entered["entered_at"])) == (
        cause,
        read_time(event["timestamp"]),
    )
    assert [(one["kind"], one["value"]) for one in found["identifiers"]] == [("user_id", user)]
    (touched,) = await stack.timeline(user)
    assert touched["properties"] == {"product_id": "p1"}
    assert (touched["clock"], touched["stage"]) == ("ok", "consideration")
    assert await stack.rows(
        "SELECT stage, message_id FROM stage_history WHERE customer_id = $1",
        UUID(found["customer_id"]),
    ) == [("consideration", event["messageId"])]
    await check_records(stack, found, cause)


async def check_records(stack: Stack, found: dict[str, Any], cause: dict[str, Any]) -> None:
    """One stage change and one snapshot, as the contract has them."""
    await stack.settled()
    customer_id = found["customer_id"]
    (change,) = of_customers(await read(stack.kafka, stack.topics.stage_changes), customer_id)
    check_headers(change.headers, "milepost.stage.changed.v1", customer_id)
    identifiers = [{"kind": one["kind"], "value": one["value"]} for one in found["identifiers"]]
    told = dict(change.value)
    assert set(told) == STAGE_CHANGE
    assert read_time(told.pop("published_at")) == read_time(change.headers["ce_time"])
    assert told == {
        "customer_id": customer_id,
        "version": 1,
        "journey": "shop",
        "definition": stack.definition.version,
        "previous": "none",
        "current": "consideration",
        "direction": "first",
        "entered_at": found["entered_at"],
        "dwell_seconds": None,
        "cause": cause,
        "correction": False,
        "overlays": [],
        "identifiers": identifiers,
        "traits": {},
        "consent": {},
        "campaign": {"first": None, "last": None},
    }
    (state,) = of_customers(await read(stack.kafka, stack.topics.customers), customer_id)
    check_headers(state.headers, "milepost.customer.state.v1", customer_id)
    assert set(state.value) == SNAPSHOT
    assert (state.value["version"], state.value["stage"]) == (1, "consideration")
    assert (state.value["entered_at"], state.value["signals"]) == (found["entered_at"], [])
    assert (state.value["identifiers"], state.value["counters"]) == (identifiers, {})


def check_headers(headers: dict[str, str], ce_type: str, customer_id: str) -> None:
    assert headers["ce_type"] == ce_type
    assert headers["ce_subject"] == customer_id
    assert headers["ce_specversion"] == "1.0"
    assert headers["ce_source"] == "/milepost/journey_state"
    assert headers["ce_dataschema"] == f"/schemas/{ce_type}.json"
    assert headers["content-type"] == "application/json"
    assert UUID(headers["ce_id"])
    assert read_time(headers["ce_time"])


async def test_a_rejected_event_is_on_its_topic_with_the_reason(stack: Stack) -> None:
    name = somebody("event")
    await stack.post(
        "/v1/events",
        json={"type": "track", "event": name},
        headers={"X-Write-Key": stack.key("app")},
    )

    one_partition = stack.kafka.model_copy(update={"partitions": 1})
    rejected = await read(one_partition, stack.topics.rejected)

    (mine,) = [
        record for record in rejected if name.encode() in base64.b64decode(record.value["original"])
    ]
    assert mine.headers["ce_type"] == "milepost.event.rejected.v1"
    assert (mine.value["source"], mine.value["code"]) == ("app", "no_identifier")


async def test_a_life_over_all_channels_is_one_history(stack: Stack) -> None:
    user, began = somebody(), later(now_us(), -3600)
    steps = [
        ("email", track("Email Opened")),
        ("website", track("Products Searched")),
        ("chatbot", track("Live Chat Message Received")),
        ("offline", track("Purchase", properties={"order_id": somebody("o")})),
        ("app", track("Order Completed", properties={"order_id": somebody("o")})),
        ("phone", track("Product Reviewed", properties={"rating": 5})),
        ("website", call("page", name="Home")),
    ]
    for number, (channel, event) in enumerate(steps):
        at = text(later(began, number * 60))
        await stack.send({**event, "userId": user, "timestamp": at}, channel=channel)

    found = await stack.in_stage(user, "advocacy")
    await stack.settled()

    assert [(one["stage"], one["cause"]["channel"]) for one in found["history"]] == [
        ("awareness", "email"),
        ("consideration", "website"),
        ("purchase", "offline"),
        ("retention", "app"),
        ("advocacy", "phone"),
    ]
    assert [one["channel"] for one in await stack.timeline(user)] == [one for one, _ in steps]
    changes = of_customers(
        await read(stack.kafka, stack.topics.stage_changes), found["customer_id"]
    )
    assert [
        (one.value["version"], one.value["previous"], one.value["current"]) for one in changes
    ] == [
        (1, "none", "awareness"),
        (2, "awareness", "consideration"),
        (3, "consideration", "purchase"),
        (4, "purchase", "retention"),
        (5, "retention", "advocacy"),
    ]
    assert [one.value["dwell_seconds"] for one in changes] == [None, 60, 120, 60, 60]
