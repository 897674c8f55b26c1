"""Amazon SES through SNS: only listed topics, only Amazon's hosts, one event per recipient."""

from __future__ import annotations

import asyncio
import base64
import json
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx2
import msgspec
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.oid import NameOID

from services.contracts.times import to_datetime
from services.ingest.errors import UnavailableError
from services.ingest.hooks.amazon import FETCHES_MAX, Amazon, require_amazon
from services.ingest.hooks.refusal import UnverifiedError
from tests.ingest.hooks.posting import Example, Hook, check, examples, hook_of
from tests.ingest.memory import NOW

TOPIC = "arn:aws:sns:eu-west-1:123456789012:ses-events"
CERTIFICATE_URL = "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0123.pem"
SUBSCRIBE_URL = "https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&Token=t"
AT = "2026-11-21T19:40:00.123Z"
AGENT = "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/120"
AWS, OTHER = (rsa.generate_private_key(public_exponent=65537, key_size=2048) for _ in range(2))


def pem(key: rsa.RSAPrivateKey = AWS, days: int = 1) -> bytes:
    """A certificate of the key, valid around the clock of these tests or long ago."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sns.amazonaws.com")])
    now = to_datetime(NOW)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=100))
        .not_valid_after(now + timedelta(days=days))
        .sign(key, hashes.SHA256())
    )
    return made.public_bytes(serialization.Encoding.PEM)


@dataclass
class Web:
    """What Amazon would answer, and what was asked of it."""

    answer: bytes = field(default_factory=pem)
    asked: list[str] = field(default_factory=list)
    error: Exception | None = None

    async def get(self, url: str) -> bytes:
        self.asked.append(url)
        if self.error is not None:
            raise self.error
        return self.answer


MAIL: dict[str, Any] = {
    "timestamp": "2026-11-21T19:00:00.000Z",
    "messageId": "7c191be45-e9aedb9a",
    "source": "Shop <no-reply@shop.example>",
    "destination": ["Ann <ann@example.com>"],
    "commonHeaders": {"subject": "Message sent from Amazon SES"},
    "tags": {"ses:configuration-set": ["shop"], "user_id": ["u1"], "campaign_id": ["c1"]},
}
ABOUT = {
    "email_id": "7c191be45-e9aedb9a",
    "email_subject": "Message sent from Amazon SES",
    "campaign_id": "c1",
}


def event(kind: str, part: Any = None, **mail: Any) -> dict[str, Any]:
    name = {"DeliveryDelay": "deliveryDelay", "Rendering Failure": "failure"}.get(
        kind, kind.lower()
    )
    return {"eventType": kind, "mail": MAIL | mail, name: part or {}}


def notice(message: Any, **members: str) -> dict[str, str]:
    text = message if isinstance(message, str) else json.dumps(message)
    return {
        "Type": "Notification",
        "MessageId": "n-1",
        "TopicArn": TOPIC,
        "Subject": "Amazon SES Email Event Notification",
        "Message": text,
        "Timestamp": "2026-11-21T19:59:00.000Z",
        "SigningCertURL": CERTIFICATE_URL,
        "SignatureVersion": "2",
    } | members


def signed(given: dict[str, str], key: rsa.RSAPrivateKey = AWS) -> bytes:
    """The body as SNS sends it."""
    if given["Type"] == "Notification":
        names = ["Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"]
    else:
        names = ["Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"]
    content = "".join(f"{name}\n{given[name]}\n" for name in names if name in given)
    algorithm = hashes.SHA256() if given["SignatureVersion"] == "2" else hashes.SHA1()
    signature = key.sign(content.encode(), padding.PKCS1v15(), algorithm)
    return msgspec.json.encode(given | {"Signature": base64.b64encode(signature).decode()})


def example(name: str, given: Any, properties: Any = None, **more: Any) -> Example:
    who = {"email": "ann@example.com", "user_id": "u1"}
    about = ABOUT | (properties or {})
    return Example(given, name, "n-1:ann@example.com", more.pop("at", AT), who, about, **more)


BOUNCE = {
    "bounceType": "Permanent",
    "bounceSubType": "General",
    "bouncedRecipients": [{"emailAddress": "ann@example.com", "diagnosticCode": "smtp; 550"}],
    "timestamp": AT,
}
EXAMPLES = [
    example("Email Processed", event("Send"), at="2026-11-21T19:59:00.000Z"),
    example(
        "Email Delivered", event("Delivery", {"timestamp": AT, "recipients": ["ann@example.com"]})
    ),
    example(
        "Email Opened",
        event("Open", {"timestamp": AT, "userAgent": AGENT, "ipAddress": "192.0.2.1"}),
        context={"userAgent": AGENT, "ip": "192.0.2.0"},
    ),
    example(
        "Email Link Clicked",
        event("Click", {"timestamp": AT, "userAgent": AGENT, "link": "https://a.example"}),
        {"link_url": "https://a.example"},
        context={"userAgent": AGENT},
    ),
    example(
        "Email Bounced",
        event("Bounce", BOUNCE),
        {"bounce_type": "hard", "bounce_code": "General", "reason": "smtp; 550"},
    ),
    example(
        "Email Marked as Spam",
        {
            "notificationType": "Complaint",
            "mail": MAIL,
            "complaint": {
                "timestamp": AT,
                "complaintFeedbackType": "abuse",
                "complainedRecipients": [{"emailAddress": "ann@example.com"}],
            },
        },
        {"bounce_code": "abuse"},
    ),
    example(
        "Unsubscribed",
        event(
            "Subscription",
            {"timestamp": AT, "contactList": "l", "newTopicPreferences": {"unsubscribeAll": True}},
        ),
        {"list_id": "l"},
    ),
]


@pytest.fixture
def web() -> Web:
    return Web()


@pytest.fixture
async def hook(tmp_path: Path, web: Web) -> Hook:
    return await hook_of(tmp_path, "ses", amazon=Amazon(web.get), topic_arns=[TOPIC])


@examples(EXAMPLES)
async def test_an_event_becomes_a_touchpoint(hook: Hook, example: Example) -> None:
    answer = await hook.post(signed(notice(example.item)), {"Content-Type": "text/plain"})
    assert answer.status_code == 200, answer.text
    (found,) = hook.touchpoints
    check(found, example)


async def test_each_recipient_of_a_notice_has_an_event(hook: Hook) -> None:
    two = [{"emailAddress": "a@x.example"}, {"emailAddress": "b@x.example"}]
    await hook.post(signed(notice(event("Bounce", BOUNCE | {"bouncedRecipients": two}))))
    found = [(one.message_id, one.identifiers["email"]) for one in hook.touchpoints]
    assert found == [("n-1:a@x.example", "a@x.example"), ("n-1:b@x.example", "b@x.example")]


async def test_of_several_recipients_who_opened_is_not_guessed(hook: Hook) -> None:
    mail = {"destination": ["a@x.example", "b@x.example"], "tags": {}}
    await hook.post(signed(notice(event("Open", {"timestamp": AT}, **mail))))
    assert [one.code for one in hook.desk.sink.refused] == ["no_identifier"]


async def test_the_certificate_is_fetched_once(hook: Hook, web: Web) -> None:
    for number in range(3):
        body = signed(notice(event("Send"), MessageId=f"n-{number}"))
        assert (await hook.post(body)).status_code == 200
    assert web.asked == [CERTIFICATE_URL]


@pytest.mark.parametrize("version", ["1", "2"])
async def test_both_versions_of_the_signature_are_taken(hook: Hook, version: str) -> None:
    assert (
        await hook.post(signed(notice(event("Send"), SignatureVersion=version)))
    ).status_code == 200


@pytest.mark.parametrize("version", ["0", "3", ""])
async def test_another_version_is_not(hook: Hook, version: str) -> None:
    body = msgspec.json.decode(signed(notice(event("Send"))))
    answer = await hook.post(msgspec.json.encode(body | {"SignatureVersion": version}))
    assert answer.status_code == 401


async def test_a_wrong_signature_is_refused(hook: Hook) -> None:
    changed = msgspec.json.decode(signed(notice(event("Send")))) | {"Message": "{}"}
    for body in (signed(notice(event("Send")), OTHER), msgspec.json.encode(changed)):
        answer = await hook.post(body)
        assert (answer.status_code, answer.json()["code"]) == (401, "invalid_signature")
    assert not hook.touchpoints


async def test_an_old_notice_is_stale(hook: Hook) -> None:
    answer = await hook.post(signed(notice(event("Send"), Timestamp="2026-11-20T18:00:00.000Z")))
    assert (answer.status_code, answer.json()["code"]) == (401, "stale_signature")


@pytest.mark.parametrize("answer", [pem(days=-1), pem(OTHER), b"not a certificate"])
async def test_another_or_an_expired_certificate_proves_nothing(
    hook: Hook, web: Web, answer: bytes
) -> None:
    web.answer = answer
    assert (await hook.post(signed(notice(event("Send"))))).status_code == 401


async def test_a_topic_that_is_not_listed_makes_nothing_be_fetched(hook: Hook, web: Web) -> None:
    answer = await hook.post(signed(notice(event("Send"), TopicArn=TOPIC + "-other")))
    assert (answer.status_code, answer.json()["code"]) == (403, "topic_not_listed")
    assert not web.asked


async def test_a_listed_topic_is_confirmed_by_itself(hook: Hook, web: Web) -> None:
    asks = notice("You have chosen to subscribe", Type="SubscriptionConfirmation", Token="t")
    del asks["Subject"]
    assert (await hook.post(signed(asks | {"SubscribeURL": SUBSCRIBE_URL}))).status_code == 200
    assert web.asked == [CERTIFICATE_URL, SUBSCRIBE_URL]
    assert not hook.touchpoints


async def test_a_confirmation_elsewhere_is_never_visited(hook: Hook, web: Web) -> None:
    asks = notice("Subscribe", Type="SubscriptionConfirmation", Token="t")
    answer = await hook.post(signed(asks | {"SubscribeURL": "https://evil.example/"}))
    assert (answer.status_code, answer.json()["code"]) == (401, "foreign_url")
    forged = signed(asks | {"SubscribeURL": SUBSCRIBE_URL}, OTHER)
    assert (await hook.post(forged)).status_code == 401
    assert web.asked == [CERTIFICATE_URL]


@pytest.mark.parametrize("error", [httpx2.ConnectError("away"), OSError(), UnavailableError("no")])
async def test_while_amazon_is_away_the_notice_may_come_again(
    hook: Hook, web: Web, error: Exception
) -> None:
    web.error = error
    answer = await hook.post(signed(notice(event("Send"))))
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
    web.error = None
    assert (await hook.post(signed(notice(event("Send"))))).status_code == 200


async def test_amazon_is_not_asked_by_many_at_once() -> None:
    gate = asyncio.Event()

    async def slow(_: str) -> bytes:
        await gate.wait()
        return b"found"

    amazon = Amazon(slow)
    async with asyncio.TaskGroup() as group:
        asked = [
            group.create_task(amazon.certificate(f"{CERTIFICATE_URL}?{n}"))
            for n in range(FETCHES_MAX)
        ]
        await asyncio.sleep(0)
        with pytest.raises(UnavailableError, match="asked already"):
            await amazon.certificate(CERTIFICATE_URL)
        gate.set()
    assert {one.result() for one in asked} == {b"found"}
    assert await amazon.certificate(CERTIFICATE_URL) == b"found"


async def test_plain_words_and_farewells_are_answered(hook: Hook) -> None:
    words = notice("Successfully validated SNS topic for Amazon SES event publishing.")
    assert (await hook.post(signed(words))).status_code == 200
    farewell = notice("You left", Type="UnsubscribeConfirmation", Token="t")
    assert (await hook.post(signed(farewell | {"SubscribeURL": SUBSCRIBE_URL}))).status_code == 200
    assert hook.counted("skipped") == 2


@pytest.mark.parametrize(
    "url",
    [
        "https://sns.eu-west-1.amazonaws.com/x.pem",
        "https://sns.us-gov-west-1.amazonaws.com/x.pem",
        "https://sns.cn-north-1.amazonaws.com.cn/x.pem",
    ],
)
def test_hosts_of_sns_are_trusted(url: str) -> None:
    assert require_amazon(url) == url


@pytest.mark.parametrize(
    "url",
    [
        "http://sns.eu-west-1.amazonaws.com/x.pem",
        "https://sns.eu-west-1.amazonaws.com.evil.example/x.pem",
        "https://evil.example/sns.eu-west-1.amazonaws.com/x.pem",
        "https://sns.eu-west-1.amazonaws.com@evil.example/x.pem",
        "https://user@sns.eu-west-1.amazonaws.com/x.pem",
        "https://sns.eu-west-1.amazonaws.com:444/x.pem",
        "https://s3.eu-west-1.amazonaws.com/bucket/x.pem",
        "https://sns.eu-west-1.amazonaws.com:port/",
        "https://[::1/",
        "file:///etc/passwd",
        "",
    ],
)
def test_no_other_host_is_ever_asked(url: str) -> None:
    with pytest.raises(UnverifiedError, match="foreign_url"):
        require_amazon(url)
