"""Brevo's webhooks, by the bodies of its documentation."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from services.ingest.hooks.reading import stable_id
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

MAIL = "<201798300811.5787683@relay.domain.com>"
WHEN = 1795290000123


def item(event: str, **members: Any) -> dict[str, Any]:
    return {
        "event": event,
        "email": "Example@Domain.com",
        "id": 26224,
        "date": "2026-11-21 20:40:00",
        "ts": 1795293600,
        "message-id": MAIL,
        "ts_event": 1795293600,
        "ts_epoch": WHEN,
        "subject": "My first Transactional",
        "X-Mailin-custom": '{"user_id": "u1", "note": "not copied"}',
        "sending_ip": "xxx.xxx.xxx.xxx",
        "template_id": 22,
        "tags": ["transac_messages"],
        **members,
    }


ABOUT = {
    "email_id": MAIL,
    "email_subject": "My first Transactional",
    "campaign_id": "transac_messages",
}


def example(name: str, given: Any, properties: Any = None, **more: Any) -> Example:
    return Example(
        given,
        name,
        stable_id(MAIL, name, WHEN, "Example@Domain.com", given.get("link")),
        "2026-11-21T19:40:00.123Z",
        {"email": "example@domain.com", "user_id": "u1"},
        ABOUT | (properties or {}),
        **more,
    )


EXAMPLES = [
    example("Email Processed", item("request")),
    example("Email Delivered", item("delivered")),
    example("Email Opened", item("opened")),
    example("Email Opened", item("unique_opened")),
    example("Email Opened", item("proxy_open"), bot=True),
    example("Email Opened", item("unique_proxy_open"), bot=True),
    example(
        "Email Link Clicked",
        item("click", link="https://shop.example"),
        {"link_url": "https://shop.example"},
    ),
    example(
        "Email Bounced",
        item("hard_bounce", reason="server is down"),
        {"bounce_type": "hard", "reason": "server is down"},
    ),
    example("Email Marked as Spam", item("spam")),
    example("Unsubscribed", item("unsubscribed", list_id=[3, 42]), {"list_id": "3"}),
]
CAMPAIGN = {
    "id": 99999,
    "camp_id": 64,
    "email": "example@domain.com",
    "campaign name": "My First Campaign",
    "date_event": "2026-11-21 20:40:00",
    "event": "click",
    "ts_event": 1795290000,
    "URL": "https://shop.example/sale",
}


@pytest.fixture
async def hook(tmp_path: Path) -> Hook:
    return await hook_of(tmp_path, "brevo")


@examples(EXAMPLES)
async def test_an_event_becomes_a_touchpoint(hook: Hook, example: Example) -> None:
    assert (await hook.post(msgspec.json.encode(example.item), basic())).status_code == 200
    (found,) = hook.touchpoints
    check(found, example)


async def test_an_event_of_a_campaign_becomes_a_touchpoint(hook: Hook) -> None:
    assert (await hook.post(msgspec.json.encode([CAMPAIGN]), {}, f"?key={KEY}")).status_code == 200
    (found,) = hook.touchpoints
    assert (found.event, found.occurred_at) == ("Email Link Clicked", "2026-11-21T19:40:00.000Z")
    assert msgspec.json.decode(found.properties) == {
        "campaign_id": "64",
        "campaign_name": "My First Campaign",
        "link_url": "https://shop.example/sale",
    }


async def test_only_who_has_the_key_is_heard(hook: Hook) -> None:
    await check_signatures(hook, msgspec.json.encode(item("opened")), key_of, KEY)
