"""Crawlers are told by their user agent; clients of real people are not."""

from __future__ import annotations

import json

import pytest

from services.ingest.bots import is_bot


@pytest.mark.parametrize(
    "agent",
    [
        "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
        "Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)",
        "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)",
    ],
)
def test_a_crawler_is_a_bot(agent: str) -> None:
    assert is_bot(json.dumps({"userAgent": agent}).encode())


@pytest.mark.parametrize(
    "agent",
    [
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/130 Safari/537.36",
        "okhttp/4.9.3",
        "Dalvik/2.1.0 (Linux; U; Android 14; Cubot X70)",
        "analytics-python/2.4.0",
        "",
        None,
        7,
    ],
)
def test_a_person_s_client_is_none(agent: object) -> None:
    assert not is_bot(json.dumps({"userAgent": agent}).encode())
    assert not is_bot(b"{}")
