"""Standard Webhooks, by the vectors of the reference library."""

from __future__ import annotations

import base64
import hmac
from pathlib import Path
from typing import Any

import msgspec
import pytest

from services.ingest.hooks.standard import secret_fault
from tests.ingest.hooks.posting import (
    NOW_SECONDS,
    Example,
    Headers,
    Hook,
    check,
    check_signatures,
    check_stale,
    examples,
    hook_of,
)

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
AT = "2026-11-21T19:40:00.000Z"


def sign(body: bytes, at: int = NOW_SECONDS, secret: str = SECRET) -> Headers:
    secret = secret if secret.startswith("whsec_") else "whsec_d3Jvbmc="
    key = base64.b64decode(secret.removeprefix("whsec_"))
    mac = hmac.new(key, f"msg_1.{at}.".encode() + body, "sha256").digest()
    signature = "v1," + base64.b64encode(mac).decode()
    return {"webhook-id": "msg_1", "webhook-timestamp": str(at), "webhook-signature": signature}


def svix(headers: Headers) -> Headers:
    """The same under the older names."""
    return {name.replace("webhook", "svix"): value for name, value in headers.items()}


DATA = {"customer_id": 17, "email": "A@b.example", "plan": "pro", "seats": {"used": 2}}
EXAMPLES = [
    Example(
        {"type": "subscription.upgraded", "timestamp": AT, "data": DATA},
        "Subscription Upgraded",
        "msg_1",
        AT,
        {"user_id": "17", "email": "a@b.example"},
        {"plan": "pro", "seats": {"used": 2}},
    ),
    Example(
        {"type": "trialStarted", "timestamp": AT, "data": {"anonymousId": "a1"}},
        "Trial Started",
        "msg_1",
        AT,
        {"anonymous_id": "a1"},
    ),
]


@pytest.fixture
async def hook(tmp_path: Path) -> Hook:
    return await hook_of(tmp_path, "standard-webhooks", SECRET, channel="offline")


@examples(EXAMPLES)
async def test_an_event_becomes_a_touchpoint(hook: Hook, example: Example) -> None:
    body = msgspec.json.encode(example.item)
    assert (await hook.post(body, sign(body))).status_code == 200
    (found,) = hook.touchpoints
    check(found, example)


async def test_the_signature_of_the_reference_library_is_taken(hook: Hook) -> None:
    headers = {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1795291200",
        "webhook-signature": "v1,O7TYsxPGm+m2dHoYHTms367qH0Ge7SllRmYtEzUWu78=",
    }
    assert NOW_SECONDS == 1795291200
    assert (await hook.post(b'{"test": 2432232314}', headers)).status_code == 200


async def test_only_what_is_signed_is_taken(hook: Hook) -> None:
    await check_signatures(hook, msgspec.json.encode(EXAMPLES[0].item), sign, SECRET)


async def test_an_old_signature_is_stale(hook: Hook) -> None:
    body = msgspec.json.encode(EXAMPLES[0].item)
    await check_stale(hook, body, sign(body, NOW_SECONDS + 301), status=401)


async def test_one_good_signature_of_several_is_enough(hook: Hook) -> None:
    body = msgspec.json.encode(EXAMPLES[0].item)
    good = sign(body)
    several = f"v1a,ed25519 v1,{'A' * 43}= {good['webhook-signature']}"
    assert (await hook.post(body, good | {"webhook-signature": several})).status_code == 200


async def test_the_sources_mapping_comes_first(tmp_path: Path) -> None:
    mapping: dict[str, Any] = {"name": "Call Ended", "user_id": "data.customer_id"}
    hook = await hook_of(tmp_path, "standard-webhooks", SECRET, mapping=mapping)
    body = msgspec.json.encode(EXAMPLES[0].item)
    assert (await hook.post(body, sign(body))).status_code == 200
    (found,) = hook.touchpoints
    assert (found.event, found.identifiers, found.message_id) == (
        "Call Ended",
        {"user_id": "17"},
        "msg_1",
    )


def test_a_secret_of_another_kind_is_named() -> None:
    assert secret_fault(SECRET.encode()) is None
    assert secret_fault(b"whsec_%%%") is not None
