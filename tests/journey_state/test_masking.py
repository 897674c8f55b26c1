"""Personal data in answers: masked unless it may be seen, and then on record."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import msgspec
import pytest
from structlog.testing import capture_logs

from services.journey_state.api.masking import masked
from services.journey_state.api.masks import (
    masked_email,
    masked_id,
    masked_phone,
    scrubbed,
)
from services.journey_state.api.operations import Metrics
from services.journey_state.api.revealing import Masking
from services.journey_state.database import Database
from services.settings import ApiSettings
from tests.journey_state.asking import get, problem, serving
from tests.journey_state.running import a_touchpoint
from tests.journey_state.taking_in import TakingIn, taking_in

READ, PII, ADMIN = ("a-token-that-reads", "a-token-that-sees", "a-token-for-all-of-it")
SECRETS = {
    "u-20481-anna",
    "dev-7f3a9c55",
    "anna.kowalska@example.com",
    "anna.kowalska%40example.com",
    "+48600100212",
    "600100212",
    "Kowalska",
    "203.0.113.77",
    "ul. Długa 5",
    "call me back please",
    "gold-plated",
}


async def one_person(world: TakingIn) -> None:
    who = {"anonymous_id": "dev-7f3a9c55"}
    known = {**who, "email": "anna.kowalska@example.com", "phone": "+48600100212"}
    traits = {"email": known["email"], "lastName": "Kowalska", "tier": "gold-plated", "age": 41}
    page = "https://shop.example/me/Kowalska?mail=anna.kowalska%40example.com&utm_source=ads"
    context = {"ip": "203.0.113.77", "page": {"url": page}, "traits": traits}
    await world.take(
        a_touchpoint("page", at=0, type="page", identifiers=who, properties={"url": page}),
        a_touchpoint(
            "identify",
            at=5,
            type="identify",
            user="u-20481-anna",
            identifiers=known,
            traits=msgspec.Raw(json.dumps(traits).encode()),
            context=msgspec.Raw(json.dumps(context).encode()),
        ),
        a_touchpoint(
            "Product Added",
            at=10,
            user="u-20481-anna",
            identifiers=who,
            properties={
                "cart_id": "c1",
                "product_id": "p1",
                "name": "Mug of Kowalska",
                "shipping_address": {"street": "ul. Długa 5"},
                "message": "call me back please",
                "label": "for anna.kowalska@example.com or 0048600100212",
            },
        ),
        a_touchpoint("Order Completed", at=20, user="somebody-else-1", identifiers=who),
    )
    await world.raise_watermark(40 * 86_400)


@asynccontextmanager
async def asked_by(database_url: str, tmp_path: Path) -> AsyncIterator[httpx2.AsyncClient]:
    file = tmp_path / "tokens"
    file.write_text(f"{READ} read\n{PII} read,pii name=support\n{ADMIN} admin\n")
    async with serving(database_url, api=ApiSettings(tokens_file=file)) as client:
        client.headers["Authorization"] = f"Bearer {READ}"
        yield client


async def every_answer(client: httpx2.AsyncClient, who: str) -> dict[str, str]:
    of_one = ("", "/timeline", "/timeline?history=all", "/explain", "/explain?signal=cart")
    lists = ("customers", "signals", "deadlines", "conflicts", "stage-changes", "dead-letters")
    paths = [f"/v1/customers/{who}{rest}" for rest in of_one]
    paths += [f"/v1/{name}" for name in lists] + [f"/v1/signals?customer={who}"]
    paths.append(f"/v1/customers/{who}?as_of=2027-11-25T00:00:00Z")
    answers = {path: await client.get(path) for path in paths}
    assert {path: one.status_code for path, one in answers.items() if one.status_code != 200} == {}
    return {path: one.text for path, one in answers.items()}


async def test_a_token_that_only_reads_finds_no_identifier_in_any_answer(
    database_url: str, tmp_path: Path
) -> None:
    async with taking_in(database_url) as world, asked_by(database_url, tmp_path) as client:
        await one_person(world)
        client.headers["Authorization"] = f"Bearer {PII}"
        who = (await get(client, "/v1/customers/u-20481-anna"))["customer_id"]
        plain = "".join((await every_answer(client, who)).values())
        client.headers["Authorization"] = f"Bearer {READ}"
        answers = await every_answer(client, who)
        seen = await get(client, f"/v1/customers/{who}")

    missing = {secret for secret in SECRETS if secret not in plain} - {"600100212"}
    assert not missing
    found = [(path, s) for path, text in answers.items() for s in SECRETS if s in text]
    assert found == []
    shown = {one["kind"]: one["value"] for one in seen["identifiers"]}
    assert shown["email"] == "a***@e***.com"
    assert (shown["phone"], shown["user_id"]) == ("+48***12", "u-***na")
    assert seen["traits"]["age"] == "***"
    assert seen["stage"] == "awareness"


async def test_a_reveal_needs_its_scope_and_is_logged_without_personal_data(
    database_url: str, tmp_path: Path
) -> None:
    path = "/v1/customers/email:anna.kowalska@example.com"
    plain = {"X-Milepost-Mask": "0"}
    async with taking_in(database_url) as world, asked_by(database_url, tmp_path) as client:
        await one_person(world)
        refused = await client.get(path, headers=plain)
        assert (refused.status_code, refused.json()["code"]) == (403, "scope_missing")
        client.headers["Authorization"] = f"Bearer {PII}"
        hidden = await client.get(path, headers={"X-Milepost-Mask": "1"})
        with capture_logs() as logs:
            shown = await client.get(path, headers=plain)
            client.headers["Authorization"] = f"Bearer {ADMIN}"
            await client.get(path)
        metrics = (await client.get("/metrics")).text
        who = shown.json()["customer_id"]
        wrong = await client.get(path, headers={"X-Milepost-Mask": "yes"})

    assert "Kowalska" not in hidden.text
    assert hidden.headers["x-milepost-masked"] == "1"
    assert "Kowalska" in shown.text
    lines = [one for one in logs if one["event"] == "pii_revealed"]
    assert [one["token"] for one in lines] == ["support", lines[1]["token"]]
    assert len(lines[1]["token"]) == 8
    assert lines[1]["token"] not in ADMIN
    assert {one["customer_id"] for one in lines} == {who}
    assert not [secret for secret in SECRETS if secret in str(lines)]
    assert 'milepost_pii_reveals_total{route="/v1/customers/{id:path}"} 2.0' in metrics
    assert wrong.status_code == 400


async def test_without_tokens_answers_are_plain_and_masked_when_asked(database_url: str) -> None:
    async with taking_in(database_url) as world, serving(database_url) as client:
        await one_person(world)
        with capture_logs() as logs:
            plain = await get(client, "/v1/customers/u-20481-anna")
            client.headers["X-Milepost-Mask"] = "1"
            answers = await every_answer(client, plain["customer_id"])
        assert [one for one in logs if one["event"] == "pii_revealed"] == []
        assert (await problem(client, 404, "/v1/customers/nobody"))["code"] == "customer_unknown"
        assert await get(client, "/v1/access") == {
            "tokens": False,
            "name": None,
            "scopes": ["admin", "pii", "read"],
        }
    assert plain["traits"]["lastName"] == "Kowalska"
    assert [(p, s) for p, text in answers.items() for s in SECRETS if s in text] == []


async def test_any_token_learns_its_name_and_scopes(database_url: str, tmp_path: Path) -> None:
    async with asked_by(database_url, tmp_path) as client:
        client.headers["Authorization"] = f"Bearer {PII}"
        assert await get(client, "/v1/access") == {
            "tokens": True,
            "name": "support",
            "scopes": ["pii", "read"],
        }
        client.headers["Authorization"] = "Bearer nobody-s-token-at-all"
        assert (await problem(client, 401, "/v1/access"))["code"] == "no_token"


def test_masks_tell_apart_and_name_nobody() -> None:
    assert masked_email("ann@mail.example.com") == "a***@m***.com"
    assert masked_email("not one") == masked_email("@x") == "***"
    assert masked_phone("+48 600 100 212") == "+48***12"
    assert masked_phone("600100212") == "***12"
    assert masked_phone("112") == "***"
    assert masked_id("0123456789") == "01***89"
    assert masked_id("u1") == "***"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("write to ann@example.com now", "write to a***@e***.com now"),
        ("call +48 600-100-212.", "call +48***12."),
        ("from 10.20.30.40, v1.2.3.4", "from 10.20.***, v1.2.3.4"),
        ("Chrome/119.0.0.0 Safari/537.36", "Chrome/119.0.0.0 Safari/537.36"),
        ("via 2001:db8:0:1::7 at 10:01:05", "via *** at 10:01:05"),
        ("/p?id=7&utm_source=ads#k=v", "/p?id=***&utm_source=ads#k=***"),
        ("2026-11-25T10:01:05.231Z order 1000012345", "2026-11-25T10:01:05.231Z order 1000012345"),
    ],
)
def test_texts_lose_what_looks_personal_and_nothing_else(text: str, expected: str) -> None:
    assert scrubbed(text) == expected


def test_what_a_touchpoint_brought_is_masked_by_its_keys() -> None:
    brought = {
        "Phone Number": 48600100212,
        "userId": 20481777,
        "shipping": 4.99,
        "customer": {"name": "Ann", "vip": True, "age": 40},
        "location": {"lat": 52.23, "country": "PL"},
        "products": [{"name": "Mug", "price": 12.5}],
    }
    answer: Any = masked({"properties": brought, "stage": "Ann", "scope": "Ann"}, {"x": ["Ann"]})
    assert answer["properties"] == {
        "Phone Number": "***12",
        "userId": "20***77",
        "shipping": 4.99,
        "customer": {"name": "***", "vip": True, "age": "***"},
        "location": {"lat": "***", "country": "PL"},
        "products": [{"name": "Mug", "price": 12.5}],
    }
    assert answer["stage"] == "Ann"


def test_sentences_of_an_explanation_name_rules_and_no_trait() -> None:
    found = [
        {"code": "equal", "values": {"what": "traits.age + 1", "value": "35"}},
        {"code": "equal", "values": {"what": "properties.rating", "value": "2"}},
        {"code": "equal", "values": {"what": "properties.email", "value": '"ann@example.com"'}},
    ]
    condition = {"condition": "traits.age + 1 > 40", "because": found}
    came = {"id": "retention[0]", "event": "Order Completed", "at": "2026-11-25T20:00:00Z"}
    told = [{"code": "came", "values": came}, {"code": "condition_false_as", "values": condition}]

    answer = masked({"customer_id": "c1", "sentences": told}, {})["sentences"]

    assert answer[0] == told[0]
    assert answer[1]["values"]["condition"] == condition["condition"]
    values = [one["values"]["value"] for one in answer[1]["values"]["because"]]
    assert values == ["***", "2", '"a***@e***.com"']


def test_what_is_known_of_a_customer_is_found_in_texts() -> None:
    known = {"c1": {"Ann", "u-7"}}
    text = 'traits.plan = "pro" and Ann\'s cart of u-7, not Annabel; traits.age = 34'
    item = {"customer_id": "c1", "text": text, "message_id": "order-u-7-1"}
    (answer,) = masked({"items": [item], "next": None}, known)["items"]
    assert answer["text"] == (
        "traits.plan = *** and ***'s cart of ***, not Annabel; traits.age = ***"
    )
    assert answer["message_id"] == "order-***-1"


async def test_a_stream_of_events_is_masked_event_by_event() -> None:
    event = (
        b'id: 7\nevent: signal\ndata: {"identifiers":[{"kind":"email","value":"ann@x.org"}]}\n\n'
    )
    sent: list[Any] = []

    async def streaming(_scope: Any, _receive: Any, send: Any) -> None:
        headers = [(b"content-type", b"text/event-stream; charset=utf-8")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        for part in (event[:40], event[40:] + b": beat", b"\n\n"):
            await send({"type": "http.response.body", "body": part, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def send(message: Any) -> None:
        sent.append(message.get("body", b""))

    async def receive() -> Any:
        return {"type": "http.request"}

    headers = [(b"x-milepost-mask", b"1")]
    scope = {"type": "http", "method": "GET", "path": "/v1/signals", "headers": headers}
    await Masking(streaming, Database.at("postgresql:///x"), Metrics())(scope, receive, send)

    shown = event.replace(b"ann@x.org", b"a***@x***.org")
    assert sent == [b"", b"", shown, b": beat\n\n", b""]
