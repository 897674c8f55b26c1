"""Crisp's webhooks: signed for plugins, else known by the key in their URL."""

from __future__ import annotations

from collections.abc import Iterator

from services.ingest.hooks import chat
from services.ingest.hooks.call import Call
from services.ingest.hooks.provider import Members, Occurrence, Provider, Setup
from services.ingest.hooks.reading import member, moment, number, readable, stable_id, text
from services.ingest.hooks.signatures import digest, require_fresh, require_one, verify_key

AGE_SECONDS_MAX = 5 * 60
_WHAT = "X-Crisp-Signature"


def verify(call: Call) -> None:
    """With a secret by its signature alone; the header's time is in milliseconds."""
    if not call.secrets:
        verify_key(call)
        return
    stated = call.header("x-crisp-request-timestamp")
    content = b"[" + stated.encode() + b";" + call.body + b"]"
    expected = [digest(secret, content).hex() for secret in call.secrets]
    require_one(call.header("x-crisp-signature"), expected, _WHAT)
    require_fresh(str((number(stated) or 0) // 1000), call.now_us, AGE_SECONDS_MAX, _WHAT)


def translate(item: Members, _: Call) -> Iterator[Occurrence]:
    """Nothing of what belongs to no conversation."""
    kind, data = text(item, "event") or "", member(item, "data")
    session = text(data, "session_id")
    if session is None:
        return
    fingerprint = text(data, "fingerprint")
    by_agent = text(data, "from") == "operator"
    yield Occurrence(
        name=_name(kind, data, by_agent=by_agent),
        id=f"{kind}:{session}:{fingerprint}"
        if fingerprint
        else stable_id(kind, session, text(item, "timestamp")),
        at=moment(item, "timestamp") or moment(data, "timestamp"),
        identifiers={
            "crisp": session,
            "email": text(data, "email"),
            "phone": text(data, "phone"),
        },
        properties={
            "conversation_id": session,
            "message_id": fingerprint,
            "message_type": text(data, "type"),
            "agent_id": text(data, "user", "user_id") if by_agent else None,
            "agent_name": text(data, "user", "nickname") if by_agent else None,
        },
    )


def _name(kind: str, data: object, *, by_agent: bool) -> str:
    if kind in ("message:send", "message:received"):
        return chat.RECEIVED if by_agent or kind == "message:received" else chat.SENT
    if kind == "session:request:initiated":
        return chat.STARTED
    if kind == "session:set_state" and text(data, "state") == "resolved":
        return chat.ENDED
    return readable(chat.PREFIX, kind)


PROVIDER = Provider(
    name="crisp",
    proof="either",
    setup=Setup(
        "signing secret of the plugin",
        (
            "Crisp, Settings > Advanced configuration > Web hooks: add {url}?key={key},"
            " choose events",
            "for the hooks of a plugin of your own use {url} and give its signing secret:"
            " milepost source rotate NAME --secret",
        ),
    ),
    verify=verify,
    translate=translate,
)
