"""Botpress: the Messaging server's webhook, and posts of a bot's own code."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.ingest.hooks.posting import (
    KEY,
    Example,
    Headers,
    Hook,
    check,
    check_signatures,
    examples,
    hook_of,
)

AT = "2026-11-21T19:40:00.000Z"
TOKEN = "messaging-server-token"


def sign(_: bytes = b"", __: int = 0, secret: str = KEY) -> Headers:
    return {"x-bp-secret": secret}


def message(author: str | None) -> dict[str, Any]:
    one = {
        "id": "m1",
        "conversationId": "c1",
        "authorId": author,
        "sentOn": AT,
        "payload": {"type": "text", "text": "my secret wish"},
    }
    data = {"userId": "b1", "conversationId": "c1", "channel": "telegram", "message": one}
    return {"type": "message.new", "data": data}


ABOUT = {"conversation_id": "c1", "channel_name": "telegram"}
OF_MESSAGE = ABOUT | {"message_id": "m1", "message_type": "text"}
WHO = {"botpress": "b1"}
EXAMPLES = [
    Example(message("b1"), "Live Chat Message Sent", "message.new:m1", AT, WHO, OF_MESSAGE),
    Example(message(None), "Live Chat Message Received", "message.new:m1", AT, WHO, OF_MESSAGE),
    Example(
        {
            "userId": "b1",
            "conversationId": "c1",
            "messageId": "m2",
            "email": "Ann@x.example",
            "user_id": 7,
            "timestamp": AT,
        },
        "Live Chat Message Sent",
        "message.new:m2",
        AT,
        WHO | {"user_id": "7", "email": "ann@x.example"},
        {"conversation_id": "c1", "message_id": "m2"},
    ),
]


@pytest.fixture
async def hook(tmp_path: Path) -> Hook:
    return await hook_of(tmp_path, "botpress", channel="chatbot")


@examples(EXAMPLES)
async def test_a_message_becomes_a_touchpoint(hook: Hook, example: Example) -> None:
    assert (await hook.post(msgspec.json.encode(example.item), sign())).status_code == 200
    (found,) = hook.touchpoints
    check(found, example)
    assert b"wish" not in hook.desk.sink.records[0][1]


async def test_only_who_has_the_key_is_heard(hook: Hook) -> None:
    await check_signatures(hook, msgspec.json.encode(message("b1")), sign, KEY)


async def test_the_servers_own_token_is_taken_where_the_source_has_it(tmp_path: Path) -> None:
    hook = await hook_of(tmp_path, "botpress", TOKEN, channel="chatbot")
    body = msgspec.json.encode(message("b1"))
    assert (await hook.post(body, sign())).status_code == 401
    assert (await hook.post(body, {"x-webhook-token": "other"})).status_code == 401
    assert (await hook.post(body, {"x-webhook-token": TOKEN})).status_code == 200


async def test_a_conversation_that_starts_is_named(hook: Hook) -> None:
    data = {"userId": "b1", "conversationId": "c1", "channel": "telegram"}
    body = msgspec.json.encode({"type": "conversation.started", "data": data})
    await hook.post(body, sign())
    assert [one.event for one in hook.touchpoints] == ["Live Chat Conversation Started"]
