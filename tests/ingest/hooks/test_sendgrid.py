"""SendGrid's event webhook, by the bodies of its documentation."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import msgspec
import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tests.ingest.hooks.posting import (
    NOW_SECONDS,
    Example,
    Headers,
    Hook,
    check,
    check_stale,
    examples,
    hook_of,
)


def public(key: ec.EllipticCurvePrivateKey) -> str:
    """The verification key as SendGrid shows it."""
    encoded = key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return base64.b64encode(encoded).decode()


OURS, OTHER = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
AGENT = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15"
WHO = {"email": "example@test.com"}
AT = "2026-11-21T19:40:00.000Z"
BASE: dict[str, Any] = {
    "email": "example@test.com",
    "timestamp": 1795290000,
    "smtp-id": "<14c5d75ce93.dfd.64b469@ismtpd-555>",
    "category": ["cat facts"],
    "sg_message_id": "14c5d75ce93.dfd.64b469.filter0001.16648.5515E0B88.0",
}
SEEN = {"useragent": AGENT, "ip": "255.255.255.255"}
CONTEXT = {"userAgent": AGENT, "ip": "255.255.255.0"}
ABOUT = {"email_id": "14c5d75ce93"}


def item(event: str, **members: Any) -> dict[str, Any]:
    return BASE | {"event": event, "sg_event_id": f"id-{event}=="} | members


def example(name: str, given: Any, properties: Any = None, **more: Any) -> Example:
    who = WHO | more.pop("who", {})
    return Example(given, name, given["sg_event_id"], AT, who, ABOUT | (properties or {}), **more)


EXAMPLES = [
    example("Email Processed", item("processed")),
    example(
        "Email Deferred",
        item("deferred", response="400 try later", attempt="5"),
        {"reason": "400 try later"},
    ),
    example("Email Delivered", item("delivered", response="250 OK")),
    example("Email Opened", item("open", sg_machine_open=False, **SEEN), context=CONTEXT),
    example("Email Opened", item("open", sg_machine_open=True, **SEEN), context=CONTEXT, bot=True),
    example(
        "Email Link Clicked",
        item("click", url="https://shop.example/", url_offset={"index": 2, "type": "html"}, **SEEN),
        {"link_url": "https://shop.example/", "link_id": "2"},
        context=CONTEXT,
    ),
    example(
        "Email Bounced",
        item("bounce", reason="500 unknown recipient", status="5.0.0", type="bounce"),
        {"reason": "500 unknown recipient", "bounce_code": "5.0.0", "bounce_type": "hard"},
    ),
    example(
        "Email Dropped",
        item("dropped", reason="Bounced Address", status="5.0.0"),
        {"reason": "Bounced Address", "bounce_code": "5.0.0"},
    ),
    example("Email Marked as Spam", item("spamreport")),
    example("Unsubscribed", item("unsubscribe")),
    example("Unsubscribed", item("group_unsubscribe", asm_group_id=10, **SEEN), {"list_id": "10"}),
    example("Subscribed", item("group_resubscribe", asm_group_id=10), {"list_id": "10"}),
    example(
        "Email Opened",
        item("open", user_id="u7", campaign_id="c1", campaign_name="Autumn", note="not copied"),
        {"campaign_id": "c1", "campaign_name": "Autumn"},
        who={"user_id": "u7"},
    ),
]


def signed(body: bytes, at: int = NOW_SECONDS, key: ec.EllipticCurvePrivateKey = OURS) -> Headers:
    signature = key.sign(f"{at}".encode() + body, ec.ECDSA(hashes.SHA256()))
    return {
        "X-Twilio-Email-Event-Webhook-Signature": base64.b64encode(signature).decode(),
        "X-Twilio-Email-Event-Webhook-Timestamp": str(at),
    }


def body_of(*items: Any) -> bytes:
    # SendGrid ends its bodies so, and signs that too.
    return msgspec.json.encode(items) + b"\r\n"


@pytest.fixture
async def hook(tmp_path: Path) -> Hook:
    return await hook_of(tmp_path, "sendgrid", public(OURS))


@examples(EXAMPLES)
async def test_an_event_becomes_a_touchpoint(hook: Hook, example: Example) -> None:
    body = body_of(example.item)
    assert (await hook.post(body, signed(body))).status_code == 200
    (found,) = hook.touchpoints
    check(found, example)


async def test_a_list_is_taken_and_its_bad_event_rejected_by_itself(hook: Hook) -> None:
    body = body_of(item("open"), item("open", sg_event_id="b", email=None), 7, item("click"))
    assert (await hook.post(body, signed(body))).status_code == 200
    assert [one.event for one in hook.touchpoints] == ["Email Opened", "Email Link Clicked"]
    assert [one.code for one in hook.desk.sink.refused] == ["no_identifier", "invalid_event"]
    assert msgspec.json.decode(hook.desk.sink.refused[0].original)["sg_event_id"] == "b"


async def test_an_event_of_the_account_concerns_no_customer_and_is_counted(hook: Hook) -> None:
    body = body_of({"event": "account_status_change", "type": "compliance_suspend"})
    assert (await hook.post(body, signed(body))).status_code == 200
    assert not hook.touchpoints
    assert hook.counted("skipped") == 1


async def test_a_wrong_signature_is_refused(hook: Hook) -> None:
    body = body_of(item("open"))
    good = signed(body)
    broken = good | {"X-Twilio-Email-Event-Webhook-Signature": "%%%"}
    for headers in (signed(body, key=OTHER), signed(body + b" "), broken, {}):
        assert (await hook.post(body, headers)).status_code == 401
    assert not hook.touchpoints


async def test_a_signature_of_the_day_before_yesterday_is_stale(hook: Hook) -> None:
    body = body_of(item("open"))
    await check_stale(hook, body, signed(body, NOW_SECONDS - 25 * 3600 - 1), status=401)


async def test_while_the_key_is_changed_both_are_taken(tmp_path: Path) -> None:
    hook = await hook_of(tmp_path, "sendgrid", public(OURS), public(OTHER))
    body = body_of(item("open"))
    for key in (OURS, OTHER):
        assert (await hook.post(body, signed(body, key=key))).status_code == 200
