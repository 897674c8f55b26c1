"""WhatsApp's webhooks, and Messenger's, by the bodies of Meta's documentation."""

from __future__ import annotations

import hmac
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.ingest.hooks.posting import (
    KEY,
    NOW_SECONDS,
    Example,
    Headers,
    Hook,
    check,
    check_signatures,
    examples,
    hook_of,
)

SECRET = "a-meta-app-secret"
AT = "2026-11-21T19:40:00.000Z"
ID = "wamid.HBgLMTY1MDM4Nzk0MzkVAgARGBI3N0M"
ANN = {"whatsapp": "16503879439", "phone": "+16503879439"}
NUMBER = {"business_number_id": "106540352242922"}


def sign(body: bytes, _: int = NOW_SECONDS, secret: str = SECRET) -> Headers:
    return {
        "X-Hub-Signature-256": "sha256=" + hmac.new(secret.encode(), body, "sha256").hexdigest()
    }


def item(**value: Any) -> dict[str, Any]:
    metadata = {"display_phone_number": "15550783881", "phone_number_id": "106540352242922"}
    contacts = [{"profile": {"name": "Sheena Nelson"}, "wa_id": "16503879439"}]
    around = {"messaging_product": "whatsapp", "metadata": metadata, "contacts": contacts}
    change = {"field": "messages", "value": around | value}
    entry = [{"id": "102290129340398", "changes": [change]}]
    return {"object": "whatsapp_business_account", "entry": entry}


def message(kind: str, **members: Any) -> dict[str, Any]:
    one = {"from": "16503879439", "id": ID, "timestamp": "1795290000", "type": kind}
    return item(messages=[one | members])


def status(said: str, **members: Any) -> dict[str, Any]:
    one = {"id": ID, "status": said, "timestamp": "1795290000", "recipient_id": "16503879439"}
    return item(statuses=[one | members])


def example(name: str, given: Any, properties: Any, made: str = ID) -> Example:
    about = {"message_id": ID} | NUMBER
    return Example(given, name, made, AT, ANN, about | properties)


EXAMPLES = [
    example(
        "Live Chat Message Sent",
        message("text", text={"body": "Does it come in another color?"}),
        {"message_type": "text"},
    ),
    example(
        "Live Chat Message Sent",
        message("image", referral={"source_id": "120", "source_url": "https://fb.me/x"}),
        {"message_type": "image", "ad_id": "120"},
    ),
    example(
        "Live Chat Button Clicked",
        message("interactive", interactive={"type": "button_reply", "button_reply": {"id": "yes"}}),
        {"message_type": "interactive", "button_id": "yes"},
    ),
    example(
        "Live Chat Conversation Started",
        message("request_welcome"),
        {"message_type": "request_welcome"},
    ),
    example("Live Chat Message Dispatched", status("sent"), {}, f"{ID}:sent"),
    example(
        "Live Chat Message Delivered",
        status("delivered", conversation={"id": "c1"}, biz_opaque_callback_data="autumn"),
        {"conversation_id": "c1", "campaign_id": "autumn"},
        f"{ID}:delivered",
    ),
    example("Live Chat Message Read", status("read"), {}, f"{ID}:read"),
    example(
        "Live Chat Message Failed",
        status("failed", errors=[{"code": 131050, "title": "Unable to deliver"}]),
        {"error_code": "131050"},
        f"{ID}:failed",
    ),
]


@pytest.fixture
async def hook(tmp_path: Path) -> Hook:
    return await hook_of(tmp_path, "whatsapp", SECRET, channel="chatbot")


@examples(EXAMPLES)
async def test_an_event_becomes_a_touchpoint(hook: Hook, example: Example) -> None:
    body = msgspec.json.encode(example.item)
    assert (await hook.post(body, sign(body))).status_code == 200
    (found,) = hook.touchpoints
    check(found, example)


async def test_texts_and_names_are_not_kept(hook: Hook) -> None:
    body = msgspec.json.encode(message("text", text={"body": "my secret wish"}))
    await hook.post(body, sign(body))
    (record,) = hook.desk.sink.records
    assert b"wish" not in record[1]
    assert b"Sheena" not in record[1]


async def test_only_what_meta_signed_is_taken(hook: Hook) -> None:
    await check_signatures(hook, msgspec.json.encode(message("text")), sign, SECRET)


async def test_the_signature_is_over_the_escaped_bytes(hook: Hook) -> None:
    body = msgspec.json.encode(message("text")).replace(b"text", b"\\u0074ext")
    assert (await hook.post(body, sign(body))).status_code == 200


async def test_the_check_of_the_url_gets_its_challenge_back(hook: Hook) -> None:
    asked = f"?hub.mode=subscribe&hub.verify_token={KEY}&hub.challenge=1158201444"
    answer = await hook.get(asked)
    assert (answer.status_code, answer.text) == (200, "1158201444")
    assert answer.headers["content-type"].startswith("text/plain")


@pytest.mark.parametrize(
    "asked",
    [
        "",
        "?hub.mode=subscribe&hub.challenge=1",
        "?hub.mode=subscribe&hub.verify_token=other&hub.challenge=1",
        f"?hub.mode=unsubscribe&hub.verify_token={KEY}&hub.challenge=1",
    ],
)
async def test_another_token_does_not(hook: Hook, asked: str) -> None:
    answer = await hook.get(asked)
    assert (answer.status_code, answer.json()["code"]) == (403, "invalid_challenge")


async def test_several_in_one_body_are_several(hook: Hook) -> None:
    two = [
        {"from": "48601100200", "id": f"wamid.{n}", "timestamp": "1795290000", "type": "text"}
        for n in range(2)
    ]
    given = item(
        messages=two, statuses=status("read")["entry"][0]["changes"][0]["value"]["statuses"]
    )
    given["entry"] += [{"id": "x", "changes": [{"field": "account_update", "value": {}}]}]
    body = msgspec.json.encode(given)
    assert (await hook.post(body, sign(body))).status_code == 200
    assert len(hook.touchpoints) == 3
    assert hook.counted("skipped") == 1


async def test_messenger_and_instagram_are_the_same_contract(hook: Hook) -> None:
    def messaging(**about: Any) -> dict[str, Any]:
        return {
            "sender": {"id": "P1"},
            "recipient": {"id": "B1"},
            "timestamp": 1795290000000,
        } | about

    echo = messaging(
        message={"mid": "m2", "is_echo": True}, sender={"id": "B1"}, recipient={"id": "P1"}
    )
    entry = {"id": "B1", "messaging": [messaging(message={"mid": "m1", "text": "Hi"}), echo]}
    body = msgspec.json.encode({"object": "page", "entry": [entry]})
    assert (await hook.post(body, sign(body))).status_code == 200
    found = [(one.event, one.identifiers, one.message_id) for one in hook.touchpoints]
    assert found == [
        ("Live Chat Message Sent", {"messenger": "P1"}, "m1:message"),
        ("Live Chat Message Received", {"messenger": "P1"}, "m2:message"),
    ]
