"""Twilio's webhooks: signatures by vectors of its own library, messages, conversations, calls."""

from __future__ import annotations

import base64
import hmac
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode

import msgspec
import pytest

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

SECRET = "12345"
NOW_TEXT = "2026-11-21T20:00:00.000Z"
ANN = {"phone": "+14158675309"}
SMS = "SM1234567890abcdef1234567890abcdef"
CALL = "CA1234567890abcdef1234567890abcdef"
AT = "Sat, 21 Nov 2026 19:40:00 +0000"


def sign(
    body: bytes, _: int = NOW_SECONDS, secret: str = SECRET, url: str = URL, by: str = "sha1"
) -> Headers:
    fields = "".join(name + value for name, value in sorted(parse_qsl(body.decode(), True)))
    mac = hmac.new(secret.encode(), (url + fields).encode(), by).digest()
    return {"X-Twilio-Signature": base64.b64encode(mac).decode()}


def form(item: Any) -> bytes:
    return urlencode(item).encode()


def came(**members: str) -> dict[str, str]:
    return {
        "MessageSid": SMS,
        "AccountSid": "AC1",
        "From": "+14158675309",
        "To": "+18005551212",
        "Body": "my secret wish",
        "NumMedia": "0",
    } | members


def receipt(status: str, **members: str) -> dict[str, str]:
    given = {
        "MessageSid": SMS,
        "MessageStatus": status,
        "To": "+14158675309",
        "From": "+18005551212",
    }
    return given | members


def message(name: str, given: Any, status: str, who: Any, more: Any = None) -> Example:
    about = {"message_id": SMS} | (more or {})
    return Example(given, name, f"{SMS}:{status}", NOW_TEXT, who, about)


WHATSAPP = {"whatsapp": "14158675309"} | ANN
MESSAGES = [
    message("Live Chat Message Sent", came(), "received", ANN, {"media_count": 0}),
    message(
        "Live Chat Message Sent",
        came(From="whatsapp:+14158675309", WaId="14158675309", ButtonPayload="yes"),
        "received",
        WHATSAPP,
        {"media_count": 0, "button_id": "yes"},
    ),
    message("Live Chat Message Delivered", receipt("delivered"), "delivered", ANN),
    message("Live Chat Message Dispatched", receipt("sent"), "sent", ANN),
    message(
        "Live Chat Message Failed",
        receipt("undelivered", ErrorCode="30003"),
        "undelivered",
        ANN,
        {"error_code": "30003"},
    ),
    Example(
        {
            "EventType": "onMessageAdded",
            "ConversationSid": "CH1",
            "MessageSid": "IM1",
            "Author": "whatsapp:+14158675309",
            "Body": "my secret wish",
            "Index": "3",
            "DateCreated": "2026-11-21T19:40:00.123Z",
        },
        "Live Chat Message Sent",
        "onMessageAdded:IM1:3",
        "2026-11-21T19:40:00.123Z",
        WHATSAPP,
        {"message_id": "IM1", "conversation_id": "CH1"},
    ),
    Example(
        {
            "EventType": "onConversationAdded",
            "ConversationSid": "CH1",
            "MessagingBinding.Address": "+14158675309",
            "DateCreated": "2026-11-21T19:40:00.123Z",
        },
        "Live Chat Conversation Started",
        "onConversationAdded:CH1:",
        "2026-11-21T19:40:00.123Z",
        ANN,
        {"conversation_id": "CH1"},
    ),
]


def call(status: str, number: int = 0, **members: str) -> dict[str, str]:
    return {
        "CallSid": CALL,
        "AccountSid": "AC1",
        "From": "+14158675309",
        "To": "+18005551212",
        "CallStatus": status,
        "Direction": "inbound",
        "Timestamp": AT,
        "CallbackSource": "call-progress-events",
        "SequenceNumber": str(number),
    } | members


def of_call(name: str, given: dict[str, str], more: Any = None) -> Example:
    about = {"call_id": CALL, "call_status": given["CallStatus"], "direction": "inbound"}
    made = f"{CALL}:{given['SequenceNumber']}"
    return Example(given, name, made, "2026-11-21T19:40:00.000Z", ANN, about | (more or {}))


TO_HER = {"Direction": "outbound-api", "From": "+18005551212", "To": "+14158675309"}
CALLS = [
    of_call("Call Started", call("initiated")),
    of_call("Call Ringing", call("ringing", 1)),
    of_call("Call Answered", call("in-progress", 2)),
    of_call(
        "Call Ended",
        call("completed", 3, CallDuration="77", Duration="2", SipResponseCode="200"),
        {"call_duration": 77, "sip_code": "200"},
    ),
    of_call("Call Missed", call("no-answer", 3, **TO_HER), {"direction": "outbound"}),
    of_call("Call Missed", call("busy", 3, **TO_HER), {"direction": "outbound"}),
]


@pytest.fixture
async def hook(tmp_path: Path) -> Hook:
    return await hook_of(tmp_path, "twilio", SECRET, channel="chatbot")


@pytest.fixture
async def phone(tmp_path: Path) -> Hook:
    return await hook_of(tmp_path, "twilio-voice", SECRET, channel="phone")


@examples(MESSAGES)
async def test_a_message_becomes_a_touchpoint(hook: Hook, example: Example) -> None:
    body = form(example.item)
    answer = await hook.post(body, sign(body))
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/xml")
    assert answer.content.endswith(b"<Response/>")
    (found,) = hook.touchpoints
    check(found, example)
    assert b"wish" not in hook.desk.sink.records[0][1]


@examples(CALLS)
async def test_a_call_becomes_a_touchpoint(phone: Hook, example: Example) -> None:
    body = form(example.item)
    assert (await phone.post(body, sign(body))).status_code == 200
    (found,) = phone.touchpoints
    check(found, example)


async def test_the_signature_of_twilios_library_is_taken(phone: Hook) -> None:
    given = {
        "CallSid": "CA1234567890ABCDE",
        "Digits": "1234",
        "From": "+14158675309",
        "To": "+18005551212",
        "Caller": "+14158675309",
    }
    # twilio.request_validator, with and without the port of https
    for signature in ("7QYS/upHaFdfRPy0rQ1V6GJwM9c=", "wbJrtWBl5KNp65dseD5naGKV+lo="):
        answer = await phone.post(form(given), {"X-Twilio-Signature": signature})
        assert answer.status_code == 200


async def test_only_what_twilio_signed_is_taken(hook: Hook) -> None:
    await check_signatures(hook, form(came()), sign, SECRET)


async def test_a_signature_for_another_url_is_not(hook: Hook) -> None:
    body = form(came())
    other = sign(body, url="https://other.example/v1/hooks/theirs")
    assert (await hook.post(body, other)).status_code == 401
    assert (await hook.post(body, sign(body, url=URL + "?a=1&b=2"), "?a=1&b=2")).status_code == 200


async def test_the_newer_signature_is_taken_by_its_header(hook: Hook) -> None:
    body = form(came())
    settings = {"X-Twilio-Webhooks-Signature-Settings": "key=KS1,algorithm=HMAC_SHA256"}
    assert (await hook.post(body, sign(body, by="sha256") | settings)).status_code == 200
    assert (await hook.post(body, sign(body) | settings)).status_code == 401


async def test_a_json_body_is_signed_by_its_hash(hook: Hook) -> None:
    body = msgspec.json.encode(came())
    query = f"?bodySHA256={sha256(body).hexdigest()}"
    headers = sign(b"", url=URL + query) | {"Content-Type": "application/json"}
    assert (await hook.post(body, headers, query)).status_code == 200
    assert (await hook.post(body + b" ", headers, query)).status_code == 401


@pytest.mark.parametrize(
    "given",
    [
        call("initiated", From="client:alice"),
        call("initiated", From="sip:desk@pbx.example"),
        call("initiated", Direction="outbound-dial", To="+48600100200", ParentCallSid="CA0"),
        {"RecordingSid": "RE1", "CallSid": CALL, "RecordingStatus": "completed"},
    ],
)
async def test_agents_are_no_customers(phone: Hook, given: Any) -> None:
    body = form(given)
    assert (await phone.post(body, sign(body))).status_code == 200
    assert (len(phone.touchpoints), phone.counted("skipped")) == (0, 1)


@pytest.mark.parametrize("number", ["+266696687", "anonymous", "Restricted"])
async def test_hidden_numbers_are_not_one_person(phone: Hook, number: str) -> None:
    body = form(call("initiated", From=number))
    assert (await phone.post(body, sign(body))).status_code == 200
    assert [one.code for one in phone.desk.sink.refused] == ["no_identifier"]


async def test_an_author_without_an_address_may_be_an_agent(hook: Hook) -> None:
    body = form({"EventType": "onMessageAdded", "Author": "agent7", "MessageSid": "IM1"})
    assert (await hook.post(body, sign(body))).status_code == 200
    assert (len(hook.touchpoints), hook.counted("skipped")) == (0, 1)
