"""Amazon SES through SNS: notices signed with Amazon's certificate, from topics that are listed."""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from services.contracts.times import SECOND_US, to_datetime
from services.ingest.errors import EventError, RequestError
from services.ingest.hooks import mail
from services.ingest.hooks.call import Call
from services.ingest.hooks.provider import Members, Occurrence, Provider, Setup
from services.ingest.hooks.reading import address, json_of, member, objects, readable, short, text
from services.ingest.hooks.refusal import UnverifiedError, missing, stale, wrong
from services.ingest.mail_machines import is_machine
from services.ingest.times import read_timestamp

# Its delivery policies end within an hour, and a repeat is not stamped anew.
AGE_SECONDS_MAX = 2 * 3600
_WHAT = "the SNS signature"
_NOTICE = ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type")
_CONFIRMATION = (
    "Message",
    "MessageId",
    "SubscribeURL",
    "Timestamp",
    "Token",
    "TopicArn",
    "Type",
)
_HASHES: dict[str, hashes.HashAlgorithm] = {"1": hashes.SHA1(), "2": hashes.SHA256()}  # noqa: S303

NAMES = {
    "Send": mail.PROCESSED,
    "Delivery": mail.DELIVERED,
    "DeliveryDelay": mail.DEFERRED,
    "Bounce": mail.BOUNCED,
    "Complaint": mail.SPAM,
    "Reject": mail.DROPPED,
    "Rendering Failure": mail.DROPPED,
    "Open": mail.OPENED,
    "Click": mail.CLICKED,
    "Received": mail.REPLIED,
}
# Where an event's details stand, and who of the recipients it concerns.
_PARTS = {"DeliveryDelay": "deliveryDelay", "Rendering Failure": "failure"}
_RECIPIENTS = {
    "Bounce": ("bouncedRecipients", "emailAddress"),
    "Complaint": ("complainedRecipients", "emailAddress"),
    "DeliveryDelay": ("delayedRecipients", "emailAddress"),
}
# Amazon says of these only that one of the recipients did it.
_OF_ONE = ("Open", "Click", "Subscription")


def certificate_url(call: Call) -> str:
    """Where the certificate is; only of a notice that could be the source's at all."""
    notice = json_of(call.body)
    arn = text(notice, "TopicArn") or ""
    listed = [
        hmac.compare_digest(arn.encode(), one.encode()) for one in call.source.webhook.topic_arns
    ]
    url = text(notice, "SigningCertURL")
    if not url or not text(notice, "Signature"):
        raise missing(_WHAT)
    if not any(listed):
        raise UnverifiedError("topic_not_listed", "the source does not list this SNS topic")
    return url


def verify(call: Call) -> None:
    """RSA over the fields of the notice, by the certificate that was fetched from Amazon."""
    notice = json_of(call.body)
    algorithm = _HASHES.get(text(notice, "SignatureVersion") or "")
    if algorithm is None:
        raise wrong(_WHAT)
    try:
        certificate = x509.load_pem_x509_certificate(call.certificate or b"")
        signature = base64.b64decode(text(notice, "Signature") or "", validate=True)
        key = certificate.public_key()
        if not isinstance(key, rsa.RSAPublicKey):
            raise wrong(_WHAT)
        key.verify(signature, _signed(notice), padding.PKCS1v15(), algorithm)
    except (ValueError, binascii.Error, InvalidSignature):
        raise wrong(_WHAT) from None
    _require_current(certificate, to_datetime(call.now_us).astimezone(UTC))
    _require_fresh(notice, call.now_us)


def _signed(notice: object) -> bytes:
    names = _NOTICE if text(notice, "Type") == "Notification" else _CONFIRMATION
    stated = [(name, member(notice, name)) for name in names]
    return "".join(
        f"{name}\n{value}\n" for name, value in stated if isinstance(value, str)
    ).encode()


def _require_current(certificate: x509.Certificate, now: datetime) -> None:
    if not certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc:
        raise wrong("the SNS certificate, by its dates,")


def _require_fresh(notice: object, now_us: int) -> None:
    try:
        at = read_timestamp(text(notice, "Timestamp")).time_us
    except EventError:
        raise wrong("the SNS timestamp") from None
    if abs(now_us - at) > AGE_SECONDS_MAX * SECOND_US:
        raise stale(_WHAT, AGE_SECONDS_MAX / 3600)


def confirm_url(call: Call) -> str | None:
    """What must be visited to get the topic's notices, where it asks for that."""
    notice = json_of(call.body)
    return (
        text(notice, "SubscribeURL") if text(notice, "Type") == "SubscriptionConfirmation" else None
    )


def translate(notice: Members, _: Call) -> Iterator[Occurrence]:
    if text(notice, "Type") != "Notification":
        return
    try:
        event = json_of((text(notice, "Message") or "").encode("utf-8", "replace"))
    except RequestError:
        return  # plain words, such as that the topic was validated
    kind = text(event, "eventType") or text(event, "notificationType")
    if kind is None:
        return
    part = member(event, _PARTS.get(kind, kind.lower()))
    told = mail.told(_tags(event))
    agent = text(part, "userAgent") if kind in ("Open", "Click") else None
    for who in _recipients(event, part, kind):
        yield Occurrence(
            name=_name(kind, part),
            id=f"{text(notice, 'MessageId')}:{who}",
            at=text(part, "timestamp") or text(notice, "Timestamp"),
            identifiers={"email": who},
            properties=mail.joined(_details(event, part, kind), told.properties),
            user_id=told.user_id,
            anonymous_id=told.anonymous_id,
            context=mail.context(agent, text(part, "ipAddress") if agent else None),
            bot=is_machine(agent),
        )


def _recipients(event: object, part: object, kind: str) -> list[str | None]:
    if kind in _RECIPIENTS:
        several, name = _RECIPIENTS[kind]
        found = [text(one, name) for one in objects(part, several)]
    elif kind == "Received":
        found = [text(event, "mail", "source")]
    else:
        named = member(part, "recipients") if kind == "Delivery" else None
        listed = named or member(event, "mail", "destination")
        found = [text(one) for one in listed] if isinstance(listed, list) else []
    if not found or (kind in _OF_ONE and len(found) > 1):
        return [None]
    return [address(one) for one in found]


def _name(kind: str, part: object) -> str:
    if kind == "Subscription":
        out = member(part, "newTopicPreferences", "unsubscribeAll") is True
        return mail.UNSUBSCRIBED if out else "Email Preferences Changed"
    return NAMES.get(kind) or readable(mail.PREFIX, kind)


def _tags(event: object) -> dict[str, Any]:
    """Each tag of a message has a list of values."""
    tags = member(event, "mail", "tags")
    if not isinstance(tags, dict):
        return {}
    return {name: member(values, 0) for name, values in tags.items()}


def _details(event: object, part: object, kind: str) -> Members:
    details: Members = {
        "email_id": text(event, "mail", "messageId"),
        "email_subject": short(event, "mail", "commonHeaders", "subject"),
        "campaign_id": text(event, "mail", "tags", "ses:configuration-set", 0),
        "list_id": text(part, "contactList"),
    }
    if kind == "Click":
        details["link_url"] = text(part, "link")
    if kind in ("Bounce", "DeliveryDelay", "Reject", "Complaint"):
        details |= {
            "bounce_code": text(part, "bounceSubType")
            or text(part, "delayType")
            or text(part, "complaintFeedbackType"),
            "reason": short(part, "bouncedRecipients", 0, "diagnosticCode")
            or short(part, "reason"),
        }
    if kind == "Bounce":
        is_hard = text(part, "bounceType") == "Permanent"
        details["bounce_type"] = mail.bounce_type(is_hard=is_hard)
    return details


PROVIDER = Provider(
    name="ses",
    proof="certificate",
    setup=Setup(
        "",
        (
            "Amazon SNS: subscribe {url} to the topic by HTTPS, raw message delivery off;"
            " it is confirmed by itself",
            "Amazon SES, the configuration set > Event destinations: send events to that topic",
        ),
    ),
    verify=verify,
    translate=translate,
    certificate_url=certificate_url,
    confirm_url=confirm_url,
)
