"""Any sender, by a mapping: a call record of a telephone system, a signed list, a form."""

from __future__ import annotations

import base64
import hmac
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.ingest.hooks.posting import KEY, Example, basic, check, check_signatures, hook_of, key_of

RECORD = {
    "call_id": "1763755199.42",
    "started_at": 1795290000,
    "ended_at": 1795290077,
    "direction": "in",
    "from": "+48 601 100 200",
    "to": "+48221234567",
    "disposition": "ANSWERED",
    "legs": [{"seconds": 77}],
}
CALLS: dict[str, Any] = {
    "event": "disposition",
    "names": {"ANSWERED": "Call Ended", "NO ANSWER": "Call Missed"},
    "message_id": "call_id",
    "timestamp": "started_at",
    "identifiers": {"phone": "from"},
    "properties": {"call_id": "call_id", "call_duration": "legs[0].seconds", "way": "direction"},
}
EXAMPLES = [
    Example(
        RECORD,
        "Call Ended",
        "1763755199.42",
        "2026-11-21T19:40:00.000Z",
        {"phone": "+48601100200"},
        {"call_id": "1763755199.42", "call_duration": 77, "way": "in"},
    )
]


async def test_a_call_record_becomes_a_touchpoint(tmp_path: Path) -> None:
    hook = await hook_of(tmp_path, "generic", channel="phone", mapping=CALLS)
    assert (await hook.post(msgspec.json.encode(RECORD), basic())).status_code == 200
    (found,) = hook.touchpoints
    check(found, EXAMPLES[0])


async def test_a_name_that_is_not_mapped_is_made_readable(tmp_path: Path) -> None:
    hook = await hook_of(tmp_path, "generic", channel="phone", mapping=CALLS)
    await hook.post(msgspec.json.encode(RECORD | {"disposition": "voice_mail"}), basic())
    assert [one.event for one in hook.touchpoints] == ["Voice Mail"]


async def test_a_list_may_stand_somewhere_in_the_body(tmp_path: Path) -> None:
    mapping = {"items": "data.rows", "name": "Order Completed", "user_id": "who.id"}
    hook = await hook_of(tmp_path, "generic", mapping=mapping)
    rows = [{"who": {"id": 1}}, {"who": {"id": 2}}]
    await hook.post(msgspec.json.encode({"data": {"rows": rows}}), basic())
    assert [one.identifiers["user_id"] for one in hook.touchpoints] == ["1", "2"]
    first, second = hook.touchpoints
    assert first.message_id != second.message_id


async def test_a_form_is_read_too_and_our_own_names_need_no_mapping(tmp_path: Path) -> None:
    hook = await hook_of(tmp_path, "generic")
    body = b"event=Product+Viewed&userId=u1&messageId=m1&timestamp=1795290000000"
    headers = basic() | {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}
    assert (await hook.post(body, headers)).status_code == 200
    (found,) = hook.touchpoints
    assert (found.event, found.message_id, found.occurred_at) == (
        "Product Viewed",
        "m1",
        "2026-11-21T19:40:00.000Z",
    )


async def test_only_who_has_the_key_is_heard(tmp_path: Path) -> None:
    hook = await hook_of(tmp_path, "generic", mapping=CALLS)
    await check_signatures(hook, msgspec.json.encode(RECORD), key_of, KEY)


@pytest.mark.parametrize("encoding", ["hex", "base64"])
@pytest.mark.parametrize("algorithm", ["sha1", "sha256", "sha512"])
async def test_a_sender_may_sign(tmp_path: Path, encoding: str, algorithm: str) -> None:
    how = {"header": "X-Signature", "encoding": encoding, "algorithm": algorithm, "prefix": "v="}
    hook = await hook_of(tmp_path, "generic", "s1", signature=how, mapping=CALLS)
    body = msgspec.json.encode(RECORD)
    mac = hmac.new(b"s1", body, algorithm).digest()
    written = base64.b64encode(mac).decode() if encoding == "base64" else mac.hex()
    assert (await hook.post(body, basic())).status_code == 401
    assert (await hook.post(body, {"X-Signature": written})).status_code == 401
    assert (await hook.post(body, {"X-Signature": f"v={written}"})).status_code == 200
