"""SendGrid's event webhook: a signed list of flat events."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_der_public_key

from services.ingest.hooks import mail
from services.ingest.hooks.call import Call
from services.ingest.hooks.provider import Members, Occurrence, Provider, Setup
from services.ingest.hooks.reading import readable, seconds, short, stable_id, text
from services.ingest.hooks.refusal import missing, wrong
from services.ingest.hooks.signatures import require_fresh
from services.ingest.mail_machines import is_machine

# It tries for a day, and whether a repeat is stamped anew is not said. Repeats change nothing.
AGE_SECONDS_MAX = 25 * 3600
_WHAT = "X-Twilio-Email-Event-Webhook-Signature"

NAMES = {
    "processed": mail.PROCESSED,
    "deferred": mail.DEFERRED,
    "delivered": mail.DELIVERED,
    "bounce": mail.BOUNCED,
    "dropped": mail.DROPPED,
    "open": mail.OPENED,
    "click": mail.CLICKED,
    "spamreport": mail.SPAM,
    "unsubscribe": mail.UNSUBSCRIBED,
    "group_unsubscribe": mail.UNSUBSCRIBED,
    "group_resubscribe": mail.SUBSCRIBED,
}


def verify(call: Call) -> None:
    """ECDSA over timestamp and raw body, by the public key that SendGrid shows."""
    signature = call.header("x-twilio-email-event-webhook-signature")
    stated = call.header("x-twilio-email-event-webhook-timestamp")
    if not signature or not stated:
        raise missing(_WHAT)
    if not any(_is_signed(call, key, signature, stated) for key in call.secrets):
        raise wrong(_WHAT)
    require_fresh(stated, call.now_us, AGE_SECONDS_MAX, _WHAT)


def secret_fault(secret: bytes) -> str | None:
    return None if _key_of(secret) else "it is no SendGrid verification key: 124 base64 characters"


def _key_of(secret: bytes) -> ec.EllipticCurvePublicKey | None:
    try:
        key = load_der_public_key(base64.b64decode(secret))
    except (ValueError, UnsupportedAlgorithm):
        return None
    return key if isinstance(key, ec.EllipticCurvePublicKey) else None


def _is_signed(call: Call, secret: bytes, signature: str, stated: str) -> bool:
    key = _key_of(secret)
    if key is None:
        return False
    try:
        raw = base64.b64decode(signature, validate=True)
        key.verify(raw, stated.encode("latin-1") + call.body, ec.ECDSA(hashes.SHA256()))
    except (InvalidSignature, binascii.Error):
        return False
    return True


def translate(item: Members, _: Call) -> Iterator[Occurrence]:
    kind = text(item, "event")
    if kind == "account_status_change":
        return
    told = mail.told(item)
    agent = text(item, "useragent")
    yield Occurrence(
        name=NAMES.get(kind or "") or readable(mail.PREFIX, kind),
        id=text(item, "sg_event_id")
        or stable_id(kind, *(text(item, name) for name in ("sg_message_id", "timestamp", "email"))),
        at=seconds(item, "timestamp"),
        identifiers={"email": text(item, "email")},
        properties=mail.joined(_details(item, kind), told.properties),
        user_id=told.user_id,
        anonymous_id=told.anonymous_id,
        context=mail.context(agent, text(item, "ip")) if kind in ("open", "click") else {},
        bot=item.get("sg_machine_open") is True or is_machine(agent),
    )


def _details(item: Members, kind: str | None) -> Members:
    details: Members = {
        "email_id": (text(item, "sg_message_id") or "").partition(".")[0],
        "email_subject": short(item, "subject"),
        "campaign_id": short(item, "singlesend_id") or short(item, "marketing_campaign_id"),
        "campaign_name": short(item, "singlesend_name") or short(item, "marketing_campaign_name"),
        "list_id": text(item, "asm_group_id"),
    }
    if kind == "click":
        details |= {"link_url": text(item, "url"), "link_id": text(item, "url_offset", "index")}
    if kind in ("bounce", "dropped", "deferred"):
        details |= {
            "bounce_code": text(item, "status"),
            "reason": short(item, "reason") or short(item, "response"),
        }
    if kind == "bounce":
        details["bounce_type"] = mail.bounce_type(is_hard=text(item, "type") != "blocked")
    return details


PROVIDER = Provider(
    name="sendgrid",
    proof="secret",
    setup=Setup(
        "verification key (public) of the signed event webhook",
        (
            "SendGrid, Settings > Mail Settings > Event Webhooks: create one with Post URL {url},"
            " choose events, enable Signed Event Webhook",
            "its Verification Key is the secret that is asked for here; then Test Your Integration",
        ),
    ),
    verify=verify,
    translate=translate,
    secret_fault=secret_fault,
)
