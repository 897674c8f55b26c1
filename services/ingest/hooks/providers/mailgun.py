"""Mailgun's webhooks: one signed event at a time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from services.ingest.hooks import mail
from services.ingest.hooks.call import Call
from services.ingest.hooks.provider import Members, Occurrence, Provider, Setup
from services.ingest.hooks.reading import json_of, member, readable, seconds, short, text
from services.ingest.hooks.signatures import digest, require_fresh, require_one
from services.ingest.mail_machines import is_machine

# It tries for eight hours, and whether a repeat is stamped anew is not said.
AGE_SECONDS_MAX = 9 * 3600
_WHAT = "the signature in the body"

NAMES = {
    "accepted": mail.PROCESSED,
    "rejected": mail.DROPPED,
    "delivered": mail.DELIVERED,
    "opened": mail.OPENED,
    "clicked": mail.CLICKED,
    "unsubscribed": mail.UNSUBSCRIBED,
    "complained": mail.SPAM,
    "failed": mail.BOUNCED,
}


def verify(call: Call) -> None:
    """HMAC over timestamp and token. The body is not covered: the token is the event's id, so that
    another body under the same signature is a repeat and changes nothing."""
    signed = member(json_of(call.body), "signature")
    stated, token = text(signed, "timestamp") or "", text(signed, "token") or ""
    expected = [digest(secret, f"{stated}{token}".encode()).hex() for secret in call.secrets]
    require_one(text(signed, "signature") or "", expected, _WHAT)
    require_fresh(stated, call.now_us, AGE_SECONDS_MAX, _WHAT)


def items(call: Call) -> list[Any]:
    return [json_of(call.body)]


def translate(item: Members, _: Call) -> Iterator[Occurrence]:
    data = member(item, "event-data")
    kind = text(data, "event")
    told = mail.told(member(data, "user-variables"))
    agent = text(data, "client-info", "user-agent")
    is_read = kind in ("opened", "clicked")
    yield Occurrence(
        name=_name(data, kind),
        id=text(item, "signature", "token"),
        at=seconds(data, "timestamp"),
        identifiers={"email": text(data, "recipient")},
        properties=mail.joined(_details(data, kind), told.properties),
        user_id=told.user_id,
        anonymous_id=told.anonymous_id,
        context=mail.context(agent, text(data, "ip")) if is_read else {},
        bot=is_read and (bool(text(data, "client-info", "bot")) or is_machine(agent)),
    )


def _name(data: object, kind: str | None) -> str:
    if kind == "failed" and text(data, "severity") == "temporary":
        return mail.DEFERRED
    if kind == "failed" and (text(data, "reason") or "").startswith("suppress-"):
        return mail.DROPPED  # not even sent, for what came of earlier ones
    return NAMES.get(kind or "") or readable(mail.PREFIX, kind)


def _details(data: object, kind: str | None) -> Members:
    details: Members = {
        "email_id": text(data, "message", "headers", "message-id"),
        "email_subject": short(data, "message", "headers", "subject"),
        "campaign_id": short(data, "campaigns", 0, "id") or short(data, "tags", 0),
        "campaign_name": short(data, "campaigns", 0, "name"),
        "list_id": text(data, "mailing-list", "address"),
    }
    if kind == "clicked":
        details["link_url"] = text(data, "url")
    if kind in ("failed", "rejected"):
        details |= {
            "bounce_code": text(data, "delivery-status", "code"),
            "reason": short(data, "delivery-status", "message") or short(data, "reason"),
        }
    if _name(data, kind) == mail.BOUNCED:
        details["bounce_type"] = mail.bounce_type(is_hard=True)
    return details


PROVIDER = Provider(
    name="mailgun",
    proof="secret",
    setup=Setup(
        "HTTP webhook signing key",
        (
            "Mailgun, Send > Sending > Webhooks: add {url} for each event you want",
            "the HTTP webhook signing key of the same page is the secret that is asked for here",
        ),
    ),
    verify=verify,
    translate=translate,
    items=items,
    stop_status=406,
)
