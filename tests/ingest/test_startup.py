"""What SDKs fetch before they send: settings that lead them here, and the browser's script."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
import msgspec
import pytest
import pytest_asyncio

from services.ingest.app import create_app
from services.ingest.browser_files import FOLDER
from services.ingest.public_host import PublicHost, public_host
from services.settings import Settings
from tests.ingest.memory import FREE_KEY, KEY, SOURCES
from tests.vendored import ORIGIN, origin

SHOP = "https://shop.example"
UNKNOWN = "unknown-key-0000000000"
BASIC = {"authorization": "Basic " + base64.b64encode(f"{KEY}:".encode()).decode()}
SNIPPET = f"/analytics.js/v1/{KEY}/analytics.min.js"
DOCUMENTS = [
    f"/v1/projects/{KEY}/settings",
    f"/projects/{KEY}/settings",
    f"/sourceConfig?p=web&writeKey={KEY}",
    SNIPPET,
    f"/posthog/array/{KEY}/config",
    f"/posthog/array/{KEY}/config.js",
]


@pytest_asyncio.fixture
async def client(tmp_path: Path) -> AsyncIterator[httpx2.AsyncClient]:
    """The whole application, not started: nothing here needs Kafka."""
    sources = tmp_path / "sources.json"
    sources.write_bytes(msgspec.json.encode({"sources": SOURCES}))
    transport = httpx2.ASGITransport(create_app(Settings(sources_file=sources)))
    async with httpx2.AsyncClient(transport=transport, base_url="http://ingest:8000") as client:
        yield client


def segment_io(answer: httpx2.Response) -> dict[str, Any]:
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()["integrations"]["Segment.io"]
    return found


@pytest.mark.parametrize("slash", ["", "/"])
@pytest.mark.parametrize("prefix", ["/v1", ""])
async def test_segments_settings_lead_the_events_here(
    client: httpx2.AsyncClient, prefix: str, slash: str
) -> None:
    found = segment_io(await client.get(f"{prefix}/projects/{KEY}/settings{slash}"))
    assert (found["apiKey"], found["apiHost"]) == (KEY, "ingest:8000/v1")
    assert found["protocol"] == "http"


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"host": "in.example"}, PublicHost("http", "in.example")),
        (
            {"host": "inner:8000", "x-forwarded-host": "in.example", "x-forwarded-proto": "https"},
            PublicHost("https", "in.example"),
        ),
        (
            {"host": "in.example", "x-forwarded-proto": "https, http"},
            PublicHost("https", "in.example"),
        ),
        ({"host": "a", "x-forwarded-host": "b.example, c"}, PublicHost("http", "b.example")),
        ({"host": "a", "x-forwarded-host": 'x"/evil'}, PublicHost("http", "a")),
        ({"host": "a", "x-forwarded-proto": "javascript"}, PublicHost("http", "a")),
        ({"host": "[::1]:8000"}, PublicHost("http", "[::1]:8000")),
        ({"host": "a/b"}, PublicHost("http", "localhost")),
        ({}, PublicHost("http", "localhost")),
    ],
)
def test_the_host_is_the_one_the_client_used(headers: dict[str, str], expected: PublicHost) -> None:
    assert public_host(headers, "http") == expected


async def test_settings_name_the_host_in_front_of_a_proxy(client: httpx2.AsyncClient) -> None:
    headers = {"X-Forwarded-Host": "in.shop.example", "X-Forwarded-Proto": "https"}
    found = segment_io(await client.get(f"/v1/projects/{KEY}/settings", headers=headers))
    assert (found["protocol"], found["apiHost"]) == ("https", "in.shop.example/v1")


@pytest.mark.parametrize("path", ["/sourceConfig", "/sourceConfig/"])
@pytest.mark.parametrize(("query", "headers"), [("", BASIC), (f"?p=npm&writeKey={KEY}", {})])
async def test_rudderstacks_settings_have_no_destinations(
    client: httpx2.AsyncClient, path: str, query: str, headers: dict[str, str]
) -> None:
    source = (await client.get(path + query, headers=headers)).json()["source"]
    assert (source["id"], source["writeKey"], source["enabled"]) == ("web-shop", KEY, True)
    assert source["destinations"] == []
    assert source["config"]["statsCollection"]["errors"] == {"enabled": False}


async def test_posthogs_settings_turn_all_but_events_off(client: httpx2.AsyncClient) -> None:
    config = (await client.get(f"/posthog/array/{KEY}/config")).json()
    script = await client.get(f"/posthog/array/{KEY}/config.js")
    assert config["hasFeatureFlags"] is config["sessionRecording"] is config["heatmaps"] is False
    # Whatever it says, posthog-js then loads the script for surveys.
    assert "surveys" not in config
    assert script.headers["content-type"].startswith("text/javascript")
    assert f'_POSTHOG_REMOTE_CONFIG["{KEY}"]={{config:' in script.text
    assert json.dumps(config, separators=(",", ":")) in script.text


@pytest.mark.parametrize("path", ["/posthog/flags/?v=2", "/posthog/decide/?v=3", "/posthog/flags"])
async def test_there_are_no_feature_flags(client: httpx2.AsyncClient, path: str) -> None:
    answer = await client.post(path, content=b'{"token":"x"}')
    assert answer.status_code == 200
    assert answer.json()["flags"] == answer.json()["featureFlags"] == {}
    assert answer.json()["errorsWhileComputingFlags"] is False


@pytest.mark.parametrize("path", DOCUMENTS)
async def test_an_unknown_key_is_told_nothing(client: httpx2.AsyncClient, path: str) -> None:
    for key in (UNKNOWN, "short", "%22%3E%3Cscript%3E"):
        answer = await client.get(path.replace(KEY, key), headers={"Origin": SHOP})
        assert answer.status_code == 404
        assert answer.json()["code"] == "invalid_write_key"
        assert answer.headers["access-control-allow-origin"] == SHOP


@pytest.mark.parametrize("path", DOCUMENTS)
async def test_pages_of_listed_origins_may_read_them(client: httpx2.AsyncClient, path: str) -> None:
    asked = {
        "Origin": SHOP,
        "Access-Control-Request-Method": "GET",
        "Access-Control-Request-Headers": "authorization",
    }
    preflight = await client.options(path, headers=asked)
    assert preflight.status_code == 204
    assert preflight.headers["access-control-allow-headers"] == "authorization"
    answer = await client.get(path, headers={"Origin": SHOP})
    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == SHOP

    other = await client.get(path, headers={"Origin": "https://evil.example"})
    assert (other.status_code, other.json()["code"]) == (400, "origin_not_allowed")
    assert "access-control-allow-origin" not in other.headers
    of_another = await client.get(path.replace(KEY, FREE_KEY), headers={"Origin": SHOP})
    assert of_another.json()["code"] == "origin_not_allowed"


async def test_the_snippet_is_the_packages_own_file(client: httpx2.AsyncClient) -> None:
    expected = (FOLDER / "standalone.js").read_bytes()
    answer = await client.get(SNIPPET, headers={"accept-encoding": "identity"})
    assert answer.content == expected
    assert answer.headers["content-type"] == "text/javascript; charset=utf-8"
    squeezed = await client.get(SNIPPET, headers={"accept-encoding": "br, gzip"})
    assert squeezed.content == expected
    assert squeezed.headers["content-encoding"] == "gzip"
    again = await client.get(SNIPPET, headers={"if-none-match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


async def test_parts_of_the_snippet_are_there_and_nothing_else_is(
    client: httpx2.AsyncClient,
) -> None:
    parts = [path.name for path in FOLDER.glob("*.bundle.*.js")]
    assert len(parts) == 2
    for name in parts:
        answer = await client.get(f"/analytics-next/bundles/{name}")
        assert answer.content == (FOLDER / name).read_bytes()
    for name in ("origin.json", "..%2f..%2fapp.py", "nothing.js"):
        assert (await client.get(f"/analytics-next/bundles/{name}")).status_code == 404


def test_vendored_files_are_those_of_the_package_that_is_noted() -> None:
    noted = json.loads((FOLDER / ORIGIN).read_text("utf-8"))
    assert noted == origin(noted["version"])
    assert "MIT" in (FOLDER / "LICENSE.md").read_text("utf-8")
