"""Chatwoot's webhooks: signed by newer versions, else known by the key in their URL."""

from __future__ import annotations

from collections.abc import Iterator

from services.ingest.hooks import chat
from services.ingest.hooks.call import Call
from services.ingest.hooks.provider import Members, Occurrence, Provider, Setup
from services.ingest.hooks.reading import member, moment, readable, stable_id, text
from services.ingest.hooks.signatures import digest, require_fresh, require_one, verify_key

AGE_SECONDS_MAX = 5 * 60
_WHAT = "X-Chatwoot-Signature"
_FROM_AGENTS = ("outgoing", "template", "1", "3")
_OF_NOBODY = ("activity", "2")


def verify(call: Call) -> None:
    """With a secret by its signature alone, so that the weaker proof cannot stand in for it."""
    if not call.secrets:
        verify_key(call)
        return
    stated = call.header("x-chatwoot-timestamp")
    content = f"{stated}.".encode() + call.body
    expected = ["sha256=" + digest(secret, content).hex() for secret in call.secrets]
    require_one(call.header("x-chatwoot-signature"), expected, _WHAT)
    require_fresh(stated, call.now_us, AGE_SECONDS_MAX, _WHAT)


def translate(item: Members, call: Call) -> Iterator[Occurrence]:
    """Nothing of notes between agents and of remarks that Chatwoot itself makes."""
    kind = text(item, "event") or ""
    if item.get("private") is True or text(item, "message_type") in _OF_NOBODY:
        return
    person = _person(item, kind)
    at = moment(item, "updated_at") or moment(item, "created_at") or moment(item, "timestamp")
    is_message = kind.startswith("message")
    agent = member(item, "sender") if _is_agents(item) else member(item, "meta", "assignee")
    yield Occurrence(
        name=_name(item, kind),
        id=call.header("x-chatwoot-delivery") or stable_id(kind, text(item, "id"), at),
        at=moment(item, "created_at") if is_message else at,
        identifiers={
            "chatwoot": text(person, "id"),
            "email": text(person, "email"),
            "phone": text(person, "phone_number"),
        },
        properties={
            "conversation_id": _conversation(item, kind),
            "message_id": text(item, "id") if is_message else None,
            "message_type": text(item, "content_type") if is_message else None,
            "agent_id": text(agent, "id"),
            "agent_name": text(agent, "name"),
            "inbox": text(item, "inbox", "name"),
        },
        user_id=text(person, "identifier"),
    )


def _conversation(item: Members, kind: str) -> str | None:
    own = text(item, "id") if kind.startswith("conversation") else None
    return own or text(item, "conversation", "display_id") or text(item, "conversation", "id")


def _is_agents(item: Members) -> bool:
    return text(item, "message_type") in _FROM_AGENTS


def _person(item: Members, kind: str) -> object:
    """The contact: an outgoing message has an agent for its sender."""
    if kind.startswith("contact"):
        return item
    sender = member(item, "sender")
    if sender is not None and kind.startswith("message") and not _is_agents(item):
        return sender
    return (
        member(item, "conversation", "meta", "sender")
        or member(item, "meta", "sender")
        or member(item, "contact")
    )


def _name(item: Members, kind: str) -> str:
    if kind == "message_created":
        return chat.RECEIVED if _is_agents(item) else chat.SENT
    if kind == "conversation_created":
        return chat.STARTED
    if kind == "conversation_status_changed":
        status = text(item, "status")
        return (
            chat.ENDED if status == "resolved" else readable(f"{chat.PREFIX} Conversation", status)
        )
    return readable("" if kind.startswith("contact") else chat.PREFIX, kind)


PROVIDER = Provider(
    name="chatwoot",
    proof="either",
    setup=Setup(
        "webhook secret, where your version shows one",
        (
            "Chatwoot, Settings > Integrations > Webhooks > Add new webhook: {url}?key={key},"
            " choose events",
            "if it then shows a secret: milepost source rotate NAME --secret,"
            " and everything unsigned is refused",
        ),
    ),
    verify=verify,
    translate=translate,
)
