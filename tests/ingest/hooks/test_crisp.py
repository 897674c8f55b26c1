"""Crisp's webhooks, by the bodies of its documentation."""

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

SECRET = "crisp-signing-secret"
TALK = "session_19e5240f-0a8d-461e-a661-a3123fc6eec9"
STAMP = 1795290000123
AT = "2026-11-21T19:40:00.123Z"
WHO = {"crisp": TALK}


def sign(body: bytes, at: int = NOW_SECONDS, secret: str = SECRET) -> Headers:
    stated = f"{at}000"
    content = b"[" + stated.encode() + b";" + body + b"]"
    mac = hmac.new(secret.encode(), content, "sha256").hexdigest()
    return {"X-Crisp-Request-Timestamp": stated, "X-Crisp-Signature": mac}


def event(kind: str, **data: Any) -> dict[str, Any]:
    site = "8c842203-7ed8-4e29-a608-7cf78a7d2fcc"
    about = {"website_id": site, "session_id": TALK}
    return {"website_id": site, "event": kind, "timestamp": STAMP, "data": about | data}


def message(kind: str, **data: Any) -> dict[str, Any]:
    said = {"type": "text", "content": "my secret wish", "fingerprint": 163408807661174}
    return event(kind, **(said | data))


ABOUT = {"conversation_id": TALK}
OF_MESSAGE = ABOUT | {"message_id": "163408807661174", "message_type": "text"}
EXAMPLES = [
    Example(
        message("message:send", **{"from": "user", "user": {"user_id": TALK, "nickname": "Ann"}}),
        "Live Chat Message Sent",
        f"message:send:{TALK}:163408807661174",
        AT,
        WHO,
        OF_MESSAGE,
    ),
    Example(
        message(
            "message:received", **{"from": "operator", "user": {"user_id": "a4", "nickname": "Bob"}}
        ),
        "Live Chat Message Received",
        f"message:received:{TALK}:163408807661174",
        AT,
        WHO,
        OF_MESSAGE | {"agent_id": "a4", "agent_name": "Bob"},
    ),
    Example(
        event("session:set_state", state="resolved"),
        "Live Chat Conversation Ended",
        stable_id("session:set_state", TALK, str(STAMP)),
        AT,
        WHO,
        ABOUT,
    ),
    Example(
        event("session:set_email", email="Ann@x.example"),
        "Live Chat Session Set Email",
        stable_id("session:set_email", TALK, str(STAMP)),
        AT,
        WHO | {"email": "ann@x.example"},
        ABOUT,
    ),
    Example(
        event("session:request:initiated"),
        "Live Chat Conversation Started",
        stable_id("session:request:initiated", TALK, str(STAMP)),
        AT,
        WHO,
        ABOUT,
    ),
]


@examples(EXAMPLES)
async def test_an_event_becomes_a_touchpoint(tmp_path: Path, example: Example) -> None:
    hook = await hook_of(tmp_path, "crisp", channel="chatbot")
    answer = await hook.post(msgspec.json.encode(example.item), {}, f"?key={KEY}")
    assert answer.status_code == 200, answer.text
    (found,) = hook.touchpoints
    check(found, example)
    assert b"wish" not in hook.desk.sink.records[0][1]


@pytest.fixture
async def signing(tmp_path: Path) -> Hook:
    return await hook_of(tmp_path, "crisp", SECRET, channel="chatbot")


async def test_a_hook_of_a_website_is_known_by_the_key(tmp_path: Path) -> None:
    hook = await hook_of(tmp_path, "crisp", channel="chatbot")
    await check_signatures(hook, msgspec.json.encode(EXAMPLES[0].item), key_of, KEY)


async def test_a_hook_of_a_plugin_is_known_by_its_signature_alone(signing: Hook) -> None:
    body = msgspec.json.encode(EXAMPLES[0].item)
    assert (await signing.post(body, {}, f"?key={KEY}")).status_code == 401
    assert (await signing.post(body, sign(body, secret="other"))).status_code == 401
    assert (await signing.post(body + b" ", sign(body))).status_code == 401
    assert (await signing.post(body, sign(body))).status_code == 200


async def test_an_old_signature_is_stale(signing: Hook) -> None:
    body = msgspec.json.encode(EXAMPLES[0].item)
    await check_stale(signing, body, sign(body, NOW_SECONDS - 301), status=401)


async def test_what_belongs_to_no_conversation_is_skipped(tmp_path: Path) -> None:
    hook = await hook_of(tmp_path, "crisp", channel="chatbot")
    body = msgspec.json.encode({"event": "website:update_visitors_count", "data": {}})
    assert (await hook.post(body, {}, f"?key={KEY}")).status_code == 200
    assert (len(hook.touchpoints), hook.counted("skipped")) == (0, 1)
