"""WhatsApp Cloud API, and Messenger and Instagram, whose webhooks are the same contract of Meta."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from services.ingest.answers import Answer
from services.ingest.hooks import chat
from services.ingest.hooks.call import Call
from services.ingest.hooks.provider import Members, Occurrence, Provider, Setup
from services.ingest.hooks.reading import (
    json_of,
    member,
    milliseconds,
    objects,
    readable,
    seconds,
    stable_id,
    text,
)
from services.ingest.hooks.refusal import UnverifiedError
from services.ingest.hooks.signatures import digest, require_one, require_own

CHALLENGE_CHARACTERS_MAX = 200
_KINDS = {"page": "messenger", "instagram": "instagram"}


def challenge(call: Call) -> Answer:
    """The check when the URL is pasted: the verify token is the source's key."""
    try:
        require_own(call, [call.asked("hub.verify_token")])
    except UnverifiedError:
        raise UnverifiedError(
            "invalid_challenge", "the verify token is not the source's key"
        ) from None
    if call.asked("hub.mode") != "subscribe":
        raise UnverifiedError("invalid_challenge", "hub.mode must be subscribe")
    body = call.asked("hub.challenge")[:CHALLENGE_CHARACTERS_MAX].encode()
    length = (b"content-length", str(len(body)).encode())
    plain = (b"content-type", b"text/plain; charset=utf-8")
    return Answer(200, [plain, length, (b"x-content-type-options", b"nosniff")], body)


def verify(call: Call) -> None:
    expected = ["sha256=" + digest(secret, call.body).hex() for secret in call.secrets]
    require_one(call.header("x-hub-signature-256"), expected, "X-Hub-Signature-256")


def items(call: Call) -> list[Any]:
    """Each message and each status by itself, with what stands around it."""
    body = json_of(call.body)
    kind = _KINDS.get(text(body, "object") or "")
    found: list[Any] = []
    for entry in objects(body, "entry"):
        for change in objects(entry, "changes"):
            found += _of_change(change)
        found += [{"kind": kind, "messaging": one} for one in objects(entry, "messaging")]
    return found


def _of_change(change: Members) -> list[Any]:
    value = member(change, "value")
    about = {"number": member(value, "metadata", "phone_number_id")}
    found = [about | {"message": one} for one in objects(value, "messages")]
    found += [about | {"status": one} for one in objects(value, "statuses")]
    return found or [{"field": member(change, "field")}]


def translate(item: Members, _: Call) -> Iterator[Occurrence]:
    """Of a change of the account (a template was approved) nothing: it concerns no customer."""
    if "message" in item:
        yield _message(item, member(item, "message"))
    elif "status" in item:
        yield _status(item, member(item, "status"))
    elif "messaging" in item:
        yield from _messaging(text(item, "kind") or "messenger", member(item, "messaging"))


def _message(item: Members, message: object) -> Occurrence:
    kind = text(message, "type")
    reply = member(message, "interactive")
    button = (
        text(reply, "button_reply", "id")
        or text(reply, "list_reply", "id")
        or text(message, "button", "payload")
    )
    return Occurrence(
        name=chat.STARTED if kind == "request_welcome" else chat.CLICKED if button else chat.SENT,
        id=text(message, "id"),
        at=seconds(message, "timestamp"),
        identifiers=chat.whatsapp(text(message, "from")),
        properties={
            "message_id": text(message, "id"),
            "message_type": kind,
            "button_id": button,
            "ad_id": text(message, "referral", "source_id"),
            "business_number_id": text(item, "number"),
        },
    )


def _status(item: Members, status: object) -> Occurrence:
    message, said = text(status, "id"), text(status, "status")
    return Occurrence(
        name=chat.receipt(said),
        id=f"{message}:{said}" if message else None,
        at=seconds(status, "timestamp"),
        identifiers=chat.whatsapp(text(status, "recipient_id")),
        properties={
            "message_id": message,
            "conversation_id": text(status, "conversation", "id"),
            "campaign_id": text(status, "biz_opaque_callback_data"),
            "error_code": text(status, "errors", 0, "code"),
            "business_number_id": text(item, "number"),
        },
    )


def _messaging(kind: str, one: object) -> Iterator[Occurrence]:
    sender, recipient = text(one, "sender", "id"), text(one, "recipient", "id")
    message = text(one, "message", "mid") or text(one, "postback", "mid")
    echo = member(one, "message", "is_echo") is True
    names = {
        "message": chat.RECEIVED if echo else chat.SENT,
        "postback": chat.CLICKED,
        "delivery": chat.receipt("delivered"),
        "read": chat.receipt("read"),
    }
    said = one if isinstance(one, dict) else {}
    about = next((name for name in said if name not in ("sender", "recipient", "timestamp")), None)
    if about is None:
        return
    at = text(one, "timestamp")
    yield Occurrence(
        name=names.get(about) or readable(chat.PREFIX, about),
        id=f"{message}:{about}" if message else stable_id(about, sender, recipient, at),
        at=milliseconds(one, "timestamp"),
        identifiers={kind: recipient if echo else sender},
        properties={
            "message_id": message,
            "button_id": text(one, "postback", "payload"),
            "ad_id": text(one, "referral", "ad_id"),
        },
    )


PROVIDER = Provider(
    name="whatsapp",
    proof="secret",
    setup=Setup(
        "app secret of the Meta app",
        (
            "Meta for Developers, your app > WhatsApp > Configuration > Webhook:"
            " callback URL {url}, verify token {key}",
            "subscribe to the field messages; the app secret is under App settings > Basic",
        ),
    ),
    verify=verify,
    translate=translate,
    items=items,
    challenge=challenge,
)
