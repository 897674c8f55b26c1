"""Signed opens and clicks of mails."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx2
import msgspec
import pytest
from fastapi import FastAPI
from hypothesis import given
from hypothesis import strategies as st

from services.ingest.answers import GIF
from services.ingest.link_token import Link, LinkError, read_token, signed
from services.ingest.mail_links import mail_links
from tests.ingest.memory import LINK_SECRET, NOW, Desk

if TYPE_CHECKING:
    from services.contracts.touchpoint import Touchpoint

URL = "https://shop.example/sale?a=1&b=%C5%81"
OPENED = Link(source="mails", identifiers={"email": "ann@example.com"}, email_id="e1")
CLICKED = Link(
    source="mails",
    identifiers={"user_id": "u1"},
    url=URL,
    email_id="e1",
    campaign_id="spring",
    link_id="top",
)
PERSON = "Mozilla/5.0 (X11; Linux x86_64; rv:131.0) Gecko/20100101 Firefox/131.0"


def secret_of(name: str) -> str | None:
    return LINK_SECRET if name == "mails" else None


async def ask(desk: Desk, path: str, method: str = "GET", agent: str = PERSON) -> httpx2.Response:
    """Ingest's answer to a mail program or browser."""
    app = FastAPI()
    app.include_router(mail_links(desk.parts))
    transport = httpx2.ASGITransport(app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://ingest") as client:
        return await client.request(method, path, headers={"User-Agent": agent})


async def click(desk: Desk, link: Link = CLICKED, **how: str) -> httpx2.Response:
    return await ask(desk, f"/v1/click/{signed(link, LINK_SECRET)}", **how)


def told(desk: Desk) -> Touchpoint:
    (touchpoint,) = desk.sink.touchpoints
    return touchpoint


async def test_a_picture_tells_that_the_mail_was_opened(desk: Desk) -> None:
    answer = await ask(desk, f"/v1/open/{signed(OPENED, LINK_SECRET)}.gif")
    assert (answer.status_code, answer.content) == (200, GIF)
    assert answer.headers["content-type"] == "image/gif"
    assert "no-store" in answer.headers["cache-control"]
    found = told(desk)
    assert (found.event, found.channel) == ("Email Opened", "email")
    assert found.identifiers == {"email": "ann@example.com"}
    assert msgspec.json.decode(found.properties) == {"email_id": "e1"}


async def test_a_click_is_told_and_leads_where_the_mail_says(desk: Desk) -> None:
    answer = await click(desk)
    assert (answer.status_code, answer.headers["location"]) == (302, URL)
    assert answer.headers["referrer-policy"] == "no-referrer"
    found = told(desk)
    assert (found.event, found.identifiers) == ("Email Link Clicked", {"user_id": "u1"})
    assert msgspec.json.decode(found.properties) == {
        "email_id": "e1",
        "campaign_id": "spring",
        "link_id": "top",
        "link_url": URL,
    }


async def test_two_looks_in_a_minute_are_one_event(desk: Desk) -> None:
    await click(desk)
    await click(desk)
    desk.now += 61_000_000
    await desk.pulse.beat("hello")
    await click(desk)
    ids = [one.message_id for one in desk.sink.touchpoints]
    assert ids[0] == ids[1] != ids[2]


@pytest.mark.parametrize("method", ["HEAD"])
async def test_a_look_ahead_counts_nothing(desk: Desk, method: str) -> None:
    assert (await click(desk, method=method)).status_code == 302
    assert desk.sink.records == []


@pytest.mark.parametrize(
    ("agent", "bot"),
    [(PERSON, False), ("Mozilla/5.0", True), ("BarracudaCentral", True), ("Googlebot/2.1", True)],
)
async def test_machines_are_told_apart_from_people(desk: Desk, agent: str, bot: bool) -> None:
    await click(desk, agent=agent)
    assert told(desk).bot is bot


async def test_nobody_named_leads_on_and_tells_nothing(desk: Desk) -> None:
    answer = await click(desk, Link(source="mails", url=URL))
    assert answer.headers["location"] == URL
    assert desk.sink.records == []


async def test_a_click_leads_on_while_nothing_can_be_made_durable(desk: Desk) -> None:
    desk.sink.reason = "Kafka is away"
    assert (await click(desk)).headers["location"] == URL
    assert b'outcome="unavailable"' in desk.metrics.exposition()


@pytest.mark.parametrize(
    "token",
    [
        signed(CLICKED, "another secret"),
        signed(CLICKED, LINK_SECRET)[:-1],
        signed(CLICKED, LINK_SECRET).partition(".")[0],
        signed(Link(source="web-shop", url=URL), LINK_SECRET),
        signed(Link(source="mails", url=URL, expires_at_seconds=NOW // 10**6 - 1), LINK_SECRET),
        signed(OPENED, LINK_SECRET),  # leads nowhere
        "https:%2F%2Fevil.example",
        "x",
        ".",
        "%ff.%ff",
    ],
)
async def test_an_unsigned_altered_or_expired_token_is_not_found(desk: Desk, token: str) -> None:
    for method in ("GET", "HEAD"):
        assert (await ask(desk, f"/v1/click/{token}", method)).status_code == 404
    assert desk.sink.records == []


@pytest.mark.parametrize(
    "url",
    ["javascript:alert(1)", "//evil.example", "/sale", "https://", "https://a b", "http://[", ""],
)
def test_a_link_leads_to_a_web_address_alone(url: str) -> None:
    with pytest.raises(LinkError):
        signed(Link(source="mails", url=url), LINK_SECRET)


@given(st.text() | st.binary().map(lambda data: data.decode("latin-1")))
def test_no_text_is_taken_for_a_token(text: str) -> None:
    assert read_token(text, secret_of, NOW) is None


@given(st.data())
def test_no_changed_token_is_taken(data: st.DataObject) -> None:
    token = signed(CLICKED, LINK_SECRET)
    at = data.draw(st.integers(0, len(token) - 1))
    other = data.draw(
        st.characters(min_codepoint=33, max_codepoint=126).filter(lambda c: c != token[at])
    )
    changed = token[:at] + other + token[at + 1 :]
    found = read_token(changed, secret_of, NOW)
    # The last character of base64 carries bits that say nothing.
    assert found is None or found == CLICKED
