"""SparkPost's event webhooks: lists of wrapped events, known by the source's key."""

from __future__ import annotations

from collections.abc import Iterator

from services.ingest.hooks import mail
from services.ingest.hooks.call import Call
from services.ingest.hooks.provider import Members, Occurrence, Provider, Setup
from services.ingest.hooks.reading import member, readable, seconds, short, stable_id, text
from services.ingest.hooks.signatures import verify_key
from services.ingest.mail_machines import is_machine

NAMES = {
    "injection": mail.PROCESSED,
    "delivery": mail.DELIVERED,
    "delay": mail.DEFERRED,
    "bounce": mail.BOUNCED,
    "out_of_band": mail.BOUNCED,
    "policy_rejection": mail.DROPPED,
    "generation_failure": mail.DROPPED,
    "generation_rejection": mail.DROPPED,
    "spam_complaint": mail.SPAM,
    "open": mail.OPENED,
    "amp_open": mail.OPENED,
    "click": mail.CLICKED,
    "amp_click": mail.CLICKED,
    "list_unsubscribe": mail.UNSUBSCRIBED,
    "link_unsubscribe": mail.UNSUBSCRIBED,
}
_HARD = ("10", "30", "90")
_NOBODY = ("ab_test_event", "ingest_event")


def translate(item: Members, _: Call) -> Iterator[Occurrence]:
    """Nothing of an empty wrapper: that is how it asks whether the URL is there."""
    wrapped = member(item, "msys")
    if not isinstance(wrapped, dict):
        return
    for kind_of, event in wrapped.items():
        if kind_of == "relay_message":
            yield _reply(event)
        elif kind_of not in _NOBODY and isinstance(event, dict):
            yield _occurrence(event)


def _occurrence(event: Members) -> Occurrence:
    kind = text(event, "type") or ""
    told = mail.told(member(event, "rcpt_meta"))
    agent = text(event, "user_agent")
    machine = event.get("is_prefetched") is True or is_machine(agent)
    return Occurrence(
        name=NAMES.get(kind) or readable(mail.PREFIX, kind),
        id=text(event, "event_id"),
        at=seconds(event, "timestamp"),
        identifiers={"email": text(event, "raw_rcpt_to") or text(event, "rcpt_to")},
        properties=mail.joined(_details(event), told.properties),
        user_id=told.user_id,
        anonymous_id=told.anonymous_id,
        context=mail.context(agent, text(event, "ip_address") if agent else None),
        bot=machine,
    )


def _reply(event: object) -> Occurrence:
    """A mail that a customer sent; its text stays with the provider."""
    who, subject = text(event, "msg_from"), short(event, "content", "subject")
    return Occurrence(
        name=mail.REPLIED,
        id=stable_id(who, text(event, "rcpt_to"), text(event, "content", "email_rfc822")),
        at=None,
        identifiers={"email": who},
        properties={"email_subject": subject},
    )


def _details(event: Members) -> Members:
    bounce = text(event, "bounce_class")
    kind = mail.bounce_type(is_hard=bounce in _HARD) if bounce else None
    return {
        "email_id": text(event, "message_id"),
        "email_subject": short(event, "subject"),
        "campaign_id": short(event, "campaign_id"),
        "campaign_name": short(event, "template_id"),
        "link_url": text(event, "target_link_url"),
        "link_id": short(event, "target_link_name"),
        "bounce_type": kind,
        "bounce_code": bounce,
        "reason": short(event, "raw_reason") or short(event, "reason"),
    }


PROVIDER = Provider(
    name="sparkpost",
    proof="key",
    setup=Setup(
        "",
        (
            "SparkPost, Configuration > Webhooks > Create Webhook: target {url}",
            "as authentication choose Basic, any user name, the key as password; choose events",
        ),
    ),
    verify=verify_key,
    translate=translate,
)
