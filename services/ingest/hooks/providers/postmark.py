"""Postmark's webhooks: one event at a time, known by the key in its URL or a header."""

from __future__ import annotations

from collections.abc import Iterator

from services.ingest.hooks import mail
from services.ingest.hooks.call import Call
from services.ingest.hooks.provider import Members, Occurrence, Provider, Setup
from services.ingest.hooks.reading import member, readable, short, stable_id, text
from services.ingest.hooks.signatures import verify_key
from services.ingest.mail_machines import is_machine

NAMES = {
    "Delivery": mail.DELIVERED,
    "Open": mail.OPENED,
    "Click": mail.CLICKED,
    "Bounce": mail.BOUNCED,
    "SpamComplaint": mail.SPAM,
}
_HARD = ("HardBounce", "BadEmailAddress", "ManuallyDeactivated")
_TIMES = ("DeliveredAt", "ReceivedAt", "BouncedAt", "ChangedAt")


def translate(item: Members, _: Call) -> Iterator[Occurrence]:
    kind = text(item, "RecordType")
    told = mail.told(member(item, "Metadata"))
    agent = text(item, "UserAgent")
    at = next((found for name in _TIMES if (found := text(item, name))), None)
    recipient = text(item, "Recipient") or text(item, "Email") or text(item, "FromFull", "Email")
    email_id, link = text(item, "MessageID"), text(item, "OriginalLink")
    yield Occurrence(
        name=_name(item, kind),
        id=_id(item, kind) or stable_id(email_id, kind, at, recipient, link),
        at=at,
        identifiers={"email": recipient},
        properties=mail.joined(_details(item, kind), told.properties),
        user_id=told.user_id,
        anonymous_id=told.anonymous_id,
        context=mail.context(agent, text(item, "Geo", "IP")) if kind in ("Open", "Click") else {},
        bot=is_machine(agent),
    )


def _id(item: Members, kind: str | None) -> str | None:
    found = text(item, "ID") if kind in ("Bounce", "SpamComplaint") else None
    return f"{kind}:{found}" if found else None


def _name(item: Members, kind: str | None) -> str:
    if kind == "SubscriptionChange":
        return mail.UNSUBSCRIBED if item.get("SuppressSending") is True else mail.SUBSCRIBED
    if kind is None and "FromFull" in item:
        return mail.REPLIED
    return NAMES.get(kind or "") or readable(mail.PREFIX, kind)


def _details(item: Members, kind: str | None) -> Members:
    details: Members = {
        "email_id": text(item, "MessageID"),
        "email_subject": short(item, "Subject"),
        "campaign_id": short(item, "Tag"),
        "list_id": text(item, "MessageStream"),
    }
    if kind == "Click":
        details |= {"link_url": text(item, "OriginalLink")}
    if kind in ("Bounce", "SpamComplaint"):
        details |= {
            "bounce_code": text(item, "Type"),
            "reason": short(item, "Description"),
        }
    if kind == "Bounce":
        details["bounce_type"] = mail.bounce_type(is_hard=text(item, "Type") in _HARD)
    if kind == "SubscriptionChange":
        details["reason"] = text(item, "SuppressionReason")
    return details


PROVIDER = Provider(
    name="postmark",
    proof="key",
    setup=Setup(
        "",
        (
            "Postmark, Servers > your server > a message stream > Webhooks > Add webhook: {url}",
            "under Basic auth credentials give any user name and the key as password;"
            " choose events, Send test",
        ),
    ),
    verify=verify_key,
    translate=translate,
    stop_status=403,
)
