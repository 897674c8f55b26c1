"""Twilio Messaging and Conversations: messages of customers, and receipts of those to them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from services.ingest.hooks import chat
from services.ingest.hooks.call import Call
from services.ingest.hooks.provider import (
    Members,
    Occurrence,
    Provider,
    Setup,
    form_items,
    json_items,
)
from services.ingest.hooks.reading import number, readable, text
from services.ingest.hooks.twilio import EMPTY_RESPONSE, identifiers_of, is_json, verify_twilio


def items(call: Call) -> list[Any]:
    return json_items(call) if is_json(call) else form_items(call)


def translate(item: Members, _: Call) -> Iterator[Occurrence]:
    kind = text(item, "EventType")
    if kind is not None:
        yield from _of_conversation(item, kind)
        return
    message = text(item, "MessageSid") or text(item, "SmsSid")
    if message is None:
        return
    status = text(item, "MessageStatus") or text(item, "SmsStatus")
    came = status is None or status == "received"
    yield Occurrence(
        name=chat.SENT if came else chat.receipt(status),
        id=f"{message}:{status or 'received'}",
        at=None,
        identifiers=identifiers_of(text(item, "From" if came else "To")),
        properties={
            "message_id": message,
            "media_count": number(item, "NumMedia"),
            "button_id": text(item, "ButtonPayload"),
            "error_code": text(item, "ErrorCode"),
            "ad_id": text(item, "ReferralSourceId"),
        },
    )


def _of_conversation(item: Members, kind: str) -> Iterator[Occurrence]:
    """Those whose author or binding is an address: an identity may as well be an agent."""
    author = text(item, "Author") or text(item, "MessagingBinding.Address")
    who = identifiers_of(author) if author and _is_address(author) else {}
    if not who:
        return
    message, conversation = text(item, "MessageSid"), text(item, "ConversationSid")
    names = {"onMessageAdded": chat.SENT, "onConversationAdded": chat.STARTED}
    yield Occurrence(
        name=names.get(kind) or readable(chat.PREFIX, kind.removeprefix("on")),
        id=f"{kind}:{message or conversation}:{text(item, 'Index') or ''}",
        at=text(item, "DateCreated"),
        identifiers=who,
        properties={"message_id": message, "conversation_id": conversation},
    )


def _is_address(author: str) -> bool:
    return author.rpartition(":")[2].startswith("+") or author.startswith("messenger:")


PROVIDER = Provider(
    name="twilio",
    proof="secret",
    setup=Setup(
        "auth token of the account",
        (
            "Twilio, the messaging service > Integration: as status callback, and as incoming"
            " message webhook if nothing else answers there, paste {url}",
            "Conversations: Global webhooks > post-event {url}",
        ),
    ),
    verify=verify_twilio,
    translate=translate,
    items=items,
    answer=EMPTY_RESPONSE,
)
