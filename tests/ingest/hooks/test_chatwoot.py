"""Chatwoot's webhooks, by the bodies of its documentation."""

from __future__ import annotations

import hmac
from pathlib import Path
from typing import Any

import msgspec
import pytest

from services.ingest.hooks.reading import stable_id
from tests.ingest.hooks.posting import (
    KEY,
    NOW_SECONDS,
    Example,
    Headers,
    Hook,
    check,
    check_signatures,
    check_stale,
    examples,
    hook_of,
    key_of,
)

SECRET = "chatwoot-secret"
AT = "2026-11-21T19:40:00.000Z"
ANN = {
    "id": 3,
    "name": "Ann",
    "email": "Ann@x.example",
    "phone_number": "+48601100200",
    "identifier": "u1",
}
WHO = {"user_id": "u1", "email": "ann@x.example", "phone": "+48601100200", "chatwoot": "3"}
BOB = {"id": 7, "name": "Bob", "email": "bob@shop.example", "type": "user"}
INBOX = {"id": 2, "name": "Website"}
META = {"sender": ANN, "assignee": BOB}


def sign(body: bytes, at: int = NOW_SECONDS, secret: str = SECRET) -> Headers:
    mac = hmac.new(secret.encode(), f"{at}.".encode() + body, "sha256").hexdigest()
    return {"X-Chatwoot-Timestamp": str(at), "X-Chatwoot-Signature": f"sha256={mac}"}


def message(kind: str, sender: Any, **members: Any) -> dict[str, Any]:
    return {
        "event": "message_created",
        "id": 41,
        "content": "my secret wish",
        "content_type": "text",
        "message_type": kind,
        "created_at": AT,
        "private": False,
        "sender": sender,
        "inbox": INBOX,
        "conversation": {"id": 12, "display_id": 12, "meta": META},
        "account": {"id": 1, "name": "Shop"},
    } | members


def conversation(event: str, **members: Any) -> dict[str, Any]:
    return {
        "event": event,
        "id": 12,
        "meta": META,
        "status": "open",
        "timestamp": 1795290000,
        "created_at": 1795290000,
    } | members


TALK = {"conversation_id": "12"}
AGENT = {"agent_id": "7", "agent_name": "Bob"}
OF_MESSAGE = TALK | {"message_id": "41", "message_type": "text", "inbox": "Website"}


def example(name: str, given: Any, properties: Any) -> Example:
    at = given.get("updated_at") or (
        AT if given["event"].startswith("m") else "2026-11-21T19:40:00.000Z"
    )
    made = stable_id(given["event"], given["id"], at)
    return Example(given, name, made, AT, WHO, properties)


EXAMPLES = [
    example("Live Chat Message Sent", message("incoming", ANN), OF_MESSAGE),
    example("Live Chat Message Received", message("outgoing", BOB), OF_MESSAGE | AGENT),
    example("Live Chat Conversation Started", conversation("conversation_created"), TALK | AGENT),
    example(
        "Live Chat Conversation Ended",
        conversation("conversation_status_changed", status="resolved"),
        TALK | AGENT,
    ),
    example(
        "Live Chat Conversation Open", conversation("conversation_status_changed"), TALK | AGENT
    ),
    example("Contact Updated", {"event": "contact_updated", "updated_at": AT} | ANN, {}),
]


@examples(EXAMPLES)
async def test_an_event_becomes_a_touchpoint(tmp_path: Path, example: Example) -> None:
    hook = await hook_of(tmp_path, "chatwoot", channel="chatbot")
    answer = await hook.post(msgspec.json.encode(example.item), {}, f"?key={KEY}")
    assert answer.status_code == 200, answer.text
    (found,) = hook.touchpoints
    check(found, example)
    assert b"wish" not in hook.desk.sink.records[0][1]


@pytest.fixture
async def signing(tmp_path: Path) -> Hook:
    return await hook_of(tmp_path, "chatwoot", SECRET, channel="chatbot")


async def test_an_older_version_is_known_by_the_key(tmp_path: Path) -> None:
    hook = await hook_of(tmp_path, "chatwoot", channel="chatbot")
    await check_signatures(hook, msgspec.json.encode(EXAMPLES[0].item), key_of, KEY)


async def test_a_newer_version_is_known_by_its_signature_alone(signing: Hook) -> None:
    body = msgspec.json.encode(EXAMPLES[0].item)
    assert (await signing.post(body, {}, f"?key={KEY}")).status_code == 401
    assert (await signing.post(body, sign(body, secret="other"))).status_code == 401
    answer = await signing.post(body, sign(body) | {"X-Chatwoot-Delivery": "d-1"})
    assert answer.status_code == 200
    assert [one.message_id for one in signing.touchpoints] == ["d-1"]


async def test_an_old_signature_is_stale(signing: Hook) -> None:
    body = msgspec.json.encode(EXAMPLES[0].item)
    await check_stale(signing, body, sign(body, NOW_SECONDS - 301), status=401)


async def test_notes_between_agents_are_skipped(tmp_path: Path) -> None:
    hook = await hook_of(tmp_path, "chatwoot", channel="chatbot")
    for given in (message("outgoing", BOB, private=True), message("activity", None)):
        assert (await hook.post(msgspec.json.encode(given), {}, f"?key={KEY}")).status_code == 200
    assert (len(hook.touchpoints), hook.counted("skipped")) == (0, 2)
