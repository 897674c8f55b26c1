"""Mandrill's webhooks: a signed form with a list of events."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any

from services.ingest.hooks import mail
from services.ingest.hooks.call import Call
from services.ingest.hooks.provider import Members, Occurrence, Provider, Setup
from services.ingest.hooks.reading import (
    form_of,
    form_pairs,
    json_of,
    member,
    readable,
    seconds,
    short,
    stable_id,
    text,
)
from services.ingest.hooks.signatures import digest, require_one
from services.ingest.mail_machines import is_machine

# Signs the call without events that tries a new webhook, which has no key of its own yet.
TEST_KEY = b"test-webhook"

NAMES = {
    "send": mail.PROCESSED,
    "delivered": mail.DELIVERED,
    "deferral": mail.DEFERRED,
    "hard_bounce": mail.BOUNCED,
    "soft_bounce": mail.BOUNCED,
    "reject": mail.DROPPED,
    "open": mail.OPENED,
    "click": mail.CLICKED,
    "spam": mail.SPAM,
    "unsub": mail.UNSUBSCRIBED,
    "inbound": mail.REPLIED,
}


def verify(call: Call) -> None:
    """HMAC-SHA1 over the URL as it was given to Mandrill and the sorted fields of the form."""
    fields = "".join(name + value for name, value in sorted(form_pairs(call.body)))
    secrets = call.secrets if items(call) else (*call.secrets, TEST_KEY)
    expected = [
        base64.b64encode(digest(secret, (url + fields).encode(), "sha1")).decode()
        for secret in secrets
        for url in call.urls
    ]
    require_one(call.header("x-mandrill-signature"), expected, "X-Mandrill-Signature")


def items(call: Call) -> list[Any]:
    """The events; the test of a new webhook has none."""
    value = json_of((form_of(call.body).get("mandrill_events") or "[]").encode())
    return value if isinstance(value, list) else [value]


def translate(item: Members, _: Call) -> Iterator[Occurrence]:
    kind, message = text(item, "event"), member(item, "msg")
    told = mail.told(member(message, "metadata"))
    agent = text(item, "user_agent")
    at, link = text(item, "ts"), text(item, "url")
    who = _who(item, kind)
    yield Occurrence(
        name=_name(item, kind),
        id=stable_id(text(item, "_id") or who, kind or text(item, "type"), at, link),
        at=seconds(item, "ts"),
        identifiers={"email": who},
        properties=mail.joined(_details(item, message), told.properties),
        user_id=told.user_id,
        anonymous_id=told.anonymous_id,
        context=mail.context(agent, text(item, "ip")) if kind in ("open", "click") else {},
        bot=is_machine(agent),
    )


def _who(item: Members, kind: str | None) -> str | None:
    if kind == "inbound":
        return text(item, "msg", "from_email")
    return text(item, "msg", "email") or text(item, "reject", "email")


def _name(item: Members, kind: str | None) -> str:
    if kind is None:
        return readable(mail.PREFIX, f"{text(item, 'type')} {text(item, 'action') or ''}")
    return NAMES.get(kind) or readable(mail.PREFIX, kind)


def _details(item: Members, message: object) -> Members:
    kind = text(item, "event") or ""
    is_bounce = NAMES.get(kind) == mail.BOUNCED
    return {
        "email_id": text(item, "_id"),
        "email_subject": short(message, "subject"),
        "campaign_id": short(message, "tags", 0),
        "campaign_name": short(message, "template"),
        "link_url": text(item, "url"),
        "bounce_type": mail.bounce_type(is_hard=kind == "hard_bounce") if is_bounce else None,
        "bounce_code": text(message, "bounce_description"),
        "reason": short(message, "diag") or short(item, "reject", "reason"),
    }


PROVIDER = Provider(
    name="mandrill",
    proof="secret",
    setup=Setup(
        "webhook authentication key",
        (
            "Mandrill, Settings > Webhooks > Add a Webhook: Post To URL {url}, choose events",
            "the Key that stands beside it then is the secret that is asked for here",
        ),
    ),
    verify=verify,
    translate=translate,
    items=items,
)
