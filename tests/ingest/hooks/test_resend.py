"""Resend's webhooks, by the bodies of its documentation."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.ingest.hooks.posting import (
    NOW_SECONDS,
    Example,
    Hook,
    check,
    check_signatures,
    check_stale,
    examples,
    hook_of,
)
from tests.ingest.hooks.test_standard_webhooks import SECRET, sign, svix

MAIL = "56761188-7520-42d8-8898-ff6fc54ce618"
AT = "2026-11-21T19:40:00.126Z"
WHO = {"email": "delivered@resend.dev"}
AGENT = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 Chrome/120"
CLICK = {"ipAddress": "122.115.53.11", "link": "https://resend.com", "timestamp": AT}
ABOUT = {"email_id": MAIL, "email_subject": "Sending this example"}


def item(kind: str, **data: Any) -> dict[str, Any]:
    mail = {
        "broadcast_id": None,
        "created_at": "2026-11-21T19:00:00.000Z",
        "email_id": MAIL,
        "from": "Acme <onboarding@resend.dev>",
        "to": ["Ann <delivered@resend.dev>"],
        "subject": "Sending this example",
        "tags": {"category": "confirm_email", "user_id": "u1"},
    }
    return {"type": kind, "created_at": AT, "data": mail | data}


def example(name: str, given: Any, properties: Any = None, **more: Any) -> Example:
    who = WHO | {"user_id": "u1"}
    return Example(given, name, "msg_1", AT, who, ABOUT | (properties or {}), **more)


BOUNCE = {"message": "The mailbox is full", "subType": "Suppressed", "type": "Permanent"}
EXAMPLES = [
    example("Email Processed", item("email.sent")),
    example("Email Delivered", item("email.delivered")),
    example("Email Deferred", item("email.delivery_delayed")),
    example("Email Marked as Spam", item("email.complained")),
    example(
        "Email Bounced",
        item("email.bounced", bounce=BOUNCE),
        {
            "bounce_type": "hard",
            "bounce_code": "Suppressed",
            "reason": "The mailbox is full",
        },
    ),
    example("Email Opened", item("email.opened", broadcast_id="b1"), {"campaign_id": "b1"}),
    example(
        "Email Link Clicked",
        item("email.clicked", click=CLICK | {"userAgent": AGENT}),
        {"link_url": "https://resend.com"},
        context={"userAgent": AGENT, "ip": "122.115.53.0"},
    ),
    example(
        "Email Link Clicked",
        item("email.clicked", click=CLICK | {"userAgent": "BarracudaLinkCheck/1.0"}),
        {"link_url": "https://resend.com"},
        context={"userAgent": "BarracudaLinkCheck/1.0", "ip": "122.115.53.0"},
        bot=True,
    ),
    example("Email Read Aloud", item("email.read_aloud")),
]


@pytest.fixture
async def hook(tmp_path: Path) -> Hook:
    return await hook_of(tmp_path, "resend", SECRET)


@examples(EXAMPLES)
async def test_an_event_becomes_a_touchpoint(hook: Hook, example: Example) -> None:
    body = msgspec.json.encode(example.item)
    assert (await hook.post(body, svix(sign(body)))).status_code == 200
    (found,) = hook.touchpoints
    check(found, example)


async def test_only_what_resend_signed_is_taken(hook: Hook) -> None:
    body = msgspec.json.encode(item("email.opened"))
    await check_signatures(hook, body, lambda *given: svix(sign(*given)), SECRET)


async def test_a_signature_is_taken_for_five_minutes(hook: Hook) -> None:
    body = msgspec.json.encode(item("email.opened"))
    await check_stale(hook, body, svix(sign(body, NOW_SECONDS - 301)), status=401)


async def test_of_several_recipients_nobody_is_guessed(hook: Hook) -> None:
    body = msgspec.json.encode(item("email.opened", to=["a@x.example", "b@x.example"], tags={}))
    assert (await hook.post(body, svix(sign(body)))).status_code == 200
    assert [one.code for one in hook.desk.sink.refused] == ["no_identifier"]


async def test_a_contact_that_left_is_unsubscribed_and_a_domain_is_nobody(hook: Hook) -> None:
    contact = {"email": "steve@x.example", "audience_id": "a1", "unsubscribed": True}
    for given in (
        {"type": "contact.updated", "created_at": AT, "data": contact},
        {"type": "contact.created", "created_at": AT, "data": contact | {"unsubscribed": False}},
        {"type": "domain.updated", "created_at": AT, "data": {"name": "x.example"}},
    ):
        body = msgspec.json.encode(given)
        assert (await hook.post(body, svix(sign(body)))).status_code == 200
    assert [one.event for one in hook.touchpoints] == ["Unsubscribed", "Contact Created"]
    assert hook.counted("skipped") == 1
