"""SparkPost's event webhooks, by the bodies of its documentation."""

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

AGENT = "Mozilla/5.0 (X11; Linux x86_64) Firefox/128.0"
EVENT: dict[str, Any] = {
    "campaign_id": "Example Campaign Name",
    "customer_id": "1",
    "event_id": "92356927693813856",
    "message_id": "000443ee14578172be22",
    "rcpt_meta": {"user_id": "u1", "customKey": "not copied"},
    "raw_rcpt_to": "Recipient@example.com",
    "rcpt_to": "recipient@example.com",
    "subject": "Summer deals are here!",
    "template_id": "templ-1234",
    "timestamp": "1795290000",
    "transmission_id": "65832150921904138",
}
ABOUT = {
    "email_id": "000443ee14578172be22",
    "email_subject": "Summer deals are here!",
    "campaign_id": "Example Campaign Name",
    "campaign_name": "templ-1234",
}


def item(group: str, kind: str, **members: Any) -> dict[str, Any]:
    return {"msys": {group: EVENT | {"type": kind} | members}}


def example(name: str, given: Any, properties: Any = None, **more: Any) -> Example:
    return Example(
        given,
        name,
        "92356927693813856",
        "2026-11-21T19:40:00.000Z",
        {"email": "recipient@example.com", "user_id": "u1"},
        ABOUT | (properties or {}),
        **more,
    )


SEEN = {"ip_address": "10.1.2.3", "user_agent": AGENT}
CONTEXT = {"userAgent": AGENT, "ip": "10.1.2.0"}
EXAMPLES = [
    example("Email Processed", item("message_event", "injection")),
    example("Email Delivered", item("message_event", "delivery", ip_address="127.0.0.1")),
    example(
        "Email Bounced",
        item("message_event", "bounce", bounce_class="10", raw_reason="550 no such user"),
        {"bounce_type": "hard", "bounce_code": "10", "reason": "550 no such user"},
    ),
    example("Email Marked as Spam", item("message_event", "spam_complaint")),
    example("Email Opened", item("track_event", "open", **SEEN), context=CONTEXT),
    example(
        "Email Opened",
        item("track_event", "open", is_prefetched=True, **SEEN),
        context=CONTEXT,
        bot=True,
    ),
    example("Email Initial Open", item("track_event", "initial_open", **SEEN), context=CONTEXT),
    example(
        "Email Link Clicked",
        item(
            "track_event",
            "click",
            target_link_url="https://a.example",
            target_link_name="Buy",
            **SEEN,
        ),
        {"link_url": "https://a.example", "link_id": "Buy"},
        context=CONTEXT,
    ),
    example("Unsubscribed", item("unsubscribe_event", "list_unsubscribe")),
    example("Email Dropped", item("gen_event", "generation_failure")),
]


@pytest.fixture
async def hook(tmp_path: Path) -> Hook:
    return await hook_of(tmp_path, "sparkpost")


@examples(EXAMPLES)
async def test_an_event_becomes_a_touchpoint(hook: Hook, example: Example) -> None:
    assert (await hook.post(msgspec.json.encode([example.item]), basic())).status_code == 200
    (found,) = hook.touchpoints
    check(found, example)


async def test_only_who_has_the_key_is_heard(hook: Hook) -> None:
    await check_signatures(hook, msgspec.json.encode([EXAMPLES[0].item]), key_of, KEY)


async def test_a_ping_and_a_test_of_the_url_are_answered(hook: Hook) -> None:
    for body in (b'[{"msys":{}}]', b'{"msys":{}}', b"[]"):
        assert (await hook.post(body, basic())).status_code == 200
    assert not hook.touchpoints


async def test_a_reply_is_kept_without_its_text(hook: Hook) -> None:
    relayed = {
        "relay_message": {
            "content": {"email_rfc822": "Hello there", "subject": "Re: deals", "text": "Hello"},
            "msg_from": "me@here.example",
            "rcpt_to": "you@there.example",
        }
    }
    assert (await hook.post(msgspec.json.encode([{"msys": relayed}]), basic())).status_code == 200
    (found,) = hook.touchpoints
    assert (found.event, found.identifiers) == (
        "Email Reply Received",
        {"email": "me@here.example"},
    )
    assert b"Hello" not in hook.desk.sink.records[0][1]
