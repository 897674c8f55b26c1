"""Brevo's webhooks, transactional and marketing: flat events, known by the source's key."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from services.ingest.hooks import mail
from services.ingest.hooks.call import Call
from services.ingest.hooks.provider import Members, Occurrence, Provider, Setup
from services.ingest.hooks.reading import (
    member,
    milliseconds,
    readable,
    seconds,
    short,
    stable_id,
    text,
)
from services.ingest.hooks.signatures import verify_key
from services.ingest.mail_machines import is_machine

NAMES = {
    "request": mail.PROCESSED,
    "sent": mail.PROCESSED,
    "delivered": mail.DELIVERED,
    "deferred": mail.DEFERRED,
    "opened": mail.OPENED,
    "unique_opened": mail.OPENED,
    "proxy_open": mail.OPENED,
    "unique_proxy_open": mail.OPENED,
    "click": mail.CLICKED,
    "soft_bounce": mail.BOUNCED,
    "hard_bounce": mail.BOUNCED,
    "invalid_email": mail.BOUNCED,
    "blocked": mail.DROPPED,
    "error": mail.DROPPED,
    "spam": mail.SPAM,
    "complaint": mail.SPAM,
    "unsubscribe": mail.UNSUBSCRIBED,
    "unsubscribed": mail.UNSUBSCRIBED,
    "list_addition": mail.SUBSCRIBED,
}


def translate(item: Members, _: Call) -> Iterator[Occurrence]:
    kind = text(item, "event") or ""
    name = NAMES.get(kind) or readable(mail.PREFIX, kind)
    told = mail.told(_attached(item))
    agent = text(item, "user_agent")
    link = text(item, "link") or text(item, "URL")
    when = text(item, "ts_epoch") or text(item, "ts_event") or text(item, "date_event")
    about = text(item, "message-id") or text(item, "camp_id")
    yield Occurrence(
        name=name,
        # By our name: a first open that is told twice, as itself and as an open, is one.
        id=stable_id(about, name, when, text(item, "email"), link),
        # Its other times are in the time zone of the account.
        at=milliseconds(item, "ts_epoch") or seconds(item, "ts_event"),
        identifiers={"email": text(item, "email")},
        properties=mail.joined(_details(item, kind, link), told.properties),
        user_id=told.user_id,
        anonymous_id=told.anonymous_id,
        context=mail.context(agent, None),
        bot="proxy_open" in kind or is_machine(agent),
    )


def _attached(item: Members) -> object:
    """What was sent in the header `X-Mailin-custom`, which is text and may be JSON."""
    custom = member(item, "X-Mailin-custom")
    if not isinstance(custom, str):
        return custom
    try:
        return msgspec.json.decode(custom)
    except (msgspec.DecodeError, UnicodeError, RecursionError, ValueError):
        return None


def _details(item: Members, kind: str, link: str | None) -> Members:
    is_bounce = NAMES.get(kind) == mail.BOUNCED
    tag = short(item, "tags", 0) or short(item, "tag")
    return {
        "email_id": text(item, "message-id"),
        "email_subject": short(item, "subject"),
        "campaign_id": text(item, "camp_id") or tag,
        "campaign_name": short(item, "campaign name"),
        "link_url": link,
        "list_id": text(item, "list_id", 0) or text(item, "list_id"),
        "bounce_type": mail.bounce_type(is_hard=kind != "soft_bounce") if is_bounce else None,
        "reason": short(item, "reason"),
    }


PROVIDER = Provider(
    name="brevo",
    proof="key",
    setup=Setup(
        "",
        (
            "Brevo, Transactional (or Campaigns) > Settings > Webhook > Add a new webhook: {url}",
            "as authentication choose Token and give the key; or put it into the URL:"
            " {url}?key={key}",
        ),
    ),
    verify=verify_key,
    translate=translate,
)
