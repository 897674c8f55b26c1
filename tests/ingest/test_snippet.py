"""The snippet as it is served; what it does is seen in `tests/browser/test_snippet.py`."""

from __future__ import annotations

import gzip
from importlib.util import find_spec

import httpx2
import pytest

from services.ingest.app import create_app
from services.ingest.snippet.route import MAX_AGE_SECONDS, PATH
from services.settings import Settings

GZIP_BYTES_MAX = 3 << 10


async def asked(method: str = "GET", **headers: str) -> httpx2.Response:
    """The answer of an ingest that is not started, decoded by nobody."""
    transport = httpx2.ASGITransport(create_app(Settings()))
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    async with httpx2.AsyncClient(transport=transport, base_url="http://ingest") as client:
        return await client.request(method, PATH, headers={"accept-encoding": ""} | named)


async def test_it_is_a_script_that_any_page_may_load_and_keep_for_a_while() -> None:
    answer = await asked(origin="https://shop.example")

    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/javascript; charset=utf-8"
    assert answer.headers["cache-control"] == f"public, max-age={MAX_AGE_SECONDS}"
    assert answer.headers["cross-origin-resource-policy"] == "cross-origin"
    assert answer.headers["vary"] == "Accept-Encoding"
    assert answer.text.startswith("((")


@pytest.mark.parametrize("encoding", ["", "gzip, br"])
async def test_a_browser_that_has_it_gets_it_only_once(encoding: str) -> None:
    first = await asked(accept_encoding=encoding)
    etag = first.headers["etag"]
    again = await asked(accept_encoding=encoding, if_none_match=f'"other", {etag}')
    changed = await asked(accept_encoding=encoding, if_none_match='"other"')

    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", etag)
    assert (changed.status_code, changed.text) == (200, first.text)


async def test_it_is_small_where_it_is_compressed() -> None:
    plain = await asked()
    packed = await asked(accept_encoding="br;q=1.0, gzip;q=0.8")
    head = await asked("HEAD", accept_encoding="gzip")

    assert packed.headers["content-encoding"] == "gzip"
    assert packed.text == plain.text
    assert packed.headers["etag"] != plain.headers["etag"]
    assert int(packed.headers["content-length"]) <= GZIP_BYTES_MAX
    assert int(packed.headers["content-length"]) == len(gzip.compress(plain.content, 9, mtime=0))
    assert (head.content, head.headers["etag"]) == (b"", packed.headers["etag"])
    assert "content-encoding" not in (await asked(accept_encoding="gzip;q=0, br")).headers


# There is no minifier for some machines; the others see to it that the file is current.
if find_spec("minify"):
    from tests.snippet_build import FOLDER, built

    def test_what_is_served_is_what_the_source_builds() -> None:
        assert (FOLDER / "milepost.min.js").read_text("utf-8") == built()
