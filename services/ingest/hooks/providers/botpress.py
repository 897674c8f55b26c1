"""Botpress: the Messaging server's webhook, and what a bot posts by code or an HTTP card."""

from __future__ import annotations

from collections.abc import Iterator

from services.ingest.hooks import chat, mail
from services.ingest.hooks.call import Call
from services.ingest.hooks.provider import Members, Occurrence, Provider, Setup
from services.ingest.hooks.reading import member, moment, readable, text
from services.ingest.hooks.signatures import require_one, require_own, verify_key


def verify(call: Call) -> None:
    """The Messaging server makes a token of its own, a secret here; a bot is given our key."""
    token = call.header("x-webhook-token")
    if call.secrets:
        require_one(token, [one.decode("latin-1") for one in call.secrets], "x-webhook-token")
    elif shown := call.header("x-bp-secret") or token:
        require_own(call, [shown])
    else:
        verify_key(call)


def translate(item: Members, _: Call) -> Iterator[Occurrence]:
    kind = text(item, "type") or "message.new"
    data = item.get("data") if isinstance(item.get("data"), dict) else item
    message, told = member(data, "message"), mail.told(data)
    message_id = text(message, "id") or text(data, "messageId")
    user, talk = text(data, "userId"), text(data, "conversationId")
    own_user = None if talk else told.user_id
    yield Occurrence(
        name=_name(kind, data),
        id=f"{kind}:{message_id}" if message_id else None,
        at=moment(message, "sentOn") or moment(data, "timestamp"),
        identifiers={"botpress": user if talk else None, "email": text(data, "email")},
        properties={
            "conversation_id": talk,
            "message_id": message_id,
            "message_type": text(message, "payload", "type"),
            "channel_name": text(data, "channel"),
        },
        user_id=text(data, "user_id") or own_user,
        anonymous_id=told.anonymous_id,
    )


def _name(kind: str, data: object) -> str:
    if kind == "conversation.started":
        return chat.STARTED
    if kind != "message.new":
        return readable(chat.PREFIX, kind)
    # A message of the bot has no author.
    message = member(data, "message")
    by_bot = isinstance(message, dict) and "authorId" in message and not text(message, "authorId")
    return chat.RECEIVED if by_bot else chat.SENT


PROVIDER = Provider(
    name="botpress",
    proof="either",
    setup=Setup(
        "webhook token of the Messaging server",
        (
            "in the bot, post {{userId, conversationId, messageId, email}} to {url} with the header"
            " x-bp-secret: {key}",
            "or name {url} as webhook of the Messaging server and give the token it makes:"
            " milepost source rotate NAME --secret",
        ),
    ),
    verify=verify,
    translate=translate,
)
