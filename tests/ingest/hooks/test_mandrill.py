"""Mandrill's webhooks, by the bodies of its documentation."""

from __future__ import annotations

import base64
import hmac
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode

import msgspec
import pytest

from services.ingest.hooks.reading import stable_id
from tests.ingest.hooks.posting import (
    NOW_SECONDS,
    URL,
    Example,
    Headers,
    Hook,
    check,
    check_signatures,
    examples,
    hook_of,
)

SECRET = "uNNz-authentication-key"
MAIL = "7761629"
AGENT = "Mozilla/5.0 (Macintosh; U; Intel Mac OS X 10.6; en-US) Gecko/20100317 Postbox/1.1.3"
MESSAGE: dict[str, Any] = {
    "ts": 1795280000,
    "subject": "Important Stuff",
    "email": "ann@example.com",
    "sender": "you@example.com",
    "tags": ["tag1", "tag2"],
    "state": "sent",
    "metadata": {"user_id": "u1", "note": "not copied"},
    "template": "welcome",
}
ABOUT = {
    "email_id": MAIL,
    "email_subject": "Important Stuff",
    "campaign_id": "tag1",
    "campaign_name": "welcome",
}


def item(event: str, **members: Any) -> dict[str, Any]:
    return {"event": event, "_id": MAIL, "ts": 1795290000, "msg": MESSAGE} | members


def body_of(*items: Any) -> bytes:
    return urlencode({"mandrill_events": msgspec.json.encode(items).decode()}).encode()


def sign(body: bytes, at: int = NOW_SECONDS, secret: str = SECRET, url: str = URL) -> Headers:
    fields = "".join(name + value for name, value in sorted(parse_qsl(body.decode())))
    mac = hmac.new(secret.encode(), (url + fields).encode(), "sha1").digest()
    return {"X-Mandrill-Signature": base64.b64encode(mac).decode()}


def example(name: str, given: Any, properties: Any = None, **more: Any) -> Example:
    return Example(
        given,
        name,
        stable_id(MAIL, given["event"], "1795290000", given.get("url")),
        "2026-11-21T19:40:00.000Z",
        {"email": "ann@example.com", "user_id": "u1"},
        ABOUT | (properties or {}),
        **more,
    )


SEEN = {"ip": "127.0.0.1", "user_agent": AGENT}
CONTEXT = {"userAgent": AGENT, "ip": "127.0.0.0"}
EXAMPLES = [
    example("Email Processed", item("send")),
    example("Email Opened", item("open", **SEEN), context=CONTEXT),
    example(
        "Email Link Clicked",
        item("click", url="https://shop.example", **SEEN),
        {"link_url": "https://shop.example"},
        context=CONTEXT,
    ),
    example(
        "Email Bounced",
        item(
            "hard_bounce", msg=MESSAGE | {"bounce_description": "bad_mailbox", "diag": "550 5.1.1"}
        ),
        {"bounce_type": "hard", "bounce_code": "bad_mailbox", "reason": "550 5.1.1"},
    ),
    example("Email Marked as Spam", item("spam")),
    example("Unsubscribed", item("unsub")),
]


@pytest.fixture
async def hook(tmp_path: Path) -> Hook:
    return await hook_of(tmp_path, "mandrill", SECRET)


@examples(EXAMPLES)
async def test_an_event_becomes_a_touchpoint(hook: Hook, example: Example) -> None:
    body = body_of(example.item)
    assert (await hook.post(body, sign(body))).status_code == 200
    (found,) = hook.touchpoints
    check(found, example)


async def test_only_what_mandrill_signed_is_taken(hook: Hook) -> None:
    await check_signatures(hook, body_of(item("open")), sign, SECRET)


async def test_the_signature_covers_the_url(hook: Hook) -> None:
    body = body_of(item("open"))
    other = sign(body, url="https://other.example/v1/hooks/theirs")
    assert (await hook.post(body, other)).status_code == 401
    with_query = sign(body, url=URL + "?a=b")
    assert (await hook.post(body, with_query, "?a=b")).status_code == 200


async def test_the_test_of_a_new_webhook_has_no_events(hook: Hook) -> None:
    body = body_of()
    for secret in (SECRET, "test-webhook"):
        assert (await hook.post(body, sign(body, secret=secret))).status_code == 200
    assert not hook.touchpoints
    body = body_of(item("open"))
    assert (await hook.post(body, sign(body, secret="test-webhook"))).status_code == 401


async def test_lists_and_replies_concern_a_customer_too(hook: Hook) -> None:
    listed = {
        "type": "blacklist",
        "action": "add",
        "reject": {"email": "b@x.example"},
        "ts": 1795290000,
    }
    reply = {
        "event": "inbound",
        "ts": 1795290000,
        "msg": {"from_email": "c@x.example", "text": "Hi"},
    }
    body = body_of(listed, reply)
    assert (await hook.post(body, sign(body))).status_code == 200
    found = [(one.event, one.identifiers["email"]) for one in hook.touchpoints]
    assert found == [
        ("Email Blacklist Add", "b@x.example"),
        ("Email Reply Received", "c@x.example"),
    ]
