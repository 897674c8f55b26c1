"""Webhooks at a real server with a real Kafka: the URL as called, and what is on the topic."""

from __future__ import annotations

import base64
import hmac
from pathlib import Path
from urllib.parse import urlencode

import msgspec

from services.contracts.touchpoint import decode
from services.ingest.sources_file import hash_of
from services.settings import KafkaSettings
from tests.ingest.hooks.posting import KEY
from tests.ingest.serving import events_in, records_of, serving, settings_of

SOURCE = {
    "name": "calls",
    "channel": "phone",
    "provider": "twilio-voice",
    "key_sha256": hash_of(KEY),
    "webhook": {"secrets": [{"value": "token"}]},
}
CALL = {
    "CallSid": "CA1",
    "From": "+14158675309",
    "CallStatus": "completed",
    "Direction": "inbound",
    "SequenceNumber": "3",
}


def signature(url: str) -> dict[str, str]:
    signed = url + "".join(name + value for name, value in sorted(CALL.items()))
    mac = hmac.new(b"token", signed.encode(), "sha1").digest()
    return {"X-Twilio-Signature": base64.b64encode(mac).decode()}


async def test_a_call_is_signed_for_its_url_and_on_the_topic(
    kafka_settings: KafkaSettings, tmp_path: Path
) -> None:
    settings = settings_of(kafka_settings, tmp_path)
    assert settings.sources_file is not None
    settings.sources_file.write_bytes(msgspec.json.encode({"sources": [SOURCE]}))
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    async with serving(settings) as running:
        path = "/v1/hooks/calls?tag=a%20b&c=%2F"
        for url, more, status in (
            (running.url + path, {}, 200),
            (running.url + "/v1/hooks/calls?tag=a+b&c=/", {}, 401),
            ("https://e.example" + path, {"X-Forwarded-Proto": "https"}, 401),
            (
                "https://e.example" + path,
                {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "e.example"},
                200,
            ),
        ):
            headers = form | signature(url) | more
            answer = await running.client.post(
                path, content=urlencode(CALL).encode(), headers=headers
            )
            assert answer.status_code == status, answer.text
        assert (await running.client.head("/v1/hooks/calls")).status_code == 200
    topic = await records_of(settings.kafka, settings.kafka.topics.touchpoints)
    records = [record for found in topic.values() for record in events_in(found)]
    assert {decode(record.value).message_id for record in records} == {"CA1:3"}
    assert len(records) == 2
