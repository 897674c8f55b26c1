"""`GET /v1/map` over a month of touchpoints: how long it takes, and its roll-up to be made."""

from __future__ import annotations

import asyncio
import os
import time
from datetime import UTC, datetime, timedelta

import asyncpg
import httpx2

from services.cli.bench.cpu import cpu_seconds
from services.cli.bench.figures import Result, figure
from services.cli.bench.map_rows import DAYS, fill
from services.cli.bench.plan import Plan
from services.cli.bench.serving import api
from services.cli.bench.stack import Stack
from services.cli.local.errors import LocalStackError
from services.contracts.times import SECOND_US
from services.journey_state.active import activate
from services.journey_state.definition import shipped
from services.journey_state.firing import Firings
from services.journey_state.rolling import Rolling
from services.journey_state.store.pool import Store

MILLISECONDS_MUST = 300
ASKED = 10  # of each question in a round
QUESTION_SECONDS_MAX = 60.0


async def measure_map(stack: Stack, plan: Plan) -> Result:
    """Whole days until now, of UTC and elsewhere; and a week."""
    async with stack.fresh(plan.partitions) as settings:
        url = settings.database.url
        touchpoints = await fill(url, plan.customers, time.time())
        began, cpu = time.monotonic(), cpu_seconds(stack.pids["postgres"])
        await roll_up(url)
        took = time.monotonic() - began
        cpu = cpu_seconds(stack.pids["postgres"]) - cpu
        size = await _size(url)
        async with api(stack, settings) as server:
            asked = await _asked(server.port, plan.rounds)
    speed = [figure(f"p50, {name}", "ms", times) for name, times in asked.items()]
    return Result(
        work=f"GET /v1/map, {DAYS} days, {touchpoints} touchpoints, {plan.customers} customers",
        must=f"{MILLISECONDS_MUST} ms",
        aim="100 ms",
        met=speed[0].median <= MILLISECONDS_MUST,
        figures=[
            *speed,
            figure("CPU of postgres, roll-up", "us/touchpoint", [1e6 * cpu / touchpoints]),
        ],
        notes=[
            f"rolled up in {took:.0f} s; the roll-up takes {size / 1e6:.0f} MB",
            f"load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores",
        ],
    )


async def roll_up(url: str) -> None:
    """Everybody is in the figures, under the shipped definition."""
    store = await Store.connect(url)
    try:
        await activate(store, shipped(), shipped())
        firings = Firings(grace_us=60 * SECOND_US, recovery_us=0, clock=lambda: 0)
        rolling = Rolling(store, firings, lag=lambda: 0)
        while await rolling.step():
            pass
        async with store.connection() as connection:
            tables = ("counts", "slots", "returns", "people", "dwells", "cells")
            for table in tables:
                await connection.execute(f"VACUUM ANALYZE map_{table}")
    finally:
        await store.close()


async def _size(url: str) -> int:
    connection = await asyncpg.connect(url)
    try:
        size: int = await connection.fetchval(
            "SELECT sum(pg_total_relation_size(oid))::bigint FROM pg_class "
            "WHERE relname LIKE 'map\\_%' AND relkind = 'r'"
        )
        return size
    finally:
        await connection.close()


async def _asked(port: int, rounds: int) -> dict[str, list[float]]:
    """Of each question the median of each round, in milliseconds."""
    questions = {
        "whole days until now": {"from": _midnight(DAYS)},
        "asked without a period": {},
        **{
            f"days of {zone}": {"from": _midnight(DAYS)[:10], "zone": zone}
            for zone in ("Europe/Warsaw", "Asia/Kathmandu", "America/Los_Angeles")
        },
        "whole days, a week": {"from": _midnight(7), "to": _midnight(0)},
        "a week of Asia/Tokyo": {
            "from": _midnight(8)[:10],
            "to": _midnight(1)[:10],
            "zone": "Asia/Tokyo",
        },
    }
    found: dict[str, list[float]] = {name: [] for name in questions}
    async with httpx2.AsyncClient(
        base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=QUESTION_SECONDS_MAX
    ) as client:
        for _ in range(rounds):
            for name, said in questions.items():
                times = sorted([await _once(client, said) for _ in range(ASKED)])
                found[name].append(times[len(times) // 2])
    return found


def _midnight(days: int) -> str:
    day = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return (day - timedelta(days=days)).isoformat().replace("+00:00", "Z")


async def _once(client: httpx2.AsyncClient, said: dict[str, str]) -> float:
    began = time.perf_counter()
    answer = await client.get("/v1/map", params=said)
    await asyncio.sleep(0)
    if answer.status_code != 200:
        raise LocalStackError(f"the map answers {answer.status_code}: {answer.text[:200]}")
    return 1000 * (time.perf_counter() - began)
