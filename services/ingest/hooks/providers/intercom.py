"""Intercom's webhooks: conversations and contacts, signed with the app's client secret."""

from __future__ import annotations

from collections.abc import Iterator

from services.ingest.hooks import chat, mail
from services.ingest.hooks.call import Call
from services.ingest.hooks.provider import Members, Occurrence, Provider, Setup
from services.ingest.hooks.reading import member, number, objects, readable, seconds, text
from services.ingest.hooks.signatures import digest, require_one

NAMES = {
    "conversation.user.created": chat.STARTED,
    "conversation.user.replied": chat.SENT,
    "conversation.admin.replied": chat.RECEIVED,
    "conversation.admin.single.created": chat.RECEIVED,
    "conversation.operator.replied": chat.RECEIVED,
    "conversation.admin.closed": chat.ENDED,
    "conversation.rating.added": chat.RATED,
    "contact.unsubscribed": mail.UNSUBSCRIBED,
    "contact.user.unsubscribed": mail.UNSUBSCRIBED,
    "user.unsubscribed": mail.UNSUBSCRIBED,
}
_NOBODY = ("ping", "admin.", "company.", "content_stat.", "job.", "call.")
_PEOPLE = ("user", "lead", "contact")


def verify(call: Call) -> None:
    expected = ["sha1=" + digest(secret, call.body, "sha1").hex() for secret in call.secrets]
    require_one(call.header("x-hub-signature"), expected, "X-Hub-Signature")


def translate(item: Members, _: Call) -> Iterator[Occurrence]:
    topic, data = text(item, "topic") or "", member(item, "data", "item")
    if not topic or topic.startswith(_NOBODY):
        return
    person = _person(data)
    yield Occurrence(
        name=NAMES.get(topic) or _other(topic, data),
        id=text(item, "id"),
        at=seconds(item, "created_at"),
        identifiers={
            "intercom": text(person, "id"),
            "email": text(person, "email") or text(data, "email"),
            "phone": text(person, "phone"),
        },
        properties=_details(data) if topic.startswith("conversation") else {},
        user_id=text(person, "external_id") or text(person, "user_id") or text(data, "user_id"),
    )


def _other(topic: str, data: object) -> str:
    if topic == "event.created":
        return text(data, "event_name") or readable("", topic)
    prefix = "Live Chat" if topic.startswith("conversation") else ""
    return readable(prefix, topic)


def _person(data: object) -> object:
    """The customer of a conversation; never an admin, who may be its author too."""
    if text(data, "type") in _PEOPLE:
        return data
    contact = member(data, "contacts", "contacts", 0) or member(data, "contact")
    author = member(data, "source", "author")
    if text(author, "type") in _PEOPLE:
        same = text(author, "id") == text(contact, "id") or contact is None
        if isinstance(author, dict) and same:
            return author | (contact if isinstance(contact, dict) else {})
    return contact or member(data, "user")


def _details(data: object) -> Members:
    parts = list(objects(data, "conversation_parts", "conversation_parts"))
    last: Members = parts[-1] if parts else {}
    agent = member(last, "author")
    is_admin = text(agent, "type") == "admin"
    return {
        "conversation_id": text(data, "id"),
        "message_id": text(last, "id") or text(data, "source", "id"),
        "agent_id": text(agent, "id") if is_admin else text(data, "admin_assignee_id"),
        "agent_name": text(agent, "name") if is_admin else None,
        "rating": number(data, "conversation_rating", "rating"),
    }


PROVIDER = Provider(
    name="intercom",
    proof="secret",
    setup=Setup(
        "client secret of the app",
        (
            "Intercom, Developer Hub > your app > Webhooks: endpoint URL {url}, choose topics",
            "the client secret is under Basic information; then Send a test request",
        ),
    ),
    verify=verify,
    translate=translate,
)
