"""Telegram's updates, by the shapes of the Bot API."""

from __future__ import annotations

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

AT = "2026-11-21T19:40:00.000Z"
PERSON = {
    "id": 1111111,
    "is_bot": False,
    "first_name": "Ann",
    "username": "ann",
    "language_code": "pl",
}
CHAT = {"id": 1111111, "type": "private", "first_name": "Ann"}
WHO = {"telegram": "1111111"}
ABOUT = {"message_id": "1365", "conversation_id": "1111111"}


def sign(_: bytes = b"", __: int = NOW_SECONDS, secret: str = KEY) -> Headers:
    return {"X-Telegram-Bot-Api-Secret-Token": secret}


def update(kind: str, **members: Any) -> dict[str, Any]:
    return {"update_id": 10000, kind: members}


def message(text: str = "Hello", kind: str = "message", **members: Any) -> dict[str, Any]:
    one = {"message_id": 1365, "from": PERSON, "chat": CHAT, "date": 1795290000, "text": text}
    return update(kind, **(one | members))


COMMAND = [{"type": "bot_command", "offset": 0, "length": 6}]
MEMBER = {"chat": CHAT, "from": PERSON, "date": 1795290000}


def example(name: str, given: Any, properties: Any, at: str = AT) -> Example:
    return Example(given, name, "telegram:10000", at, WHO, properties)


EXAMPLES = [
    example("Live Chat Message Sent", message(), ABOUT | {"message_type": "text"}),
    example(
        "Live Chat Conversation Started",
        message("/start autumn", entities=COMMAND),
        ABOUT | {"message_type": "text", "command": "/start", "start_parameter": "autumn"},
    ),
    example(
        "Live Chat Message Sent",
        message("/help@shop_bot", entities=COMMAND),
        ABOUT | {"message_type": "text", "command": "/help"},
    ),
    example(
        "Live Chat Edited Message",
        message(kind="edited_message", edit_date=1795290060),
        ABOUT | {"message_type": "text"},
        "2026-11-21T19:41:00.000Z",
    ),
    Example(
        update(
            "callback_query",
            id="42",
            data="buy:7",
            **{"from": PERSON, "message": {"message_id": 1365, "chat": CHAT}},
        ),
        "Live Chat Button Clicked",
        "telegram:10000",
        "2026-11-21T20:00:00.000Z",
        WHO,
        ABOUT | {"button_id": "buy:7"},
    ),
    example(
        "Unsubscribed",
        update("my_chat_member", new_chat_member={"status": "kicked"}, **MEMBER),
        {"conversation_id": "1111111"},
    ),
    example(
        "Subscribed",
        update("my_chat_member", new_chat_member={"status": "member"}, **MEMBER),
        {"conversation_id": "1111111"},
    ),
]


@pytest.fixture
async def hook(tmp_path: Path) -> Hook:
    return await hook_of(tmp_path, "telegram", channel="chatbot")


@examples(EXAMPLES)
async def test_an_update_becomes_a_touchpoint(hook: Hook, example: Example) -> None:
    answer = await hook.post(msgspec.json.encode(example.item), sign())
    assert (answer.status_code, answer.content) == (200, b"{}")
    (found,) = hook.touchpoints
    check(found, example)


async def test_only_who_has_the_secret_token_is_heard(hook: Hook) -> None:
    await check_signatures(hook, msgspec.json.encode(message()), sign, KEY)


async def test_the_key_anywhere_else_is_not_taken(hook: Hook) -> None:
    answer = await hook.post(msgspec.json.encode(message()), {"X-Write-Key": KEY}, f"?key={KEY}")
    assert answer.status_code == 401


async def test_texts_are_not_kept(hook: Hook) -> None:
    for text in ("my secret wish", "/order my secret wish"):
        await hook.post(msgspec.json.encode(message(text, entities=COMMAND)), sign())
    assert not [record for record in hook.desk.sink.records if b"wish" in record[1]]


async def test_what_no_person_did_is_skipped(hook: Hook) -> None:
    bot = message() | {"message": {"from": PERSON | {"is_bot": True}}}
    for given in (bot, update("channel_post", chat=CHAT, text="News"), update("poll", id="1"), {}):
        assert (await hook.post(msgspec.json.encode(given), sign())).status_code == 200
    assert not hook.touchpoints
    assert hook.counted("skipped") == 4
