"""Intercom's webhooks, by the bodies of its documentation."""

from __future__ import annotations

import hmac
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.ingest.hooks.posting import (
    NOW_SECONDS,
    Example,
    Headers,
    Hook,
    check,
    check_signatures,
    examples,
    hook_of,
)

SECRET = "intercom-client-secret"
AT = "2026-11-21T19:40:00.000Z"
CONTACT = {"type": "contact", "id": "6762f2", "external_id": "u1"}
AUTHOR = {"type": "user", "id": "6762f2", "name": "Ann", "email": "Ann@x.example"}
WHO = {"user_id": "u1", "email": "ann@x.example", "intercom": "6762f2"}
ADMIN = {"type": "admin", "id": "991267", "name": "Bob", "email": "bob@shop.example"}


def sign(body: bytes, _: int = NOW_SECONDS, secret: str = SECRET) -> Headers:
    return {"X-Hub-Signature": "sha1=" + hmac.new(secret.encode(), body, "sha1").hexdigest()}


def notice(topic: str, item: Any) -> dict[str, Any]:
    return {
        "type": "notification_event",
        "app_id": "a86dr8yl",
        "data": {"type": "notification_event_data", "item": item},
        "id": "notif_1",
        "topic": topic,
        "delivery_attempts": 1,
        "created_at": 1795290000,
    }


def conversation(*parts: Any, author: Any = AUTHOR, **members: Any) -> dict[str, Any]:
    return {
        "type": "conversation",
        "id": "123",
        "source": {"id": "s1", "author": author, "body": "<p>my secret wish</p>"},
        "contacts": {"type": "contact.list", "contacts": [CONTACT]},
        "admin_assignee_id": 991267,
        "conversation_parts": {"conversation_parts": list(parts)},
    } | members


PART = {"id": "p9", "body": "my secret wish", "author": ADMIN}
TALK = {"conversation_id": "123", "agent_id": "991267"}
EXAMPLES = [
    Example(
        notice("conversation.user.created", conversation()),
        "Live Chat Conversation Started",
        "notif_1",
        AT,
        WHO,
        TALK | {"message_id": "s1"},
    ),
    Example(
        notice("conversation.user.replied", conversation(PART | {"author": AUTHOR})),
        "Live Chat Message Sent",
        "notif_1",
        AT,
        WHO,
        TALK | {"message_id": "p9"},
    ),
    Example(
        notice("conversation.admin.replied", conversation(PART, author=ADMIN)),
        "Live Chat Message Received",
        "notif_1",
        AT,
        {"user_id": "u1", "intercom": "6762f2"},
        TALK | {"message_id": "p9", "agent_name": "Bob"},
    ),
    Example(
        notice("conversation.admin.closed", conversation(PART)),
        "Live Chat Conversation Ended",
        "notif_1",
        AT,
        WHO,
        TALK | {"message_id": "p9", "agent_name": "Bob"},
    ),
    Example(
        notice("conversation.rating.added", conversation(conversation_rating={"rating": 5})),
        "Live Chat Conversation Rated",
        "notif_1",
        AT,
        WHO,
        TALK | {"message_id": "s1", "rating": 5},
    ),
    Example(
        notice("contact.unsubscribed", CONTACT | {"email": "ann@x.example"}),
        "Unsubscribed",
        "notif_1",
        AT,
        WHO,
    ),
    Example(
        notice(
            "event.created",
            {"event_name": "Trial Started", "user_id": "u1", "email": "ann@x.example"},
        ),
        "Trial Started",
        "notif_1",
        AT,
        {"user_id": "u1", "email": "ann@x.example"},
    ),
]


@pytest.fixture
async def hook(tmp_path: Path) -> Hook:
    return await hook_of(tmp_path, "intercom", SECRET, channel="chatbot")


@examples(EXAMPLES)
async def test_a_notice_becomes_a_touchpoint(hook: Hook, example: Example) -> None:
    body = msgspec.json.encode(example.item)
    assert (await hook.post(body, sign(body))).status_code == 200
    (found,) = hook.touchpoints
    check(found, example)
    assert b"wish" not in hook.desk.sink.records[0][1]


async def test_only_what_intercom_signed_is_taken(hook: Hook) -> None:
    await check_signatures(hook, msgspec.json.encode(EXAMPLES[0].item), sign, SECRET)


async def test_a_ping_and_what_admins_do_is_skipped(hook: Hook) -> None:
    for topic in ("ping", "admin.logged_in", "company.created"):
        body = msgspec.json.encode(notice(topic, {"type": "ping"}))
        assert (await hook.post(body, sign(body))).status_code == 200
    assert (len(hook.touchpoints), hook.counted("skipped")) == (0, 3)
