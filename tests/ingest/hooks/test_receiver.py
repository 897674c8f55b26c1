"""`/v1/hooks/{source}` for every provider: who is refused, with which answer, and what is kept."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Any

import msgspec
import pytest

from services.ingest.hooks.options import SecretRef, Webhook
from services.ingest.hooks.public_url import urls_of
from services.ingest.hooks.receiver import EVENTS_MAX
from services.ingest.hooks.registry import PROVIDERS
from services.ingest.sources_file import Source, hash_of
from tests.ingest.hooks.posting import KEY, NAME, Hook, basic, hook_of
from tests.ingest.hooks.test_mailgun import SECRET, data, signed
from tests.ingest.memory import Desk

every_provider = pytest.mark.parametrize("provider", sorted(PROVIDERS))
OPEN = msgspec.json.encode(
    {
        "RecordType": "Open",
        "Recipient": "a@b.example",
        "MessageID": "m1",
        "ReceivedAt": "2026-11-21T19:00:00Z",
    }
)


async def postmark(folder: Path) -> Hook:
    return await hook_of(folder, "postmark")


@every_provider
async def test_who_shows_nothing_is_refused(tmp_path: Path, provider: str) -> None:
    hook = await hook_of(tmp_path, provider, "a secret")
    answer = await hook.post(b"{}")
    assert answer.status_code in (401, 403), answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["status"] == answer.status_code


@every_provider
async def test_a_look_whether_the_url_is_there_is_answered(tmp_path: Path, provider: str) -> None:
    hook = await hook_of(tmp_path, provider)
    answer = await hook.desk.request("HEAD", f"/v1/hooks/{NAME}", {})
    assert (answer.status_code, answer.content) == (200, b"")
    assert (await hook.desk.request("PUT", f"/v1/hooks/{NAME}", {})).status_code == 405


@every_provider
async def test_a_provider_says_how_it_is_connected(provider: str) -> None:
    steps = [one.format(url="URL", key="KEY") for one in PROVIDERS[provider].setup.steps]
    assert any("URL" in one for one in steps)


@pytest.mark.parametrize("path", ["other", "theirs/more", "", "THEIRS", "a%2fb", "x" * 70])
async def test_an_unknown_name_is_not_found(tmp_path: Path, path: str) -> None:
    hook = await postmark(tmp_path)
    answer = await hook.desk.request("POST", f"/v1/hooks/{path}", basic(), OPEN)
    assert (answer.status_code, answer.json()["code"]) == (404, "unknown_source")


async def test_a_source_without_a_provider_takes_no_webhooks(desk: Desk) -> None:
    assert (await desk.request("POST", "/v1/hooks/mails", basic(), OPEN)).status_code == 404


async def test_a_slash_at_the_end_is_no_other_path(tmp_path: Path) -> None:
    hook = await postmark(tmp_path)
    answer = await hook.desk.request("POST", f"/v1/hooks/{NAME}/", basic(), OPEN)
    assert (answer.status_code, answer.content) == (200, b"{}")


@pytest.mark.parametrize(
    ("headers", "query"),
    [
        (basic(), ""),
        ({"Authorization": f"Bearer {KEY}"}, ""),
        ({"X-Write-Key": KEY}, ""),
        ({}, f"?key={KEY}"),
    ],
)
async def test_our_own_key_may_stand_in_several_places(
    tmp_path: Path, headers: dict[str, str], query: str
) -> None:
    hook = await postmark(tmp_path)
    assert (await hook.post(OPEN, headers, query)).status_code == 200
    assert (await hook.post(OPEN, basic(hash_of(KEY)))).status_code == 401


async def test_what_cannot_be_made_durable_now_may_come_again(tmp_path: Path) -> None:
    hook = await postmark(tmp_path)
    hook.desk.sink.reason = "Kafka is away"
    answer = await hook.post(OPEN, basic())
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")


async def test_strict_mode_of_a_stranger_loses_nothing(tmp_path: Path) -> None:
    hook = await postmark(tmp_path)
    body = b"[" + OPEN + b', {"RecordType": "Open"}]'
    answer = await hook.post(body, basic() | {"X-Strict-Mode": "1", "Sec-GPC": "1"})
    assert answer.status_code == 200
    assert (len(hook.touchpoints), len(hook.desk.sink.refused)) == (1, 1)


async def test_a_repeat_has_the_same_id_whenever_it_comes(tmp_path: Path) -> None:
    hook = await postmark(tmp_path)
    await hook.post(OPEN, basic())
    hook.desk.now += 60_000_000
    await hook.post(OPEN, basic())
    first, second = hook.touchpoints
    assert (first.message_id, first.occurred_at) == (second.message_id, second.occurred_at)


async def test_a_text_that_no_store_can_keep_is_rejected_by_itself(tmp_path: Path) -> None:
    hook = await postmark(tmp_path)
    body = OPEN[:-1] + b', "Tag": "a\\u0000b"}'
    assert (await hook.post(body, basic())).status_code == 200
    assert [one.code for one in hook.desk.sink.refused] == ["nul_character"]


async def test_a_body_over_the_cap_is_refused_before_its_signature_is(tmp_path: Path) -> None:
    hook = await postmark(tmp_path)
    assert (await hook.post(b" " * (5 << 20), basic())).status_code == 413


async def test_a_big_list_is_read_beside_the_loop(tmp_path: Path) -> None:
    hook = await postmark(tmp_path)
    padded = OPEN[:-1] + b', "Tag": "' + b"x" * 1000 + b'"}'
    answer = await hook.post(b"[" + b",".join([padded] * 1000) + b"]", basic())
    assert answer.status_code == 200
    assert len(hook.touchpoints) == 1000


async def test_a_list_longer_than_an_sdk_may_send_is_taken(tmp_path: Path) -> None:
    hook = await postmark(tmp_path)
    count = hook.desk.parts.limits.events_max + 1
    answer = await hook.post(b"[" + b",".join([OPEN] * count) + b"]", basic())
    assert (answer.status_code, len(hook.touchpoints)) == (200, count)
    answer = await hook.post(b"[" + b",".join([b"{}"] * (EVENTS_MAX + 1)) + b"]", basic())
    assert (answer.status_code, answer.json()["code"]) == (413, "too_many_events")


async def test_a_secret_may_stand_in_a_file_that_changes(tmp_path: Path) -> None:
    file = tmp_path / "mailgun-key"
    file.write_text("other\n")
    hook = await hook_of(tmp_path, "mailgun", secrets=[{"file": str(file)}])
    assert (await hook.post(signed(data("opened")))).status_code == 401
    file.write_text(SECRET + "\n")
    os.utime(file, ns=(1, 1))
    assert (await hook.post(signed(data("opened")))).status_code == 200
    file.unlink()
    await asyncio.sleep(0)
    assert (await hook.post(signed(data("opened")))).status_code == 503


async def test_a_secret_may_stand_in_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hook = await hook_of(tmp_path, "mailgun", secrets=[{"env": "MAILGUN_KEY"}])
    assert (await hook.post(signed(data("opened")))).status_code == 503
    monkeypatch.setenv("MAILGUN_KEY", SECRET)
    assert (await hook.post(signed(data("opened")))).status_code == 200


def test_no_log_can_hold_a_secret() -> None:
    webhook = Webhook(secrets=(SecretRef(value="hidden"),))
    source = Source(name="a", channel="email", key_sha256="0", webhook=webhook)
    assert "hidden" not in f"{source} {source!r}"


@pytest.mark.parametrize("given", [{}, {"value": "a", "env": "B"}])
def test_a_secret_stands_in_one_place(given: dict[str, str]) -> None:
    with pytest.raises(msgspec.ValidationError, match="one of `value`, `file` and `env`"):
        msgspec.convert(given, SecretRef)


@pytest.mark.parametrize(
    ("public", "headers", "expected"),
    [
        (
            "https://e.example/in/",
            {},
            ("https://e.example/in/v1/x?a=b", "https://e.example:443/in/v1/x?a=b"),
        ),
        (None, {b"host": b"h:8000"}, ("http://h:8000/v1/x?a=b", "http://h/v1/x?a=b")),
        (
            None,
            {
                b"host": b"inner:8000",
                b"x-forwarded-proto": b"https, http",
                b"x-forwarded-host": b"e.example",
            },
            (
                "https://e.example/v1/x?a=b",
                "https://e.example:443/v1/x?a=b",
                "http://inner:8000/v1/x?a=b",
                "http://inner/v1/x?a=b",
            ),
        ),
        (None, {b"host": b"h:port"}, ("http://h:port/v1/x?a=b",)),
    ],
)
def test_the_url_that_was_called_is_found_behind_proxies(
    public: str | None, headers: dict[bytes, bytes], expected: tuple[str, ...]
) -> None:
    scope: dict[str, Any] = {"path": "/v1/x", "query_string": b"a=b", "scheme": "http"}
    assert urls_of(scope, headers, public) == expected
