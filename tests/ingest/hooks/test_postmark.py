"""Postmark's webhooks, by the bodies of its documentation."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from services.ingest.hooks.reading import stable_id
from tests.ingest.hooks.posting import (
    KEY,
    Example,
    basic,
    check,
    check_signatures,
    examples,
    hook_of,
    key_of,
)

JOHN = {"email": "john@example.com"}
MAIL = "883953f4-6105-42a2-a16a-77a8eac79483"
DELIVERY: dict[str, Any] = {
    "MessageID": MAIL,
    "Recipient": "John@Example.com",
    "DeliveredAt": "2026-11-21T19:33:54.9070259Z",
    "Details": "Test delivery webhook details",
    "Tag": "welcome-email",
    "ServerID": 23,
    "Metadata": {"user_id": "u1", "campaign_name": "Autumn", "secret": "not copied"},
    "RecordType": "Delivery",
    "MessageStream": "outbound",
}
OPEN: dict[str, Any] = {
    "RecordType": "Open",
    "MessageStream": "outbound",
    "FirstOpen": True,
    "Client": {"Name": "Chrome 35.0.1916.153", "Company": "Google", "Family": "Chrome"},
    "OS": {"Name": "OS X 10.7 Lion", "Company": "Apple Computer, Inc.", "Family": "OS X 10"},
    "Platform": "WebMail",
    "UserAgent": "Mozilla/5.0 (Macintosh) Chrome/35.0.1916.153 Safari/537.36",
    "Geo": {"CountryISOCode": "RS", "IP": "188.2.95.4"},
    "MessageID": MAIL,
    "ReceivedAt": "2026-11-21T18:33:54.907Z",
    "Tag": "welcome-email",
    "Recipient": "john@example.com",
}
CLICK: dict[str, Any] = {
    "RecordType": "Click",
    "ClickLocation": "HTML",
    "UserAgent": "Mozilla/5.0 (Macintosh) Chrome/35.0.1916.153 Safari/537.36",
    "OriginalLink": "https://shop.example/sale?a=b",
    "MessageID": MAIL,
    "ReceivedAt": "2026-11-21T19:00:00Z",
    "Recipient": "john@example.com",
}
BOUNCE: dict[str, Any] = {
    "RecordType": "Bounce",
    "ID": 692560173,
    "Type": "HardBounce",
    "TypeCode": 1,
    "Name": "Hard bounce",
    "Description": "The server was unable to deliver your message",
    "MessageID": MAIL,
    "Email": "john@example.com",
    "From": "sender@example.com",
    "BouncedAt": "2026-11-21T14:33:54.9070259-05:00",
    "Subject": "Hello",
    "Content": "<Full dump of bounce>",
}
CHANGE: dict[str, Any] = {
    "RecordType": "SubscriptionChange",
    "MessageID": MAIL,
    "ServerID": 123456,
    "MessageStream": "broadcast",
    "ChangedAt": "2026-11-21T10:53:34.416071Z",
    "Recipient": "john@example.com",
    "Origin": "Recipient",
    "SuppressSending": True,
    "SuppressionReason": "ManualSuppression",
}
EXAMPLES = [
    Example(
        DELIVERY,
        "Email Delivered",
        stable_id(MAIL, "Delivery", DELIVERY["DeliveredAt"], "John@Example.com", None),
        "2026-11-21T19:33:54.907025Z",
        JOHN | {"user_id": "u1"},
        {
            "email_id": MAIL,
            "campaign_id": "welcome-email",
            "campaign_name": "Autumn",
            "list_id": "outbound",
        },
    ),
    Example(
        OPEN,
        "Email Opened",
        stable_id(MAIL, "Open", OPEN["ReceivedAt"], "john@example.com", None),
        "2026-11-21T18:33:54.907Z",
        JOHN,
        {"email_id": MAIL, "campaign_id": "welcome-email", "list_id": "outbound"},
        {"userAgent": OPEN["UserAgent"], "ip": "188.2.95.0"},
    ),
    Example(
        CLICK,
        "Email Link Clicked",
        stable_id(MAIL, "Click", CLICK["ReceivedAt"], "john@example.com", CLICK["OriginalLink"]),
        "2026-11-21T19:00:00.000Z",
        JOHN,
        {"email_id": MAIL, "link_url": "https://shop.example/sale?a=b"},
        {"userAgent": CLICK["UserAgent"]},
    ),
    Example(
        BOUNCE,
        "Email Bounced",
        "Bounce:692560173",
        "2026-11-21T19:33:54.907025Z",
        JOHN,
        {
            "email_id": MAIL,
            "email_subject": "Hello",
            "bounce_type": "hard",
            "bounce_code": "HardBounce",
            "reason": "The server was unable to deliver your message",
        },
    ),
    Example(
        CHANGE,
        "Unsubscribed",
        stable_id(MAIL, "SubscriptionChange", CHANGE["ChangedAt"], "john@example.com", None),
        "2026-11-21T10:53:34.416071Z",
        JOHN,
        {"email_id": MAIL, "list_id": "broadcast", "reason": "ManualSuppression"},
    ),
    Example(
        OPEN | {"UserAgent": "Mozilla/5.0", "Geo": {}},
        "Email Opened",
        stable_id(MAIL, "Open", OPEN["ReceivedAt"], "john@example.com", None),
        "2026-11-21T18:33:54.907Z",
        JOHN,
        {"email_id": MAIL, "campaign_id": "welcome-email", "list_id": "outbound"},
        {"userAgent": "Mozilla/5.0"},
        bot=True,
    ),
]


@examples(EXAMPLES)
async def test_an_event_becomes_a_touchpoint(tmp_path: Path, example: Example) -> None:
    hook = await hook_of(tmp_path, "postmark")
    answer = await hook.post(msgspec.json.encode(example.item), basic())
    assert answer.status_code == 200, answer.text
    (found,) = hook.touchpoints
    check(found, example)


async def test_only_who_has_the_key_is_heard(tmp_path: Path) -> None:
    hook = await hook_of(tmp_path, "postmark")
    await check_signatures(hook, msgspec.json.encode(OPEN), key_of, KEY)


async def test_a_resubscription_and_an_unknown_event_are_kept_too(tmp_path: Path) -> None:
    hook = await hook_of(tmp_path, "postmark")
    for item in (CHANGE | {"SuppressSending": False}, OPEN | {"RecordType": "InboxPlacement"}):
        await hook.post(msgspec.json.encode(item), basic())
    assert [one.event for one in hook.touchpoints] == ["Subscribed", "Email Inbox Placement"]


async def test_an_inbound_mail_is_a_reply_and_its_text_is_not_kept(tmp_path: Path) -> None:
    hook = await hook_of(tmp_path, "postmark")
    inbound = {"FromFull": {"Email": "Ann@x.example"}, "MessageID": "m9", "TextBody": "my wish"}
    assert (await hook.post(msgspec.json.encode(inbound), basic())).status_code == 200
    (found,) = hook.touchpoints
    assert (found.event, found.identifiers) == ("Email Reply Received", {"email": "ann@x.example"})
    assert b"wish" not in hook.desk.sink.records[0][1]


async def test_a_body_that_cannot_be_read_is_told_to_stop(tmp_path: Path) -> None:
    hook = await hook_of(tmp_path, "postmark")
    answer = await hook.post(b"{", basic())
    assert (answer.status_code, answer.json()["code"]) == (403, "malformed_json")
