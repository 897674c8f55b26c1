"""No body makes a provider's translation fail, whatever stands where a field is expected."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.contracts.times import DAY_US
from services.ingest.errors import RequestError
from services.ingest.hooks.call import Call
from services.ingest.hooks.provider import ID_CHARACTERS_MAX, json_items
from services.ingest.hooks.registry import PROVIDERS
from services.ingest.json_rules import JsonLimits
from services.ingest.protocols.event import Incoming, Parsed
from services.ingest.sources_file import Source
from services.ingest.translate import Moment, TimeLimits, Translator
from tests.ingest.hooks import (
    test_botpress,
    test_brevo,
    test_chatwoot,
    test_crisp,
    test_dialogflow,
    test_generic,
    test_intercom,
    test_mailgun,
    test_mandrill,
    test_postmark,
    test_resend,
    test_sendgrid,
    test_ses,
    test_sparkpost,
    test_standard_webhooks,
    test_telegram,
    test_twilio,
    test_whatsapp,
)
from tests.ingest.memory import NOW

# There are many providers: each gets a part of what a parser of its own would. `make fuzz`: more.
TRIES = (settings.default or settings()).max_examples // 3
LIMITS = JsonLimits(32 << 10, 32, 256)
EXAMPLES = {
    "botpress": test_botpress.EXAMPLES,
    "brevo": test_brevo.EXAMPLES,
    "chatwoot": test_chatwoot.EXAMPLES,
    "crisp": test_crisp.EXAMPLES,
    "dialogflow": test_dialogflow.EXAMPLES,
    "generic": test_generic.EXAMPLES,
    "intercom": test_intercom.EXAMPLES,
    "mailgun": test_mailgun.EXAMPLES,
    "mandrill": test_mandrill.EXAMPLES,
    "postmark": test_postmark.EXAMPLES,
    "resend": test_resend.EXAMPLES,
    "sendgrid": test_sendgrid.EXAMPLES,
    "ses": test_ses.EXAMPLES,
    "sparkpost": test_sparkpost.EXAMPLES,
    "standard-webhooks": test_standard_webhooks.EXAMPLES,
    "telegram": test_telegram.EXAMPLES,
    "twilio": test_twilio.MESSAGES,
    "twilio-voice": test_twilio.CALLS,
    "whatsapp": test_whatsapp.EXAMPLES,
}


def form_of(item: Any) -> bytes:
    return urlencode(item if isinstance(item, dict) else {"x": item}, errors="replace").encode()


# What stands inside of another format than JSON.
BODIES: dict[str, Callable[[Any], bytes]] = {
    "mailgun": lambda item: msgspec.json.encode({"signature": {"token": "t"}, "event-data": item}),
    "twilio": form_of,
    "twilio-voice": form_of,
    "mandrill": lambda item: urlencode({"mandrill_events": msgspec.json.encode([item])}).encode(),
    "ses": lambda item: msgspec.json.encode(test_ses.notice(item)),
}

leaves = (
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False)
    | st.text(max_size=20)
    | st.sampled_from(["", "0", "-1", "1e400", "9" * 30, "nan", "a@b", "<", "2026-11-21", "[1]"])
)
values = leaves | st.lists(leaves, max_size=2) | st.dictionaries(st.text(max_size=3), leaves)


def call_of(provider: str, body: bytes) -> Call:
    source = Source(name="x", channel="email", key_sha256="0", provider=provider)
    return Call(source, "POST", ("https://e.example/",), {}, {}, body, (), NOW)


def paths_of(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Where in a value something may be put instead."""
    found = [path]
    inner = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    )
    for step, one in inner:
        found += paths_of(one, (*path, step))
    return found


def changed(value: Any, path: tuple[Any, ...], by: Any) -> Any:
    if not path:
        return by
    found = copy.deepcopy(value)
    inner = found
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = by
    return found


def check(provider: str, body: bytes) -> None:
    """Whatever it says, there are events, faults or a refusal of the body."""
    call = call_of(provider, body)
    limits = TimeLimits(DAY_US, 400 * DAY_US)
    translator = Translator(call.source, None, Moment(NOW, NOW), limits)
    try:
        translated = PROVIDERS[provider].translated(call, LIMITS)
    except RequestError:
        return
    verdicts = translator.translate(Parsed(translated.events), None)
    assert len(verdicts) == len(translated.events)
    for one in translated.events:
        assert isinstance(one, Incoming)
        assert (one.event is None) != (one.fault is None)
        if one.event is not None:
            assert 0 < len(str(one.event.message_id)) <= ID_CHARACTERS_MAX
            assert one.event.event, one


@pytest.mark.parametrize("provider", sorted(PROVIDERS))
@settings(max_examples=TRIES, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(source=st.data())
def test_any_value_may_stand_anywhere(provider: str, source: st.DataObject) -> None:
    item = source.draw(st.sampled_from([one.item for one in EXAMPLES[provider]]))
    for _ in range(source.draw(st.integers(1, 3))):
        item = changed(item, source.draw(st.sampled_from(paths_of(item))), source.draw(values))
    try:
        body = BODIES.get(provider, msgspec.json.encode)(item)
    except (OverflowError, UnicodeEncodeError):
        return
    check(provider, body)


@pytest.mark.parametrize("provider", sorted(PROVIDERS))
@settings(max_examples=TRIES, deadline=None)
@given(body=st.binary(max_size=60) | values.map(lambda one: repr(one).encode("utf-8", "replace")))
def test_any_bytes_may_come(provider: str, body: bytes) -> None:
    check(provider, body)


def test_every_provider_is_looked_at() -> None:
    assert set(EXAMPLES) == set(PROVIDERS)
    assert json_items(call_of("postmark", b"[1]")) == [1]
