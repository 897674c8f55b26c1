"""Dialogflow's fulfilment requests, ES and CX, by the bodies of its documentation."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.ingest.hooks.posting import (
    KEY,
    Example,
    Hook,
    basic,
    check,
    check_signatures,
    examples,
    hook_of,
    key_of,
)

NOW_TEXT = "2026-11-21T20:00:00.000Z"
ES: dict[str, Any] = {
    "responseId": "ea3d77e8-ae27-41a4-9e1d-174bd461b68c",
    "session": "projects/your-agents-project-id/agent/sessions/88d13aa8",
    "queryResult": {
        "queryText": "my secret wish",
        "action": "order.status",
        "parameters": {"order": "17"},
        "intent": {"name": "projects/x/agent/intents/1", "displayName": "Order status"},
        "intentDetectionConfidence": 0.75,
        "languageCode": "en",
    },
    "originalDetectIntentRequest": {"payload": {"user_id": "u1"}},
}
CX: dict[str, Any] = {
    "detectIntentResponseId": "r-1",
    "fulfillmentInfo": {"tag": "confirm"},
    "intentInfo": {"displayName": "Order status", "confidence": 0.5},
    "pageInfo": {"displayName": "Orders"},
    "sessionInfo": {
        "session": "projects/p/locations/l/agents/a/sessions/abc",
        "parameters": {"email": "Ann@x.example"},
    },
    "payload": {"telephony": {"caller_id": "+48601100200"}},
    "text": "my secret wish",
    "languageCode": "pl",
}
EXAMPLES = [
    Example(
        ES,
        "Live Chat Message Sent",
        ES["responseId"],
        NOW_TEXT,
        {"user_id": "u1", "dialogflow": "88d13aa8"},
        {
            "conversation_id": "88d13aa8",
            "intent": "Order status",
            "intent_confidence": 0.75,
            "action": "order.status",
            "locale": "en",
        },
    ),
    Example(
        CX,
        "Live Chat Message Sent",
        "r-1:confirm",
        NOW_TEXT,
        {"email": "ann@x.example", "phone": "+48601100200", "dialogflow": "abc"},
        {
            "conversation_id": "abc",
            "intent": "Order status",
            "intent_confidence": 0.5,
            "action": "confirm",
            "page": "Orders",
            "locale": "pl",
        },
    ),
]


@pytest.fixture
async def hook(tmp_path: Path) -> Hook:
    return await hook_of(tmp_path, "dialogflow", channel="chatbot")


@examples(EXAMPLES)
async def test_a_turn_becomes_a_touchpoint_and_is_answered_in_json(
    hook: Hook, example: Example
) -> None:
    answer = await hook.post(msgspec.json.encode(example.item), basic())
    assert (answer.status_code, answer.json()) == (200, {})
    assert answer.headers["content-type"] == "application/json"
    (found,) = hook.touchpoints
    check(found, example)
    assert b"wish" not in hook.desk.sink.records[0][1]


async def test_a_step_without_words_is_no_message(hook: Hook) -> None:
    body = msgspec.json.encode({name: value for name, value in CX.items() if name != "text"})
    await hook.post(body, basic())
    assert [one.event for one in hook.touchpoints] == ["Live Chat Step Reached"]


async def test_only_who_has_the_key_is_heard(hook: Hook) -> None:
    await check_signatures(hook, msgspec.json.encode(ES), key_of, KEY)
