"""Resend's webhooks: one event at a time, signed as Standard Webhooks say."""

from __future__ import annotations

from collections.abc import Iterator

from services.ingest.hooks import mail
from services.ingest.hooks.call import Call
from services.ingest.hooks.provider import Members, Occurrence, Provider, Setup
from services.ingest.hooks.reading import address, member, objects, readable, short, text
from services.ingest.hooks.standard import said, secret_fault, verify_standard
from services.ingest.mail_machines import is_machine

NAMES = {
    "email.sent": mail.PROCESSED,
    "email.scheduled": "Email Scheduled",
    "email.delivered": mail.DELIVERED,
    "email.delivery_delayed": mail.DEFERRED,
    "email.bounced": mail.BOUNCED,
    "email.complained": mail.SPAM,
    "email.opened": mail.OPENED,
    "email.clicked": mail.CLICKED,
    "email.failed": mail.DROPPED,
    "email.suppressed": mail.DROPPED,
    "email.received": mail.REPLIED,
}


def translate(item: Members, call: Call) -> Iterator[Occurrence]:
    kind, data = text(item, "type") or "", member(item, "data")
    if kind.startswith("domain."):
        return
    told = mail.told(_tags(data))
    seen = member(data, "click") if kind == "email.clicked" else member(data, "open")
    agent = text(seen, "userAgent")
    yield Occurrence(
        name=_name(kind, data),
        id=said(call, "id"),
        at=text(item, "created_at"),
        identifiers={"email": _who(kind, data)},
        properties=mail.joined(_details(data), told.properties),
        user_id=told.user_id,
        anonymous_id=told.anonymous_id,
        context=mail.context(agent, text(seen, "ipAddress")),
        bot=is_machine(agent),
    )


def _who(kind: str, data: object) -> str | None:
    """Of several recipients nobody: Resend does not say whom an event is about."""
    if kind.startswith("contact."):
        return text(data, "email")
    if kind == "email.received":
        return address(text(data, "from"))
    to = member(data, "to")
    if isinstance(to, list):
        return address(text(to, 0)) if len(to) == 1 else None
    return address(text(data, "to"))


def _name(kind: str, data: object) -> str:
    if kind.startswith("contact."):
        if member(data, "unsubscribed") is True:
            return mail.UNSUBSCRIBED
        return readable("", kind)
    return NAMES.get(kind) or readable(mail.PREFIX, kind.removeprefix("email."))


def _tags(data: object) -> object:
    """Tags stand as an object, or as a list of names and values as they are sent."""
    tags = member(data, "tags")
    if isinstance(tags, list):
        return {text(one, "name"): member(one, "value") for one in objects(tags)}
    return tags


def _details(data: object) -> Members:
    kind = text(data, "bounce", "type")
    return {
        "email_id": text(data, "email_id"),
        "email_subject": short(data, "subject"),
        "campaign_id": text(data, "broadcast_id"),
        "link_url": text(data, "click", "link"),
        "list_id": text(data, "audience_id"),
        "bounce_type": mail.bounce_type(is_hard=kind == "Permanent") if kind else None,
        "bounce_code": text(data, "bounce", "subType"),
        "reason": short(data, "bounce", "message") or short(data, "failed", "reason"),
    }


PROVIDER = Provider(
    name="resend",
    proof="secret",
    setup=Setup(
        "signing secret (whsec_...) of the webhook",
        (
            "Resend, Webhooks > Add Webhook: {url}, choose events",
            "its Signing Secret is the secret that is asked for here",
        ),
    ),
    verify=verify_standard,
    translate=translate,
    secret_fault=secret_fault,
)
