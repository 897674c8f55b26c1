"""The live table against a small HTTP server that answers like the query API."""

from __future__ import annotations

import asyncio
import io
import json
import time
from dataclasses import replace
from typing import Any

import httpx2
import pytest
from rich.console import Console

from services.cli.dashboard import run_dashboard
from services.cli.dashboard_picture import Picture, look
from services.cli.dashboard_table import draw, latest_signals, line
from tests.cli.recorder import serving

CHANGE: dict[str, Any] = {
    "customer_id": "0198c0de-0000-7000-8000-00000000a1b2",
    "previous": "consideration",
    "current": "purchase",
    "recorded_at": "2026-11-21T20:00:00.000Z",
    "cause": {"kind": "touchpoint", "event": "Order Completed", "channel": "website"},
    "correction": False,
}
SIGNAL: dict[str, Any] = {
    "customer_id": "0198c0de-0000-7000-8000-000000000002",
    "rule": "cart",
    "state": "raised",
    "published": True,
    "due_at": "2026-11-21T20:01:00.000Z",
    "published_at": "2026-11-21T20:01:05.000Z",
    "value": "1042.5",
    "currency": "PLN",
    "items": [{"name": "Head lamp"}],
}


UNPUBLISHED = SIGNAL | {"rule": "imported_cart", "published": False}


class Answers:
    """Serves fixed answers by path; the number of touchpoints grows with each look."""

    def __init__(self, *, without: frozenset[str] = frozenset()) -> None:
        self.without = without
        self.touchpoints = 0

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        path = scope["path"]
        self.touchpoints += 100
        answers: dict[str, Any] = {
            "/v1/status": {
                "watermark": {"age_seconds": 0.4},
                "lag": {"0": 2, "1": 3},
                "touchpoints": self.touchpoints,
            },
            "/v1/journey": {
                "definition": {"stages": [{"name": "awareness"}, {"name": "purchase"}]},
                "customers": {"purchase": 1, "awareness": 3, "none": 2},
            },
            "/v1/stage-changes": {"items": [CHANGE]},
            "/v1/signals": {"items": [UNPUBLISHED, SIGNAL]},
        }
        found = path in answers and path not in self.without
        await send({"type": "http.response.start", "status": 200 if found else 404, "headers": []})
        await send({"type": "http.response.body", "body": json.dumps(answers[path]).encode()})


def drawn(picture: Picture, width: int = 100, height: int = 30) -> str:
    console = Console(file=io.StringIO(), width=width, height=height, force_terminal=False)
    console.print(draw(picture, width, height))
    return str(console.file.getvalue())  # type: ignore[attr-defined]


async def looked(app: Answers, times: int = 1) -> Picture:
    picture = Picture()
    async with serving(app) as url, httpx2.AsyncClient(base_url=url, trust_env=False) as client:
        for _ in range(times):
            picture = await look(client, picture)
    return picture


async def test_the_table_shows_stages_changes_and_signals() -> None:
    text = drawn(await looked(Answers(), times=2))
    assert text.index("awareness") < text.index("purchase") < text.index("none")
    for part in (
        "consideration → purchase",
        "Order Completed (website)\n",
        " 0000a1b2 ",
        "1,042.50 PLN",
        "Head lamp",
        "raised",
        "events/s",
        "lag 5 records",
    ):
        assert part in "\n".join(row.rstrip() for row in text.splitlines()) + "\n"
    assert "imported_cart" not in text


@pytest.mark.parametrize(("width", "height", "shown"), [(100, 30, 8), (80, 24, 7), (60, 15, 2)])
async def test_the_table_fits_the_terminal(width: int, height: int, shown: int) -> None:
    picture = await looked(Answers())
    long = SIGNAL | {"items": [{"name": f"Item {n}"} for n in range(40)]}
    picture = replace(picture, changes=[CHANGE] * 50, signals=[long] * 50)
    rows = drawn(picture, width, height).splitlines()
    assert len(rows) < height
    assert sum("raised" in row for row in rows) == shown
    assert max(map(len, rows)) <= width


async def test_a_change_that_corrects_says_what_by() -> None:
    cause = CHANGE["cause"] | {"kind": "merge"}
    picture = Picture(changes=[CHANGE | {"correction": True, "cause": cause}])
    assert "merge: Order Completed (website)" in drawn(picture)


def test_signals_that_were_settled_are_not_pushed_out() -> None:
    raised = [SIGNAL | {"published_at": f"2026-11-21T20:02:{n:02}Z"} for n in range(20)]
    settled = [one | {"state": "recovered", "published_at": "2026-11-21T20:01Z"} for one in raised]
    states = [one["state"] for one in latest_signals([*raised, *settled], 6)]
    assert states == ["raised"] * 4 + ["recovered"] * 2
    assert len(latest_signals([*raised[:1], *settled], 6)) == 6
    assert len(latest_signals(raised, 6)) == 6


async def test_before_the_first_signal_the_table_says_when_to_expect_one() -> None:
    text = drawn(await looked(Answers(without=frozenset({"/v1/signals"}))))
    assert "No signal yet" in text


async def test_a_panel_without_a_source_is_left_out() -> None:
    text = drawn(await looked(Answers(without=frozenset({"/v1/stage-changes"}))))
    assert "Last stage changes" not in text
    assert "Last signals" in text


async def test_the_line_says_the_same() -> None:
    text = line(await looked(Answers()))
    assert text.startswith("customers: awareness 3, purchase 1, none 2; watermark 0.4 s old")
    assert text.endswith("last signal: cart 1,042.50 PLN raised")


async def test_the_rate_of_looks_far_apart_is_told_too() -> None:
    long_ago = Picture(samples=((time.monotonic() - 50, 0), (time.monotonic() - 25, 0)))
    async with serving(Answers()) as url, httpx2.AsyncClient(base_url=url) as client:
        picture = await look(client, long_ago)
    assert picture.events_per_second is not None
    assert 0 < picture.events_per_second <= 400 / 25
    assert "events/s" in line(picture)


async def test_an_api_that_is_away_is_said() -> None:
    async with httpx2.AsyncClient(base_url="http://127.0.0.1:9", trust_env=False) as client:
        picture = await look(client, Picture(stages={"awareness": 3}))
    assert "does not answer" in line(picture)
    assert "awareness" in drawn(picture)


async def test_it_runs_until_it_is_stopped() -> None:
    for terminal in (True, False):
        console = Console(file=io.StringIO(), width=100, force_terminal=terminal)
        stop = asyncio.Event()
        app = Answers()
        async with serving(app) as url, asyncio.timeout(30):
            shown = asyncio.create_task(run_dashboard(url, console, stop=stop))
            while app.touchpoints < 400:  # noqa: ASYNC110 - counted by a server, not by us
                await asyncio.sleep(0.01)
            stop.set()
            await shown
        assert "awareness" in console.file.getvalue()  # type: ignore[attr-defined]
