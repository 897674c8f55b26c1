"""Mailgun's webhooks, by the bodies of its documentation."""

from __future__ import annotations

import hmac
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.ingest.hooks.posting import (
    NOW_SECONDS,
    Example,
    Hook,
    check,
    check_stale,
    examples,
    hook_of,
)

SECRET = "key-6e0a1f0d7c0b4f9ea0000000000000"
TOKEN = "a8ce0edb2dd8301dee6c2405235584e45aa91d1e9f979f3de0"
AGENT = "Mozilla/5.0 (X11; Linux x86_64) Chrome/31.0.1650.63 Safari/537.36"
MAIL = "20130503182626.18666.16540@mailgun.example"
HEADERS = {"to": "Alice <alice@example.com>", "message-id": MAIL, "subject": "Test event"}
ALICE = {"email": "alice@example.com"}
SEEN = {"ip": "50.56.129.169", "client-info": {"user-agent": AGENT, "device-type": "desktop"}}
CONTEXT = {"userAgent": AGENT, "ip": "50.56.129.0"}
ABOUT = {"email_id": MAIL, "email_subject": "Test event", "campaign_id": "my_tag_1"}


def data(event: str, **members: Any) -> dict[str, Any]:
    return {
        "event": event,
        "id": "CPgfbmQMTCKtHW6uIWtuVe",
        "timestamp": 1795290000.654321,  # 2026-11-21T19:40:00
        "recipient": "alice@example.com",
        "message": {"headers": HEADERS, "attachments": [], "size": 111},
        "tags": ["my_tag_1", "my_tag_2"],
        "user-variables": {"userId": 17, "name": "not copied"},
        **members,
    }


def signed(event_data: Any, at: int = NOW_SECONDS, secret: str = SECRET) -> bytes:
    """A body as Mailgun sends it at this second."""
    signature = hmac.new(secret.encode(), f"{at}{TOKEN}".encode(), "sha256").hexdigest()
    stamp = {"timestamp": str(at), "token": TOKEN, "signature": signature}
    return msgspec.json.encode({"signature": stamp, "event-data": event_data})


def example(name: str, item: Any, properties: Any = None, context: Any = None, **more: Any) -> Any:
    who = ALICE | {"user_id": "17"}
    about = ABOUT | (properties or {})
    return Example(
        item, name, TOKEN, "2026-11-21T19:40:00.654321Z", who, about, context or {}, **more
    )


FAILED = {
    "severity": "permanent",
    "reason": "suppress-bounce",
    "delivery-status": {"code": 605, "message": "", "description": "Not delivering"},
}
EXAMPLES = [
    example("Email Delivered", data("delivered")),
    example("Email Opened", data("opened", **SEEN), context=CONTEXT),
    example(
        "Email Opened",
        data(
            "opened", ip="50.56.129.169", **{"client-info": {"user-agent": AGENT, "bot": "apple"}}
        ),
        context=CONTEXT,
        bot=True,
    ),
    example(
        "Email Link Clicked",
        data("clicked", url="https://shop.example/sale", **SEEN),
        {"link_url": "https://shop.example/sale"},
        CONTEXT,
    ),
    example(
        "Email Bounced",
        data("failed", **FAILED | {"reason": "bounce"}),
        {"bounce_type": "hard", "bounce_code": "605", "reason": "bounce"},
    ),
    example(
        "Email Dropped",
        data("failed", **FAILED),
        {"bounce_code": "605", "reason": "suppress-bounce"},
    ),
    example(
        "Email Deferred",
        data("failed", **FAILED | {"severity": "temporary"}),
        {"bounce_code": "605", "reason": "suppress-bounce"},
    ),
    example("Email Marked as Spam", data("complained")),
    example("Unsubscribed", data("unsubscribed")),
    example("Email List Member Uploaded", data("list_member_uploaded")),
]


@pytest.fixture
async def hook(tmp_path: Path) -> Hook:
    return await hook_of(tmp_path, "mailgun", SECRET)


@examples(EXAMPLES)
async def test_an_event_becomes_a_touchpoint(hook: Hook, example: Example) -> None:
    assert (await hook.post(signed(example.item))).status_code == 200
    (found,) = hook.touchpoints
    check(found, example)


async def test_a_wrong_or_missing_signature_is_refused_and_may_come_again(hook: Hook) -> None:
    unsigned = msgspec.json.encode({"event-data": data("opened")})
    for body in (signed(data("opened"), secret="other"), unsigned):
        assert (await hook.post(body)).status_code == 401
    assert not hook.touchpoints


async def test_an_old_signature_is_told_to_stop(hook: Hook) -> None:
    await check_stale(hook, signed(data("opened"), NOW_SECONDS - 9 * 3600 - 1), {}, status=406)


async def test_a_retry_after_eight_hours_is_taken(hook: Hook) -> None:
    assert (await hook.post(signed(data("opened"), NOW_SECONDS - 8 * 3600))).status_code == 200


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b'"text"', b"[]", b"null"])
async def test_what_is_no_event_is_told_to_stop_or_refused(hook: Hook, body: bytes) -> None:
    assert (await hook.post(body)).status_code in (401, 406)
