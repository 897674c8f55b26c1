"""Latency while a published definition computes everybody again, beside that of before."""

from __future__ import annotations

import asyncpg

from services.cli.bench.backtest import CHANGED
from services.cli.bench.client import Client
from services.cli.bench.figures import Result, figure, percentile
from services.cli.bench.open_loop import Lives, living, sorted_waits
from services.cli.bench.plan import Plan
from services.cli.bench.stack import Stack
from services.cli.bench.stored import store_pasts
from services.cli.local.errors import LocalStackError
from services.contracts.times import SECOND_US
from services.journey_state.active import publish
from services.journey_state.definition import load, shipped
from services.journey_state.store.pool import Store

RATIO_MUST = 2.0
_BEHIND = """
    SELECT count(*) FROM customers WHERE merged_into IS NULL
      AND definition_id < (SELECT max(definition_id) FROM definitions)"""


async def measure_recomputation(stack: Stack, plan: Plan) -> Result:
    """Customers with a past are put into the database; requests go on at half of what the stack
    can take: rounds before a definition is published, and rounds while it computes all again."""
    current = shipped()
    changed = load(current.text.replace(*CHANGED))
    async with stack.fresh(plan.partitions) as settings:
        url = settings.database.url
        grace_us = int(settings.abandonment.grace_seconds * SECOND_US)
        await store_pasts(url, plan.customers, current, grace_us, later_us=0)
        async with living(stack, settings, plan) as (lives, database, seen):
            before = [await lives.round() for _ in range(plan.rounds)]
            await lives.drained()
            store = await Store.connect(url)
            async with store.transaction() as connection:
                await publish(connection, changed)
            await store.close()
            behind = await _behind(database)
            meanwhile, left = await _until_computed(lives, database, plan)
            await lives.drained()
    return _result(lives.rate, (before, meanwhile), seen.at, behind - left)


async def _until_computed(
    lives: Lives, database: asyncpg.Connection, plan: Plan
) -> tuple[list[Client], int]:
    """Rounds at whose end somebody was still to be computed, and how many that was in the end."""
    rounds: list[Client] = []
    left = 0
    while len(rounds) < plan.rounds:
        found = await lives.round()
        remaining = await _behind(database)
        if not remaining:
            break
        rounds.append(found)
        left = remaining
    if not rounds:
        raise LocalStackError("all were computed within one round", "Ask for more --customers")
    return rounds, left


async def _behind(database: asyncpg.Connection) -> int:
    return int(await database.fetchval(_BEHIND))


def _result(
    rate: float, rounds: tuple[list[Client], list[Client]], seen: dict[int, float], computed: int
) -> Result:
    topic = [[percentile(w, 0.99) for w in _to_topic(part, seen)] for part in rounds]
    answers = [[percentile(sorted(one.latencies), 0.99) for one in part] for part in rounds]
    figures = []
    for name, (before, meanwhile) in (("due -> topic", topic), ("due -> answer", answers)):
        was = figure(f"p99, {name}, before", "ms", [x * 1000 for x in before])
        is_ = figure(f"p99, {name}, meanwhile", "ms", [x * 1000 for x in meanwhile])
        figures += [figure(f"p99, {name}: ratio", "x", [is_.median / was.median]), was, is_]
    ratios = [one.median for one in figures if one.unit == "x"]
    return Result(
        work="latency while a definition computes everybody again, half load",
        must=f"within {RATIO_MUST:g}x",
        aim="flat",
        met=max(ratios) <= RATIO_MUST,
        figures=figures,
        notes=[
            f"sent {rate:.0f} a second, one per request;"
            f" {computed} customers computed again in {len(rounds[1])} rounds"
        ],
    )


def _to_topic(rounds: list[Client], seen: dict[int, float]) -> list[list[float]]:
    return [sorted_waits(one.due_at, seen) for one in rounds]
